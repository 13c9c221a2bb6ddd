// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What floating-point instructions have in common.
#pragma once

#include "compile/Emitter.h"
#include "decode/RoundingFlags.h"

namespace terrazzo::emu {

struct FloatModifiers {
  uint64_t rounding = roundNearest;
  bool explicitRounding = false;
  bool flush = false, saturate = false, relu = false;
  bool nan = false, xorSign = false;
  /// As lane functions take them.
  uint64_t flags() const {
    return rounding | flush * flagFlush | saturate * flagSaturate |
           relu * flagRelu | nan * flagNan | xorSign * flagXorSign;
  }
};

/// [.rnd] [.ftz] [.sat] [.relu]
FloatModifiers takeRounding(Decoder &d, bool required);
/// The type of the register that holds it: B16 and B32 for halves.
Type halfRegister(Type type);
bool isHalf(Type type);
/// Subnormal f32 become zero of the same sign.
llvm::Value *flushed(Emitter &e, llvm::Value *value);
/// Clamped to [0, 1]; NaN becomes 0.
llvm::Value *saturated(Emitter &e, llvm::Value *value, Type type);

} // namespace terrazzo::emu
