// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "DeviceHeap.h"

#include <iterator>

namespace terrazzo::emu {

namespace {
constexpr uint64_t granule = 16;

/// With a granule behind it, so that a small overrun meets no neighbour.
uint64_t spanOf(uint64_t bytes) {
  return (bytes + granule - 1) / granule * granule + granule;
}
} // namespace

DeviceHeap::DeviceHeap(DeviceMemory &memory, uint64_t bytes) : memory(memory) {
  uint64_t begin = memory.allocate(bytes);
  if (!begin)
    return;
  whole = {begin, begin + bytes};
  gaps[begin] = bytes / granule * granule;
}

DeviceHeap::~DeviceHeap() {
  if (whole.begin)
    memory.release(whole.begin);
}

uint64_t DeviceHeap::allocate(uint64_t bytes) {
  if (bytes == 0 || bytes > whole.end - whole.begin)
    return 0;
  uint64_t span = spanOf(bytes);
  std::lock_guard lock(mutex);
  for (auto gap = gaps.begin(); gap != gaps.end(); ++gap) {
    auto [begin, room] = *gap;
    if (room < span)
      continue;
    gaps.erase(gap);
    if (room > span)
      gaps[begin + span] = room - span;
    allocations[begin] = bytes;
    return begin;
  }
  return 0;
}

bool DeviceHeap::release(uint64_t address) {
  std::lock_guard lock(mutex);
  auto found = allocations.find(address);
  if (found == allocations.end())
    return false;
  uint64_t span = spanOf(found->second);
  allocations.erase(found);
  auto next = gaps.lower_bound(address);
  if (next != gaps.end() && next->first == address + span) {
    span += next->second;
    next = gaps.erase(next);
  }
  if (next != gaps.begin()) {
    auto before = std::prev(next);
    if (before->first + before->second == address) {
      before->second += span;
      return true;
    }
  }
  gaps[address] = span;
  return true;
}

bool DeviceHeap::find(uint64_t address, AddressRange &range) const {
  std::lock_guard lock(mutex);
  auto next = allocations.upper_bound(address);
  if (next == allocations.begin())
    return false;
  --next;
  if (address - next->first >= next->second)
    return false;
  range = {next->first, next->first + next->second};
  return true;
}

} // namespace terrazzo::emu
