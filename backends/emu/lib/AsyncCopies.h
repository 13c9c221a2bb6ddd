// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cp.async: copies that a warp has asked for and not yet waited for. Bytes
// move at the wait, not before, so that a missing wait shows.
#pragma once

#include "Warp.h"

#include <vector>

namespace terrazzo::emu {

class AsyncCopies {
public:
  /// Host addresses; `copied` bytes are copied and the rest of `bytes` zeroed.
  void add(uint32_t mask, const uint64_t *to, const uint64_t *from,
           const uint32_t *copied, uint32_t bytes);
  void commit(uint32_t mask);
  /// All but the newest `pending` groups of each lane are delivered.
  void wait(uint32_t mask, uint32_t pending);
  /// Everything, committed or not.
  void waitAll(uint32_t mask);
  void clear();
  bool empty() const { return entries.empty(); }

private:
  struct Entry {
    uint32_t mask;
    uint32_t bytes;
    uint32_t group[lanes];
    uint64_t to[lanes], from[lanes];
    uint32_t copied[lanes];
  };
  template <typename Ready> void deliver(uint32_t mask, Ready ready);
  std::vector<Entry> entries;
  uint32_t committed[lanes] = {};
};

/// cp.async.mbarrier.arrive: lanes of a warp arrive at a barrier object once
/// their copies so far are there; done when somebody looks at the object.
struct PendingArrival {
  Warp *warp;
  uint32_t lane;
  uint64_t object; ///< host address
  bool counted;    ///< without .noinc: the pending count was raised first
};

} // namespace terrazzo::emu
