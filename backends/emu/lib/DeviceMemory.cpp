// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One range of host addresses, reserved once; allocations are parts of it with
// a gap behind each, so that a small overrun meets no neighbour. Every access
// of a kernel is compared with the allocations' own bounds: pages need no
// protection, and the host commits them when they are touched.
#include "MemoryState.h"

#include <algorithm>
#include <sys/mman.h>
#include <unistd.h>

namespace terrazzo::emu {

namespace {
constexpr uint64_t granule = 256;
/// From here on whole pages go back to the host when they are released.
constexpr uint64_t largeAllocation = 64 << 10;

uint64_t availableBytes() {
  uint64_t pages = uint64_t(sysconf(_SC_AVPHYS_PAGES));
  uint64_t total = uint64_t(sysconf(_SC_PHYS_PAGES));
  return std::max(pages, total / 2) * uint64_t(sysconf(_SC_PAGESIZE));
}

/// With the gap behind it.
uint64_t spanOf(uint64_t bytes) {
  uint64_t align = bytes >= largeAllocation ? 4096 : granule;
  return (bytes + align - 1) / align * align + align;
}
} // namespace

DeviceMemory::DeviceMemory(uint64_t bytes) : state(std::make_unique<State>()) {
  if (bytes == 0)
    bytes = availableBytes();
  bytes = std::min(bytes, uint64_t(1) << 42);
  state->total = bytes;
  // Gaps and the unusable ends of holes need room of their own.
  for (uint64_t reserve = bytes * 2 + (64 << 20); reserve >= bytes / 8 + 4096;
       reserve /= 2) {
    void *made = mmap(nullptr, reserve, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == MAP_FAILED)
      continue;
    state->base = reinterpret_cast<uint64_t>(made);
    state->reserved = reserve / granule * granule;
    state->gaps[state->base] = state->reserved;
    break;
  }
}

DeviceMemory::~DeviceMemory() {
  if (state->reserved)
    munmap(reinterpret_cast<void *>(state->base), state->reserved);
}

uint64_t DeviceMemory::allocate(uint64_t bytes, uint64_t alignment) {
  std::lock_guard lock(state->mutex);
  if (bytes == 0 || bytes > state->total || bytes > state->total - state->used)
    return 0;
  uint64_t span = spanOf(bytes);
  uint64_t align =
      std::max(alignment, bytes >= largeAllocation ? 4096 : granule);
  for (auto gap = state->gaps.begin(); gap != state->gaps.end(); ++gap) {
    uint64_t begin = (gap->first + align - 1) / align * align;
    uint64_t end = gap->first + gap->second;
    if (begin >= end || end - begin < span)
      continue;
    uint64_t first = gap->first;
    state->gaps.erase(gap);
    if (begin > first)
      state->gaps[first] = begin - first;
    if (begin + span < end)
      state->gaps[begin + span] = end - begin - span;
    state->allocations[begin] = bytes;
    state->used += bytes;
    state->list = nullptr;
    return begin;
  }
  return 0;
}

bool DeviceMemory::release(uint64_t address) {
  std::lock_guard lock(state->mutex);
  auto found = state->allocations.find(address);
  if (found == state->allocations.end())
    return false;
  uint64_t bytes = found->second, span = spanOf(bytes);
  state->allocations.erase(found);
  state->used -= bytes;
  state->list = nullptr;
  if (bytes >= largeAllocation)
    madvise(reinterpret_cast<void *>(address), span, MADV_DONTNEED);
  auto next = state->gaps.lower_bound(address);
  if (next != state->gaps.end() && next->first == address + span) {
    span += next->second;
    next = state->gaps.erase(next);
  }
  if (next != state->gaps.begin()) {
    auto before = std::prev(next);
    if (before->first + before->second == address) {
      before->second += span;
      return true;
    }
  }
  state->gaps[address] = span;
  return true;
}

bool DeviceMemory::find(uint64_t address, uint64_t &base,
                        uint64_t &bytes) const {
  std::lock_guard lock(state->mutex);
  auto next = state->allocations.upper_bound(address);
  if (next == state->allocations.begin())
    return false;
  --next;
  if (address - next->first >= next->second)
    return false;
  base = next->first;
  bytes = next->second;
  return true;
}

bool DeviceMemory::contains(uint64_t address, uint64_t bytes) const {
  uint64_t base = 0, size = 0;
  return find(address, base, size) && bytes <= size - (address - base);
}

uint64_t DeviceMemory::totalBytes() const { return state->total; }

uint64_t DeviceMemory::freeBytes() const {
  std::lock_guard lock(state->mutex);
  return state->total - state->used;
}

size_t DeviceMemory::allocationCount() const {
  std::lock_guard lock(state->mutex);
  return state->allocations.size();
}

std::shared_ptr<const AllocationList>
ExecutorAccess::list(DeviceMemory &memory) {
  DeviceMemory::State &state = *memory.state;
  std::lock_guard lock(state.mutex);
  if (!state.list) {
    auto made = std::make_shared<AllocationList>();
    made->reserve(state.allocations.size());
    for (auto [address, bytes] : state.allocations)
      made->push_back({address, address + bytes});
    state.list = std::move(made);
  }
  return state.list;
}

AddressRange ExecutorAccess::reserved(const DeviceMemory &memory) {
  return {memory.state->base, memory.state->base + memory.state->reserved};
}

} // namespace terrazzo::emu
