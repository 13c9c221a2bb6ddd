// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cp.async and mbarrier objects. An object's 64 bits: bit 63 the phase, 40 to
// 59 the count of a phase, 20 to 39 the arrivals that are missing.
#include "Executor.h"
#include "Scheduler.h"
#include "common/CommonAddress.h"

#include <cstring>

namespace terrazzo::emu {

namespace {

constexpr uint64_t countMask = 0xfffff;
constexpr uint64_t phaseBit = uint64_t(1) << 63;

template <typename Visit> void eachLane(uint32_t mask, Visit visit) {
  for (; mask; mask &= mask - 1)
    visit(unsigned(__builtin_ctz(mask)));
}

/// a: shared addresses, b: sources, c: bytes to copy; flags: the size.
LANE_FUNCTION(copyStart) {
  auto *to = static_cast<const uint64_t *>(a);
  auto *from = static_cast<const uint64_t *>(b);
  auto *copied = static_cast<const uint32_t *>(c);
  uint64_t hostTo[lanes] = {}, hostFrom[lanes] = {};
  eachLane(mask, [&](unsigned lane) {
    if (copied[lane] > flags)
      raiseFault(warp, int(Fault::IllegalInstruction),
                 "cp.async copies more bytes than its size");
    hostTo[lane] = hostAddress(warp, spaceShared, lane, to[lane], flags, flags);
    // Nothing is read where nothing is copied.
    if (copied[lane])
      hostFrom[lane] =
          hostAddress(warp, spaceHost, lane, from[lane], copied[lane], flags);
  });
  warp->record->copies.add(mask, hostTo, hostFrom, copied, uint32_t(flags));
}

LANE_FUNCTION(copyCommit) { warp->record->copies.commit(mask); }
LANE_FUNCTION(copyWait) { warp->record->copies.wait(mask, uint32_t(flags)); }
LANE_FUNCTION(copyWaitAll) { warp->record->copies.waitAll(mask); }

uint64_t *objectAt(Warp *warp, unsigned lane, uint64_t address,
                   uint64_t flags) {
  uint64_t space = flags & 1 ? spaceShared : spaceHost;
  return reinterpret_cast<uint64_t *>(
      hostAddress(warp, space, lane, address, 8, 8));
}

/// `drop`: the phases to come expect that many fewer.
void arriveAt(Warp *warp, uint64_t *object, uint64_t count, uint64_t drop) {
  uint64_t state = *object;
  uint64_t expected = state >> 40 & countMask,
           missing = state >> 20 & countMask;
  if (count > missing)
    raiseFault(warp, int(Fault::IllegalInstruction),
               "more arrivals at an mbarrier than it expects");
  expected -= drop < expected ? drop : expected;
  missing -= count;
  uint64_t phase = state & phaseBit;
  if (missing == 0) {
    phase ^= phaseBit;
    missing = expected;
  }
  *object = phase | expected << 40 | missing << 20;
}

LANE_FUNCTION(barrierInit) {
  auto *addresses = static_cast<const uint64_t *>(a);
  auto *counts = static_cast<const uint32_t *>(b);
  eachLane(mask, [&](unsigned lane) {
    if (counts[lane] == 0 || counts[lane] > countMask)
      raiseFault(warp, int(Fault::IllegalInstruction),
                 "an mbarrier's count is from 1 to 1048575");
    uint64_t count = counts[lane];
    *objectAt(warp, lane, addresses[lane], flags) = count << 40 | count << 20;
  });
}

LANE_FUNCTION(barrierInvalidate) {
  auto *addresses = static_cast<const uint64_t *>(a);
  eachLane(mask, [&](unsigned lane) {
    *objectAt(warp, lane, addresses[lane], flags) = 0;
  });
}

template <bool drops> LANE_FUNCTION(barrierArrive) {
  auto *addresses = static_cast<const uint64_t *>(a);
  auto *counts = static_cast<const uint32_t *>(b);
  eachLane(mask, [&](unsigned lane) {
    uint64_t *object = objectAt(warp, lane, addresses[lane], flags);
    static_cast<uint64_t *>(out)[lane] = *object;
    arriveAt(warp, object, counts[lane], drops ? counts[lane] : 0);
  });
}

/// Copies whose arrival at this object is due are delivered when somebody
/// looks at it, not before.
void settle(Warp *warp, uint64_t *object) {
  auto &pending = warp->block->arrivals;
  auto address = reinterpret_cast<uint64_t>(object);
  size_t kept = 0;
  for (size_t i = 0; i < pending.size(); ++i) {
    PendingArrival arrival = pending[i];
    if (arrival.object != address) {
      pending[kept++] = arrival;
      continue;
    }
    arrival.warp->record->copies.waitAll(1u << arrival.lane);
    arriveAt(warp, object, 1, 0);
  }
  pending.resize(kept);
}

template <bool parity> LANE_FUNCTION(barrierWait) {
  auto *addresses = static_cast<const uint64_t *>(a);
  uint32_t passed = 0;
  eachLane(mask, [&](unsigned lane) {
    uint64_t *object = objectAt(warp, lane, addresses[lane], flags);
    settle(warp, object);
    bool now = *object >> 63;
    bool before = parity ? static_cast<const uint32_t *>(b)[lane] & 1
                         : static_cast<const uint64_t *>(b)[lane] >> 63;
    passed |= uint32_t(now != before) << lane;
  });
  // Who fails will try again: others must get their turn first.
  if (passed != mask)
    warp->fuel = 0;
  std::memcpy(out, &passed, sizeof passed);
}

LANE_FUNCTION(barrierPending) {
  for (unsigned lane = 0; lane < lanes; ++lane)
    static_cast<uint32_t *>(out)[lane] =
        uint32_t(static_cast<const uint64_t *>(a)[lane] >> 20 & countMask);
}

/// flags 1: shared, 2: .noinc.
LANE_FUNCTION(copyArrive) {
  auto *addresses = static_cast<const uint64_t *>(a);
  eachLane(mask, [&](unsigned lane) {
    uint64_t *object = objectAt(warp, lane, addresses[lane], flags);
    if (!(flags & 2))
      *object += uint64_t(1) << 20;
    warp->block->arrivals.push_back(
        {warp, lane, reinterpret_cast<uint64_t>(object), !(flags & 2)});
  });
}

} // namespace

const LaneTable commonCopyTable[] = {
    {"cp.async", copyStart},
    {"cp.async.commit", copyCommit},
    {"cp.async.wait", copyWait},
    {"cp.async.waitall", copyWaitAll},
    {"cp.async.mbarrier.arrive", copyArrive},
    {"mbarrier.init", barrierInit},
    {"mbarrier.inval", barrierInvalidate},
    {"mbarrier.arrive", barrierArrive<false>},
    {"mbarrier.arrive_drop", barrierArrive<true>},
    {"mbarrier.wait.parity", barrierWait<true>},
    {"mbarrier.wait.state", barrierWait<false>},
    {"mbarrier.pending_count", barrierPending},
    {nullptr, nullptr}};

} // namespace terrazzo::emu
