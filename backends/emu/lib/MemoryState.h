// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What launches see of a DeviceMemory: its allocations at one moment.
#pragma once

#include "Executor.h"
#include "Warp.h"

#include <map>
#include <mutex>

namespace terrazzo::emu {

/// Sorted by address.
using AllocationList = std::vector<AddressRange>;

struct DeviceMemory::State {
  mutable std::mutex mutex;
  uint64_t base = 0;     ///< of the reserved range
  uint64_t reserved = 0; ///< bytes
  uint64_t total = 0;    ///< that may be allocated at once
  uint64_t used = 0;
  std::map<uint64_t, uint64_t> allocations;   ///< address -> bytes asked for
  std::map<uint64_t, uint64_t> gaps;          ///< address -> bytes free
  std::shared_ptr<const AllocationList> list; ///< null: must be made anew
};

struct ExecutorAccess {
  static std::shared_ptr<const AllocationList> list(DeviceMemory &memory);
  static AddressRange reserved(const DeviceMemory &memory);
};

} // namespace terrazzo::emu
