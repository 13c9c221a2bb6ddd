// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For the files that are compiled once for each level of the host's vector
// instructions (Lane*.cpp). They must use nothing inline from outside: the
// linker would keep one level's copy for all. TERRAZZO_EMU_LEVEL names the
// level.
#pragma once

#include "Warp.h"
#include "decode/RoundingFlags.h"

#define LANE_FUNCTION(name)                                                    \
  static void name(                                                            \
      [[maybe_unused]] Warp *warp, [[maybe_unused]] void *out,                 \
      [[maybe_unused]] const void *a, [[maybe_unused]] const void *b,          \
      [[maybe_unused]] const void *c, [[maybe_unused]] uint32_t mask,          \
      [[maybe_unused]] uint64_t flags)

namespace terrazzo::emu {
struct LaneTable {
  const char *name;
  LaneFunction function;
};
// Each ends with a null name.
namespace TERRAZZO_EMU_LEVEL {
extern const LaneTable floatTable[], specialTable[], memoryTable[],
    matrixTable[], integerMatrixTable[];
} // namespace TERRAZZO_EMU_LEVEL

/// Fault::IllegalInstruction, for files that see no enumeration.
constexpr int illegalInstruction = 9;

// Compiled once, out of line.
[[noreturn]] void raiseFault(Warp *warp, int fault, const char *text);
/// An access of `bytes` at `address` (as the program names it) that is outside
/// the space, or misaligned.
[[noreturn]] void raiseAccess(Warp *warp, bool misaligned, uint64_t address,
                              uint64_t bytes, const char *space);
/// The allocation that holds `address` into warp->recent; false: none does.
bool findAllocation(Warp *warp, uint64_t address);

} // namespace terrazzo::emu
