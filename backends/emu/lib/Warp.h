// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What compiled kernels and the functions they call share: the state of one
// warp, and of one activation of a function by some of the warp's lanes.
// Compiled code reads these by offset: a change needs a new `compilerRevision`.
#pragma once

#include <cstdint>

namespace terrazzo::emu {

constexpr unsigned lanes = 32;
constexpr uint32_t allLanes = 0xffffffffu;

struct AddressRange {
  uint64_t begin, end;
};

struct BlockState;
struct WarpRecord;

struct alignas(64) Warp {
  uint32_t live = 0; ///< lanes that exist and haven't exited
  uint32_t line = 0; ///< of the PTX, while a function is called
  /// Backward jumps until other lanes and warps get their turn.
  int32_t fuel = 0;
  uint32_t index = 0; ///< of the warp in its block
  const uint8_t *parameters = nullptr;
  uint64_t parameterBytes = 0;
  uint8_t *shared = nullptr;
  uint64_t sharedBytes = 0;
  uint8_t *local = nullptr; ///< of lane 0; the other lanes' behind it
  uint64_t localBytes = 0;  ///< of each lane
  uint32_t tid[3][lanes];
  uint32_t ctaid[3], ntid[3], nctaid[3];
  uint32_t warpCount = 0;
  uint32_t dynamicSharedBytes = 0;
  uint32_t multiprocessor = 0, multiprocessors = 1;
  uint64_t grid = 0;
  AddressRange recent{1, 0}; ///< the allocation last found
  BlockState *block = nullptr;
  WarpRecord *record = nullptr; ///< what only the scheduler knows
};

/// One activation. `pc` holds block numbers; compiled code keeps `active`
/// running and asks for the next block when lanes part or may meet.
struct alignas(64) Flow {
  uint32_t active; ///< lanes that run now
  /// The lowest block at which other runnable lanes are; INT32_MAX: none.
  int32_t lowest;
  uint32_t inside;  ///< lanes that haven't returned
  uint32_t meeting; ///< lanes that wait in a vote, shuffle, ...
  uint32_t barred;  ///< lanes that wait at a barrier
  uint32_t turns;   ///< of loops that used up their fuel
  uint32_t unused[2];
  int32_t pc[lanes];
  uint32_t need[lanes];    ///< meeting: whom the lane waits for
  uint32_t barrier[lanes]; ///< barred: which barrier, and its phase (<< 8)
};

/// All functions that compiled code calls for values. `out`, `a`, `b` and `c`
/// are registers of 32 lanes each, one behind the other.
using LaneFunction = void (*)(Warp *warp, void *out, const void *a,
                              const void *b, const void *c, uint32_t mask,
                              uint64_t flags);

/// Addresses of functions are tags: this plus the function's index.
constexpr uint64_t functionTag = 0x7e00000000000000;
constexpr int32_t fuelPerTurn = 2000;
constexpr int32_t proceed = -1; ///< of the functions that say where to go
constexpr int32_t finished = -2;

} // namespace terrazzo::emu
