// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// f16 and bf16 to f32 and back, to nearest even; for lane functions, so
// everything is static. NaN becomes 0x7fff.
#pragma once

#include "lanes/Lane.h"

namespace terrazzo::emu {
namespace TERRAZZO_EMU_LEVEL {
namespace {

inline uint32_t bitsOfFloat(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}
inline float floatOfBits(uint32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

[[maybe_unused]] inline float widenF16(uint16_t bits) {
#if defined(__F16C__) || defined(__aarch64__)
  _Float16 value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return float(value);
#else
  uint32_t sign = uint32_t(bits & 0x8000) << 16, rest = bits & 0x7fff;
  if (rest >= 0x7c00)
    return floatOfBits(sign | 0x7f800000 | rest << 13);
  if (rest < 0x400)
    return floatOfBits(sign | bitsOfFloat(float(rest) * 0x1p-24f));
  return floatOfBits(sign | ((rest << 13) + 0x38000000));
#endif
}

[[maybe_unused]] inline uint16_t narrowF16(float value) {
#if defined(__F16C__) || defined(__aarch64__)
  _Float16 made = _Float16(value);
  uint16_t bits;
  __builtin_memcpy(&bits, &made, sizeof bits);
  return value != value ? uint16_t(0x7fff) : bits;
#else
  uint32_t bits = bitsOfFloat(value), sign = bits >> 16 & 0x8000;
  uint32_t rest = bits & 0x7fffffff;
  if (rest > 0x7f800000)
    return 0x7fff;
  if (rest >= 0x47800000)
    return uint16_t(sign | 0x7c00);
  if (rest < 0x38800000)
    return uint16_t(sign |
                    (bitsOfFloat(floatOfBits(rest) + 0.5f) - 0x3f000000));
  return uint16_t(sign | ((rest + 0xc8000fff + (rest >> 13 & 1)) >> 13));
#endif
}

[[maybe_unused]] inline float widenBrain(uint16_t bits) {
  return floatOfBits(uint32_t(bits) << 16);
}

[[maybe_unused]] inline uint16_t narrowBrain(float value) {
  uint32_t bits = bitsOfFloat(value);
  uint32_t made = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  return value != value ? uint16_t(0x7fff) : uint16_t(made);
}

/// To f32 such that rounding once more gives what rounding once would: the
/// last bit tells that something was cut off.
[[maybe_unused]] inline float narrowToOdd(double value) {
  float made = float(value);
  double back = made;
  uint32_t bits = bitsOfFloat(made);
  bool differs = back != value && value == value;
  bool beyond = (back < 0 ? -back : back) > (value < 0 ? -value : value);
  uint32_t cut = differs && beyond ? bits - 1 : bits;
  return floatOfBits(differs ? cut | 1 : cut);
}

} // namespace
} // namespace TERRAZZO_EMU_LEVEL
} // namespace terrazzo::emu
