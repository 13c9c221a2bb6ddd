// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which lanes of an activation run next. Compiled code jumps by itself while
// all of its lanes agree and no others wait at a lower block; else it asks
// here, and goes to the block that is returned (or `proceed`s, or has
// `finished`). The lowest block runs first: that lets lanes that parted meet
// again where LLVM's layout joins them. Loops that never end because a lane
// waits for another one are broken by `flowSpin`.
#pragma once

#include "Warp.h"

namespace terrazzo::emu {

int32_t flowJump(Warp *warp, Flow *flow, int32_t target);
int32_t flowDiverge(Warp *warp, Flow *flow, uint32_t taken, int32_t target,
                    int32_t other);
int32_t flowSpin(Warp *warp, Flow *flow, int32_t target);
/// `exits`: the lanes end; else they return to the caller.
int32_t flowLeave(Warp *warp, Flow *flow, int32_t exits);
/// After a call: lanes may have exited in it.
int32_t flowSettle(Warp *warp, Flow *flow, int32_t next);
int32_t flowSwitch(Warp *warp, Flow *flow, const uint32_t *index,
                   const int32_t *targets, uint32_t count);
/// Lanes with member masks `needed` are at a collective that begins `block`.
int32_t flowMeet(Warp *warp, Flow *flow, const uint32_t *needed, int32_t block);
/// kind 0: sync, 1: arrive. `numbers` and `counts` by lane; count 0: all.
int32_t flowBarrier(Warp *warp, Flow *flow, const uint32_t *numbers,
                    const uint32_t *counts, int32_t next, int32_t kind);

} // namespace terrazzo::emu
