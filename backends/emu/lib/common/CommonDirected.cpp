// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// f32 and f64 arithmetic in every rounding mode: the host's own, with its mode
// changed around the loop. Compiled with -frounding-math.
#include "common/CommonTables.h"

#include <cfenv>
#include <cmath>
#include <cstring>

namespace terrazzo::emu {

namespace {

int hostMode(uint64_t flags) {
  switch (flags & roundMask) {
  case roundZero:
    return FE_TOWARDZERO;
  case roundDown:
    return FE_DOWNWARD;
  case roundUp:
    return FE_UPWARD;
  default:
    return FE_TONEAREST;
  }
}

float flush(float value) {
  return std::fabs(value) < 0x1p-126f ? std::copysign(0.0f, value) : value;
}
double flush(double value) { return value; }

template <typename T, typename Compute>
void each(void *out, const void *a, const void *b, const void *c,
          uint64_t flags, Compute compute) {
  alignas(64) T x[lanes] = {}, y[lanes] = {}, z[lanes] = {};
  std::memcpy(x, a, sizeof x);
  std::memcpy(y, b, sizeof y);
  std::memcpy(z, c, sizeof z);
  if (flags & flagFlush)
    for (unsigned i = 0; i < lanes; ++i)
      x[i] = flush(x[i]), y[i] = flush(y[i]), z[i] = flush(z[i]);
  int before = std::fegetround();
  std::fesetround(hostMode(flags));
  T result[lanes];
  for (unsigned i = 0; i < lanes; ++i)
    result[i] = compute(x[i], y[i], z[i]);
  std::fesetround(before);
  for (unsigned i = 0; i < lanes; ++i) {
    if (flags & flagFlush)
      result[i] = flush(result[i]);
    if (flags & flagSaturate)
      result[i] = result[i] > 0 ? (result[i] < 1 ? result[i] : T(1)) : T(0);
  }
  std::memcpy(out, result, sizeof result);
}

#define DIRECTED(name, expression)                                             \
  template <typename T> LANE_FUNCTION(name) {                                  \
    each<T>(out, a, b, c, flags,                                               \
            [](T x, [[maybe_unused]] T y, [[maybe_unused]] T z) -> T {         \
              return expression;                                               \
            });                                                                \
  }
DIRECTED(directedAdd, x + y)
DIRECTED(directedSub, x - y)
DIRECTED(directedMul, x *y)
DIRECTED(directedDiv, x / y)
DIRECTED(directedFma, std::fma(x, y, z))
DIRECTED(directedSqrt, std::sqrt(x))
DIRECTED(directedRcp, T(1) / x)
#undef DIRECTED

} // namespace

const LaneTable commonDirectedTable[] = {{"add.f32", directedAdd<float>},
                                         {"sub.f32", directedSub<float>},
                                         {"mul.f32", directedMul<float>},
                                         {"div.f32", directedDiv<float>},
                                         {"fma.f32", directedFma<float>},
                                         {"sqrt.f32", directedSqrt<float>},
                                         {"rcp.f32", directedRcp<float>},
                                         {"add.f64", directedAdd<double>},
                                         {"sub.f64", directedSub<double>},
                                         {"mul.f64", directedMul<double>},
                                         {"div.f64", directedDiv<double>},
                                         {"fma.f64", directedFma<double>},
                                         {"sqrt.f64", directedSqrt<double>},
                                         {"rcp.f64", directedRcp<double>},
                                         {nullptr, nullptr}};

} // namespace terrazzo::emu
