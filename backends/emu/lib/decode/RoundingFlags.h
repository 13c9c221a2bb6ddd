// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Flags that compiled code gives to lane functions.
#pragma once

#include <cstdint>

namespace terrazzo::emu {

enum : uint64_t {
  roundNearest = 0,
  roundZero = 1,
  roundDown = 2,
  roundUp = 3,
  roundAway = 4,
  roundMask = 7,
  flagFlush = 8,
  flagSaturate = 16,
  flagRelu = 32,
  flagNan = 64,
  flagXorSign = 128,
  flagFinite = 256,  ///< out of range becomes the largest finite number
  flagIntegral = 512 ///< cvt: to a whole number
};

} // namespace terrazzo::emu
