// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic of f16 and bf16: sums and products in f32 and fused ones in f64
// hold enough bits that rounding them again is exact.
#include "lanes/LaneHalf.h"

namespace terrazzo::emu {
namespace TERRAZZO_EMU_LEVEL {

namespace {

struct Half {
  static float widen(uint16_t bits) { return widenF16(bits); }
  static uint16_t narrow(float value) { return narrowF16(value); }
  static constexpr uint16_t one = 0x3c00, exponent = 0x7c00;
};
struct Brain {
  static float widen(uint16_t bits) { return widenBrain(bits); }
  static uint16_t narrow(float value) { return narrowBrain(value); }
  static constexpr uint16_t one = 0x3f80, exponent = 0x7f80;
};

template <typename Format> uint16_t flush(uint16_t bits) {
  return bits & Format::exponent ? bits : uint16_t(bits & 0x8000);
}

/// Flags other than .NaN: what happens to a result.
template <typename Format, unsigned count>
void finish(uint16_t *to, uint64_t flags) {
  if (flags & flagFlush)
    for (unsigned i = 0; i < count; ++i)
      to[i] = flush<Format>(to[i]);
  if (flags & flagSaturate)
    for (unsigned i = 0; i < count; ++i) {
      float value = Format::widen(to[i]);
      to[i] = value > 0 ? (value < 1 ? to[i] : Format::one) : uint16_t(0);
    }
  if (flags & flagRelu)
    for (unsigned i = 0; i < count; ++i)
      to[i] = Format::widen(to[i]) < 0 || to[i] == 0x8000 ? uint16_t(0) : to[i];
}

template <typename Format, unsigned count>
const uint16_t *prepared(const void *from, uint16_t *room, uint64_t flags) {
  auto *values = static_cast<const uint16_t *>(from);
  if (!(flags & flagFlush))
    return values;
  for (unsigned i = 0; i < count; ++i)
    room[i] = flush<Format>(values[i]);
  return room;
}

enum Operation { add, sub, mul };

template <typename Format, unsigned count, Operation operation>
LANE_FUNCTION(binary) {
  alignas(64) uint16_t first[count], second[count];
  auto *x = prepared<Format, count>(a, first, flags);
  auto *y = prepared<Format, count>(b, second, flags);
  auto *to = static_cast<uint16_t *>(out);
  for (unsigned i = 0; i < count; ++i) {
    float left = Format::widen(x[i]), right = Format::widen(y[i]);
    to[i] = Format::narrow(operation == add   ? left + right
                           : operation == sub ? left - right
                                              : left * right);
  }
  finish<Format, count>(to, flags);
}

template <typename Format, unsigned count> LANE_FUNCTION(fused) {
  alignas(64) uint16_t first[count], second[count], third[count];
  auto *x = prepared<Format, count>(a, first, flags);
  auto *y = prepared<Format, count>(b, second, flags);
  auto *z = prepared<Format, count>(c, third, flags);
  auto *to = static_cast<uint16_t *>(out);
  for (unsigned i = 0; i < count; ++i) {
    double product = double(Format::widen(x[i])) * double(Format::widen(y[i]));
    double addend = Format::widen(z[i]);
    double sum = product + addend;
    // What the sum in f64 lost, as an odd last bit: bf16's exponents are too
    // far apart for f64 alone.
    double back = sum - product,
           lost = (product - (sum - back)) + (addend - back);
    uint64_t bits;
    __builtin_memcpy(&bits, &sum, sizeof bits);
    bool inexact = lost != 0 && sum - sum == 0;
    bool inward = (lost < 0) != (sum < 0);
    uint64_t cut =
        inexact && !(bits & 1) ? (inward ? bits - 1 : bits + 1) : bits;
    double odd;
    __builtin_memcpy(&odd, &cut, sizeof odd);
    to[i] = Format::narrow(narrowToOdd(sum == 0 ? sum : odd));
  }
  finish<Format, count>(to, flags);
}

template <typename Format, unsigned count, bool maximum>
LANE_FUNCTION(extreme) {
  alignas(64) uint16_t first[count], second[count];
  auto *left = prepared<Format, count>(a, first, flags);
  auto *right = prepared<Format, count>(b, second, flags);
  auto *to = static_cast<uint16_t *>(out);
  for (unsigned i = 0; i < count; ++i) {
    uint16_t x = left[i], y = right[i];
    uint16_t sign = uint16_t((x ^ y) & 0x8000);
    if (flags & flagXorSign)
      x &= 0x7fff, y &= 0x7fff;
    bool xNan = (x & 0x7fff) > Format::exponent;
    bool yNan = (y & 0x7fff) > Format::exponent;
    // By sign and size: -0 is below +0.
    int xOrder = x & 0x8000 ? -int(x & 0x7fff) - 1 : x;
    int yOrder = y & 0x8000 ? -int(y & 0x7fff) - 1 : y;
    uint16_t chosen = (xOrder > yOrder) == maximum ? x : y;
    if (xNan || yNan)
      chosen = (xNan && yNan) || (flags & flagNan) ? 0x7fff : xNan ? y : x;
    else if (flags & flagXorSign)
      chosen |= sign;
    to[i] = chosen;
  }
}

template <typename Format, unsigned count> LANE_FUNCTION(flushAll) {
  for (unsigned i = 0; i < count; ++i)
    static_cast<uint16_t *>(out)[i] =
        flush<Format>(static_cast<const uint16_t *>(a)[i]);
}

LANE_FUNCTION(widenAll) {
  for (unsigned i = 0; i < lanes; ++i)
    static_cast<float *>(out)[i] =
        widenF16(static_cast<const uint16_t *>(a)[i]);
}

/// min and max of f32 with .xorsign.abs.
template <bool maximum> LANE_FUNCTION(extremeSingle) {
  for (unsigned i = 0; i < lanes; ++i) {
    uint32_t x = static_cast<const uint32_t *>(a)[i];
    uint32_t y = static_cast<const uint32_t *>(b)[i];
    uint32_t sign = (x ^ y) & 0x80000000u;
    x &= 0x7fffffff;
    y &= 0x7fffffff;
    if (flags & flagFlush) {
      x = x < 0x00800000 ? 0 : x;
      y = y < 0x00800000 ? 0 : y;
    }
    bool xNan = x > 0x7f800000, yNan = y > 0x7f800000;
    uint32_t chosen = (x > y) == maximum ? x : y;
    if (xNan || yNan)
      chosen = (xNan && yNan) || (flags & flagNan) ? 0x7fffffff
                                                   : (xNan ? y : x) | sign;
    else
      chosen |= sign;
    static_cast<uint32_t *>(out)[i] = chosen;
  }
}

} // namespace

#define FORMAT(name, Format, count)                                            \
  {"add." name, binary<Format, count, add>},                                   \
      {"sub." name, binary<Format, count, sub>},                               \
      {"mul." name, binary<Format, count, mul>},                               \
      {"fma." name, fused<Format, count>},                                     \
      {"min." name, extreme<Format, count, false>},                            \
      {"max." name, extreme<Format, count, true>},

const LaneTable floatTable[] = {
    FORMAT("f16", Half, 32) FORMAT("f16x2", Half, 64) FORMAT("bf16", Brain, 32)
        FORMAT("bf16x2", Brain, 64){"flush.f16", flushAll<Half, 32>},
    {"flush.f16x2", flushAll<Half, 64>},
    {"widen.f16", widenAll},
    {"min.f32", extremeSingle<false>},
    {"max.f32", extremeSingle<true>},
    {nullptr, nullptr}};

} // namespace TERRAZZO_EMU_LEVEL
} // namespace terrazzo::emu
