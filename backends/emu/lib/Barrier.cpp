// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Barriers of a block. Warps arrive: a warp counts as 32 threads once all of
// its lanes that still run have come.
#include "Scheduler.h"

namespace terrazzo::emu {

bool BlockState::complete(Barrier &barrier) {
  if (barrier.arrived.empty())
    return false;
  uint32_t whole = 0, some = 0;
  for (size_t i = 0; i < warps.size(); ++i) {
    uint32_t live = warps[i]->warp.live;
    some |= barrier.arrived[i];
    whole += barrier.arrived[i] != 0 && (live & ~barrier.arrived[i]) == 0;
  }
  if (!some)
    return false;
  if (barrier.expected == 0) {
    for (size_t i = 0; i < warps.size(); ++i)
      if (warps[i]->warp.live & ~barrier.arrived[i])
        return false;
  } else if (whole * lanes < barrier.expected) {
    return false;
  }
  ++barrier.phase;
  barrier.arrived.assign(warps.size(), 0);
  barrier.expected = 0;
  barrier.lastSum = barrier.sum;
  barrier.lastAny = barrier.any;
  barrier.lastAll = barrier.all;
  barrier.sum = barrier.any = 0;
  barrier.all = 1;
  return true;
}

void BlockState::arrive(Warp *warp, uint32_t mask, unsigned number,
                        uint32_t expected) {
  Barrier &barrier = barriers[number];
  barriersUsed = true;
  if (barrier.arrived.empty())
    barrier.arrived.assign(warps.size(), 0);
  barrier.arrived[warp->index] |= mask;
  if (expected)
    barrier.expected = expected;
  if (complete(barrier))
    for (auto &record : warps)
      worker->wake(*record);
}

void BlockState::lanesExited(Warp *) {
  if (!barriersUsed)
    return;
  bool any = false;
  for (Barrier &barrier : barriers)
    any |= complete(barrier);
  if (any)
    for (auto &record : warps)
      worker->wake(*record);
}

} // namespace terrazzo::emu
