// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The heap of kernels: what malloc and free of device code use. One piece of
// device memory, which lives as long as its context; what kernels allocate in
// it has bounds of its own, and outlives the kernel. Thread-safe.
#pragma once

#include "Executor.h"
#include "Warp.h"

#include <map>
#include <mutex>

namespace terrazzo::emu {

class DeviceHeap {
public:
  /// Without room for `bytes` the heap is empty: every malloc gives null.
  DeviceHeap(DeviceMemory &memory, uint64_t bytes);
  ~DeviceHeap();
  DeviceHeap(const DeviceHeap &) = delete;
  DeviceHeap &operator=(const DeviceHeap &) = delete;

  /// 16-byte-aligned; 0 when there is no room, and for no bytes.
  uint64_t allocate(uint64_t bytes);
  /// False when `address` is the start of no allocation.
  bool release(uint64_t address);
  bool contains(uint64_t address) const {
    return address >= whole.begin && address < whole.end;
  }
  /// The allocation that holds `address`; false when none does.
  bool find(uint64_t address, AddressRange &range) const;

private:
  DeviceMemory &memory;
  AddressRange whole{0, 0};
  mutable std::mutex mutex;
  std::map<uint64_t, uint64_t> allocations; ///< address -> bytes asked for
  std::map<uint64_t, uint64_t> gaps;        ///< address -> bytes free
};

} // namespace terrazzo::emu
