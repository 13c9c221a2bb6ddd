// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/Flow.h"

#include "Scheduler.h"
#include "compile/Helpers.h"
#include "lanes/Lane.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <sched.h>

namespace terrazzo::emu {

static_assert(illegalInstruction == int(Fault::IllegalInstruction));

namespace {

template <typename Visit> void eachLane(uint32_t mask, Visit visit) {
  for (; mask; mask &= mask - 1)
    visit(unsigned(__builtin_ctz(mask)));
}

uint32_t lanesAt(const Flow *flow, uint32_t mask, int32_t block) {
  uint32_t at = 0;
  eachLane(mask, [&](unsigned lane) {
    at |= uint32_t(flow->pc[lane] == block) << lane;
  });
  return at;
}

/// Of the lanes in `at`, those whose partners are all there.
uint32_t readyToMeet(const Warp *warp, const Flow *flow, uint32_t at) {
  uint32_t ready = 0;
  eachLane(at, [&](unsigned lane) {
    ready |= uint32_t((flow->need[lane] & warp->live & ~at) == 0) << lane;
  });
  return ready;
}

/// Lanes whose barrier is behind them run again.
void releaseBarred(Warp *warp, Flow *flow) {
  uint32_t left = 0;
  eachLane(flow->barred & warp->live, [&](unsigned lane) {
    uint32_t number = flow->barrier[lane] & 15;
    uint32_t phase = warp->block->barriers[number].phase << 8;
    left |= uint32_t(phase == (flow->barrier[lane] & ~uint32_t(15))) << lane;
  });
  flow->barred = left;
}

int32_t setActive(Flow *flow, uint32_t runnable, int32_t block) {
  flow->active = lanesAt(flow, runnable, block);
  int32_t lowest = INT32_MAX;
  eachLane(runnable & ~flow->active,
           [&](unsigned lane) { lowest = std::min(lowest, flow->pc[lane]); });
  flow->lowest = lowest;
  return block;
}

/// The next block: the lowest one above `above`, else the lowest of all.
int32_t pick(Warp *warp, Flow *flow, int32_t above = -1) {
  while (true) {
    flow->inside &= warp->live;
    flow->meeting &= warp->live;
    if (!flow->inside)
      return finished;
    if (flow->barred)
      releaseBarred(warp, flow);
    uint32_t runnable = flow->inside & ~flow->meeting & ~flow->barred;
    // Those at a collective run when all of them are there, with the arriving.
    for (uint32_t left = flow->meeting; left;) {
      int32_t block = flow->pc[__builtin_ctz(left)];
      uint32_t at = lanesAt(flow, flow->meeting, block);
      left &= ~at;
      uint32_t ready = readyToMeet(warp, flow, at);
      flow->meeting &= ~ready;
      runnable |= ready;
    }
    if (runnable) {
      int32_t best = INT32_MAX, first = INT32_MAX;
      eachLane(runnable, [&](unsigned lane) {
        first = std::min(first, flow->pc[lane]);
        if (flow->pc[lane] > above)
          best = std::min(best, flow->pc[lane]);
      });
      return setActive(flow, runnable, best == INT32_MAX ? first : best);
    }
    if (!flow->barred)
      raiseFault(warp, int(Fault::IllegalInstruction),
                 "a vote, shuffle or other collective waits for lanes that "
                 "will not come");
    warp->block->worker->block(*warp->record);
  }
}

void park(Flow *flow, int32_t target) {
  eachLane(flow->active, [&](unsigned lane) { flow->pc[lane] = target; });
}

} // namespace

void raiseFault(Warp *warp, int fault, const char *text) {
  WarpRecord &record = *warp->record;
  warp->block->job->report(Fault(fault), text, int(warp->line));
  warp->block->worker->abandon(record);
}

void raiseAccess(Warp *warp, bool misaligned, uint64_t address, uint64_t bytes,
                 const char *space) {
  char text[160];
  std::snprintf(text, sizeof text,
                misaligned ? "misaligned access of %llu bytes at 0x%llx (%s)"
                           : "access of %llu bytes at 0x%llx is outside "
                             "every allocation (%s)",
                static_cast<unsigned long long>(bytes),
                static_cast<unsigned long long>(address), space);
  raiseFault(warp,
             int(misaligned ? Fault::MisalignedAddress : Fault::IllegalAddress),
             text);
}

bool findAllocation(Warp *warp, uint64_t address) {
  if (const DeviceHeap *heap = warp->block->job->heap)
    if (heap->contains(address))
      return heap->find(address, warp->recent);
  const AllocationList &list = *warp->block->job->allocations;
  auto next = std::upper_bound(list.begin(), list.end(), address,
                               [](uint64_t value, const AddressRange &range) {
                                 return value < range.begin;
                               });
  if (next == list.begin() || address >= (--next)->end)
    return false;
  warp->recent = *next;
  return true;
}

int32_t flowJump(Warp *warp, Flow *flow, int32_t target) {
  park(flow, target);
  return pick(warp, flow);
}

int32_t flowDiverge(Warp *warp, Flow *flow, uint32_t taken, int32_t target,
                    int32_t other) {
  eachLane(flow->active, [&](unsigned lane) {
    flow->pc[lane] = taken >> lane & 1 ? target : other;
  });
  return pick(warp, flow);
}

int32_t flowSpin(Warp *warp, Flow *flow, int32_t target) {
  warp->fuel = fuelPerTurn;
  park(flow, target);
  BlockState &block = *warp->block;
  if (block.job->stop.load(std::memory_order_relaxed))
    block.worker->abandon(*warp->record);
  uint32_t others = flow->inside & warp->live & ~flow->active & ~flow->meeting &
                    ~flow->barred;
  // Who waits may wait for another lane or for another warp: both by turns.
  if (!others || flow->turns++ % 2)
    block.worker->yield(*warp->record);
  return pick(warp, flow, target);
}

int32_t flowLeave(Warp *warp, Flow *flow, int32_t exits) {
  if (exits) {
    warp->live &= ~flow->active;
    warp->block->lanesExited(warp);
  }
  flow->inside &= ~flow->active;
  return pick(warp, flow);
}

int32_t flowSettle(Warp *warp, Flow *flow, int32_t next) {
  flow->active &= warp->live;
  park(flow, next);
  return pick(warp, flow);
}

int32_t flowSwitch(Warp *warp, Flow *flow, const uint32_t *index,
                   const int32_t *targets, uint32_t count) {
  eachLane(flow->active, [&](unsigned lane) {
    if (index[lane] >= count)
      raiseFault(warp, int(Fault::IllegalInstruction),
                 "brx.idx has an index behind its targets");
    flow->pc[lane] = targets[index[lane]];
  });
  return pick(warp, flow);
}

int32_t flowMeet(Warp *warp, Flow *flow, const uint32_t *needed,
                 int32_t block) {
  uint32_t arriving = flow->active;
  eachLane(arriving, [&](unsigned lane) {
    if (!(needed[lane] >> lane & 1))
      raiseFault(warp, int(Fault::IllegalInstruction),
                 "a lane takes part in a collective whose mask leaves it out");
    flow->pc[lane] = block;
    flow->need[lane] = needed[lane];
  });
  uint32_t at = lanesAt(flow, flow->meeting, block) | arriving;
  uint32_t ready = readyToMeet(warp, flow, at);
  if (ready == arriving)
    return proceed;
  flow->meeting = (flow->meeting | arriving) & ~ready;
  if (ready) {
    setActive(flow, flow->inside & warp->live & ~flow->meeting & ~flow->barred,
              block);
    return proceed;
  }
  return pick(warp, flow);
}

int32_t flowBarrier(Warp *warp, Flow *flow, const uint32_t *numbers,
                    const uint32_t *counts, int32_t next, int32_t kind) {
  BlockState &block = *warp->block;
  uint32_t first = uint32_t(__builtin_ctz(flow->active));
  uint32_t badNumbers = 0, badCounts = 0;
  for (unsigned lane = 0; lane < lanes; ++lane) {
    badNumbers |= uint32_t(numbers[lane] > 15) << lane;
    badCounts |= uint32_t(counts[lane] % lanes != 0) << lane;
  }
  if (badNumbers & flow->active)
    raiseFault(warp, int(Fault::IllegalInstruction),
               "a block has the barriers 0 to 15");
  if (badCounts & flow->active)
    raiseFault(warp, int(Fault::IllegalInstruction),
               "a barrier's thread count is no multiple of 32");
  bool same = flow->active == warp->live;
  for (unsigned lane = 0; lane < lanes; ++lane)
    same &= numbers[lane] == numbers[first] && counts[lane] == counts[first];
  if (same && kind == 0) {
    // The usual case: the whole warp comes, and goes on together.
    Barrier &barrier = block.barriers[numbers[first]];
    uint32_t phase = barrier.phase;
    block.arrive(warp, flow->active, numbers[first], counts[first]);
    while (barrier.phase == phase)
      block.worker->block(*warp->record);
    return next;
  }
  if (kind == 0) {
    park(flow, next);
    eachLane(flow->active, [&](unsigned lane) {
      uint32_t phase = block.barriers[numbers[lane]].phase << 8;
      flow->barrier[lane] = phase | numbers[lane];
    });
    flow->barred |= flow->active;
  }
  uint32_t left = flow->active;
  while (left) {
    unsigned number = numbers[__builtin_ctz(left)];
    uint32_t same = 0;
    eachLane(left, [&](unsigned lane) {
      same |= uint32_t(numbers[lane] == number) << lane;
    });
    block.arrive(warp, same, number, counts[first]);
    left &= ~same;
  }
  return kind == 0 ? pick(warp, flow) : proceed;
}

namespace {
[[noreturn]] void flowTrap(Warp *warp) {
  raiseFault(warp, int(Fault::Trap), "trap");
}
[[noreturn]] void flowBadCall(Warp *warp) {
  raiseFault(warp, int(Fault::IllegalInstruction),
             "a call of an address that is no function");
}
/// The value that bar.red gives: kind 0 popc, 1 and, 2 or.
uint32_t flowBarrierResult(Warp *warp, uint32_t number, uint32_t kind) {
  const Barrier &barrier = warp->block->barriers[number & 15];
  return kind == 0   ? barrier.lastSum
         : kind == 1 ? barrier.lastAll
                     : barrier.lastAny;
}
void flowBarrierValue(Warp *warp, uint32_t number, uint32_t mask,
                      uint32_t value) {
  Barrier &barrier = warp->block->barriers[number & 15];
  barrier.sum += uint32_t(__builtin_popcount(mask & value));
  barrier.any |= (mask & value) != 0;
  barrier.all &= (mask & ~value) == 0;
}
uint64_t flowClock() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return uint64_t(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}
uint64_t flowTimer() {
  using namespace std::chrono;
  return uint64_t(
      duration_cast<nanoseconds>(system_clock::now().time_since_epoch())
          .count());
}
using DeviceFunction = void (*)(Warp *, uint32_t, uint64_t, const uint64_t *);
/// Calls by address, once for each function that lanes name.
void flowCall(Warp *warp, uint32_t mask, uint64_t base, const uint64_t *places,
              const uint64_t *addresses, const DeviceFunction *table,
              uint64_t count) {
  uint64_t wanted[lanes];
  std::memcpy(wanted, addresses, sizeof wanted);
  while (mask) {
    uint64_t address = wanted[__builtin_ctz(mask)];
    uint32_t same = 0;
    eachLane(mask, [&](unsigned lane) {
      same |= uint32_t(wanted[lane] == address) << lane;
    });
    uint64_t index = address - functionTag;
    if (index >= count || !table[index])
      flowBadCall(warp);
    table[index](warp, same, base, places);
    mask &= ~same;
  }
}
void flowPause(Warp *warp) { warp->fuel = 0; }
} // namespace

std::span<const Symbol> flowSymbols() {
  static const Symbol symbols[] = {
      {"emu.flow.jump", reinterpret_cast<void *>(&flowJump)},
      {"emu.flow.diverge", reinterpret_cast<void *>(&flowDiverge)},
      {"emu.flow.spin", reinterpret_cast<void *>(&flowSpin)},
      {"emu.flow.leave", reinterpret_cast<void *>(&flowLeave)},
      {"emu.flow.settle", reinterpret_cast<void *>(&flowSettle)},
      {"emu.flow.switch", reinterpret_cast<void *>(&flowSwitch)},
      {"emu.flow.meet", reinterpret_cast<void *>(&flowMeet)},
      {"emu.flow.barrier", reinterpret_cast<void *>(&flowBarrier)},
      {"emu.flow.barrier.value", reinterpret_cast<void *>(&flowBarrierValue)},
      {"emu.flow.barrier.result", reinterpret_cast<void *>(&flowBarrierResult)},
      {"emu.flow.trap", reinterpret_cast<void *>(&flowTrap)},
      {"emu.flow.badcall", reinterpret_cast<void *>(&flowBadCall)},
      {"emu.flow.clock", reinterpret_cast<void *>(&flowClock)},
      {"emu.flow.timer", reinterpret_cast<void *>(&flowTimer)},
      {"emu.flow.call", reinterpret_cast<void *>(&flowCall)},
      {"emu.flow.pause", reinterpret_cast<void *>(&flowPause)},
      {"memcpy", reinterpret_cast<void *>(&std::memcpy)},
      {"memset", reinterpret_cast<void *>(&std::memset)},
      {"memmove", reinterpret_cast<void *>(&std::memmove)},
      {"fmaf", reinterpret_cast<void *>(
                   static_cast<float (*)(float, float, float)>(&::fmaf))},
      {"fma", reinterpret_cast<void *>(
                  static_cast<double (*)(double, double, double)>(&::fma))},
      {"floorf",
       reinterpret_cast<void *>(static_cast<float (*)(float)>(&::floorf))},
      {"floor",
       reinterpret_cast<void *>(static_cast<double (*)(double)>(&::floor))},
      {"truncf",
       reinterpret_cast<void *>(static_cast<float (*)(float)>(&::truncf))},
      {"trunc",
       reinterpret_cast<void *>(static_cast<double (*)(double)>(&::trunc))},
  };
  return symbols;
}

} // namespace terrazzo::emu
