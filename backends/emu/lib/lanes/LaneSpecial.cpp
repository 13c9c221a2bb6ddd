// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The .approx functions, closer than PTX's documented errors: logarithm and
// power by polynomials in f64, circular functions by the C library.
#include "lanes/LaneHalf.h"

namespace terrazzo::emu {
namespace TERRAZZO_EMU_LEVEL {

namespace {

float flushSingle(float value) {
  uint32_t bits = bitsOfFloat(value);
  return bits & 0x7f800000 ? value : floatOfBits(bits & 0x80000000u);
}

/// 2^x for |x| < 1100: Taylor's series of e^(f ln 2), |f| <= 1/2.
inline double powerOfTwo(double x) {
  double whole = __builtin_rint(x), f = (x - whole) * 0.69314718055994530942;
  double sum = 1.0 / 39916800;
  sum = sum * f + 1.0 / 3628800;
  sum = sum * f + 1.0 / 362880;
  sum = sum * f + 1.0 / 40320;
  sum = sum * f + 1.0 / 5040;
  sum = sum * f + 1.0 / 720;
  sum = sum * f + 1.0 / 120;
  sum = sum * f + 1.0 / 24;
  sum = sum * f + 1.0 / 6;
  sum = sum * f + 0.5;
  sum = sum * f + 1;
  sum = sum * f + 1;
  uint64_t bits = uint64_t(int64_t(whole) + 1023) << 52;
  double scale;
  __builtin_memcpy(&scale, &bits, sizeof scale);
  return sum * scale;
}

inline float exponential(float x) {
  // Beyond these the result is infinity or zero in f32.
  float bounded = x > 200 ? 200 : x < -200 ? -200 : x;
  bounded = x != x ? 0 : bounded;
  float made = float(powerOfTwo(bounded));
  return x != x ? floatOfBits(0x7fffffff) : made;
}

inline float logarithm(float x) {
  double value = x;
  uint64_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  int64_t exponent = int64_t(bits >> 52 & 2047) - 1023;
  uint64_t fraction = bits & 0xfffffffffffff;
  // Mantissas from sqrt(1/2) to sqrt(2).
  bool high = fraction > 0x6a09e667f3bcc;
  exponent += high;
  uint64_t mantissa = fraction | (high ? uint64_t(1022) : 1023) << 52;
  double m;
  __builtin_memcpy(&m, &mantissa, sizeof m);
  double z = (m - 1) / (m + 1), square = z * z;
  double sum = 1.0 / 15;
  sum = sum * square + 1.0 / 13;
  sum = sum * square + 1.0 / 11;
  sum = sum * square + 1.0 / 9;
  sum = sum * square + 1.0 / 7;
  sum = sum * square + 1.0 / 5;
  sum = sum * square + 1.0 / 3;
  sum = sum * square + 1.0;
  float made = float(double(exponent) + 2.8853900817779268147 * z * sum);
  float infinity = floatOfBits(0x7f800000);
  made = x == infinity ? infinity : made;
  made = x == 0 ? -infinity : made;
  return x < 0 || x != x ? floatOfBits(0x7fffffff) : made;
}

inline float hyperbolic(float x) {
  double bounded = x > 20 ? 20 : x < -20 ? -20 : x;
  bounded = x != x ? 0 : bounded;
  double power = powerOfTwo(bounded * 2.8853900817779268147);
  double made = (power - 1) / (power + 1);
  // Near zero the difference above loses bits.
  double square = bounded * bounded;
  double series =
      bounded *
      (1 + square * (-1.0 / 3 + square * (2.0 / 15 - square * 17.0 / 315)));
  bool small = square < 1e-4;
  return x != x ? floatOfBits(0x7fffffff) : float(small ? series : made);
}

inline float inverseRoot(float x) {
  float made = float(1.0 / __builtin_sqrt(double(x)));
  return made != made ? floatOfBits(0x7fffffff) : made;
}
float sine(float x) { return __builtin_sinf(x); }
float cosine(float x) { return __builtin_cosf(x); }

template <float (*compute)(float)> LANE_FUNCTION(single) {
  auto *from = static_cast<const float *>(a);
  auto *to = static_cast<float *>(out);
  if (flags & flagFlush) {
    for (unsigned i = 0; i < lanes; ++i)
      to[i] = flushSingle(compute(flushSingle(from[i])));
    return;
  }
  for (unsigned i = 0; i < lanes; ++i)
    to[i] = compute(from[i]);
}

template <float (*compute)(float), float (*widen)(uint16_t),
          uint16_t (*narrow)(float), unsigned count, uint16_t exponent>
LANE_FUNCTION(half) {
  auto *from = static_cast<const uint16_t *>(a);
  auto *to = static_cast<uint16_t *>(out);
  for (unsigned i = 0; i < count; ++i) {
    uint16_t bits = from[i];
    if ((flags & flagFlush) && !(bits & exponent))
      bits &= 0x8000;
    bits = narrow(compute(widen(bits)));
    if ((flags & flagFlush) && !(bits & exponent))
      bits &= 0x8000;
    to[i] = bits;
  }
}

LANE_FUNCTION(inverseRootDouble) {
  for (unsigned i = 0; i < lanes; ++i) {
    double value = static_cast<const double *>(a)[i];
    static_cast<double *>(out)[i] = 1.0 / __builtin_sqrt(value);
  }
}

/// rcp.approx.ftz.f64: the lower half of the result is zero.
LANE_FUNCTION(reciprocalDouble) {
  for (unsigned i = 0; i < lanes; ++i) {
    uint64_t bits;
    __builtin_memcpy(&bits, static_cast<const double *>(a) + i, sizeof bits);
    bits &= 0xffffffff00000000;
    if (!(bits & 0x7ff0000000000000))
      bits &= uint64_t(1) << 63;
    double value;
    __builtin_memcpy(&value, &bits, sizeof value);
    value = 1.0 / value;
    __builtin_memcpy(&bits, &value, sizeof bits);
    bits &= 0xffffffff00000000;
    if (!(bits & 0x7ff0000000000000))
      bits &= uint64_t(1) << 63;
    __builtin_memcpy(static_cast<double *>(out) + i, &bits, sizeof bits);
  }
}

} // namespace

#define HALVES(name, compute)                                                  \
  {name ".f16", half<compute, widenF16, narrowF16, 32, 0x7c00>},               \
      {name ".f16x2", half<compute, widenF16, narrowF16, 64, 0x7c00>},         \
      {name ".bf16", half<compute, widenBrain, narrowBrain, 32, 0x7f80>},      \
      {name ".bf16x2", half<compute, widenBrain, narrowBrain, 64, 0x7f80>},

const LaneTable specialTable[] = {
    {"ex2.f32", single<exponential>},
    {"lg2.f32", single<logarithm>},
    {"tanh.f32", single<hyperbolic>},
    {"rsqrt.f32", single<inverseRoot>},
    {"sin.f32", single<sine>},
    {"cos.f32", single<cosine>},
    {"rsqrt.f64", inverseRootDouble},
    {"rcp.approx.f64", reciprocalDouble},
    HALVES("ex2", exponential) HALVES("tanh", hyperbolic){nullptr, nullptr}};

} // namespace TERRAZZO_EMU_LEVEL
} // namespace terrazzo::emu
