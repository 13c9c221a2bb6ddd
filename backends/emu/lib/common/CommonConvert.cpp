// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cvt between every two types, in every rounding, by way of exact numbers.
#include "common/CommonTables.h"

#include <cstring>
#include <initializer_list>
#include <limits>

namespace terrazzo::emu {

namespace {

/// mantissa * 2^exponent, exactly.
struct Number {
  bool negative = false, nan = false, infinite = false;
  uint64_t mantissa = 0;
  int exponent = 0;
};

struct Format {
  unsigned exponentBits, mantissaBits;
  uint64_t nan;
  uint64_t largest; ///< finite, without sign
  bool hasInfinity = true;
  unsigned bits() const { return 1 + exponentBits + mantissaBits; }
  int bias() const { return (1 << (exponentBits - 1)) - 1; }
};
constexpr Format halfFormat{5, 10, 0x7fff, 0x7bff},
    brainFormat{8, 7, 0x7fff, 0x7f7f}, tensorFormat{8, 10, 0x3ffff, 0x3fbff},
    singleFormat{8, 23, 0x7fffffff, 0x7f7fffff},
    doubleFormat{11, 52, 0x7fffffffffffffff, 0x7fefffffffffffff},
    e4m3Format{4, 3, 0x7f, 0x7e, false}, e5m2Format{5, 2, 0x7f, 0x7b};

Number unpack(uint64_t bits, const Format &f) {
  Number n;
  uint64_t fraction = bits & ((uint64_t(1) << f.mantissaBits) - 1);
  unsigned field =
      unsigned(bits >> f.mantissaBits) & ((1u << f.exponentBits) - 1);
  n.negative = bits >> (f.bits() - 1) & 1;
  if (f.hasInfinity && field == (1u << f.exponentBits) - 1) {
    n.nan = fraction != 0;
    n.infinite = fraction == 0;
    return n;
  }
  if (!f.hasInfinity && (bits & 0x7f) == f.nan) {
    n.nan = true;
    return n;
  }
  n.mantissa = field ? fraction | uint64_t(1) << f.mantissaBits : fraction;
  n.exponent = int(field ? field : 1) - f.bias() - int(f.mantissaBits);
  return n;
}

/// mantissa / 2^shift, rounded.
uint64_t shiftRounded(uint64_t mantissa, int shift, bool negative,
                      uint64_t mode) {
  if (shift <= 0)
    return mantissa << -shift;
  uint64_t whole = shift > 63 ? 0 : mantissa >> shift;
  uint64_t rest =
      shift > 63 ? mantissa : mantissa & ((uint64_t(1) << shift) - 1);
  if (rest == 0)
    return whole;
  // Against the half: below, equal, above.
  int against = -1;
  if (shift <= 64) {
    uint64_t half = uint64_t(1) << (shift - 1);
    against = rest < half ? -1 : rest > half ? 1 : 0;
  }
  switch (mode) {
  case roundZero:
    return whole;
  case roundDown:
    return whole + negative;
  case roundUp:
    return whole + !negative;
  case roundAway:
    return whole + (against >= 0);
  default:
    return whole + (against > 0 || (against == 0 && (whole & 1)));
  }
}

uint64_t pack(const Number &n, const Format &f, uint64_t flags) {
  uint64_t mode = flags & roundMask;
  uint64_t sign = uint64_t(n.negative) << (f.bits() - 1);
  uint64_t infinity = ((uint64_t(1) << f.exponentBits) - 1) << f.mantissaBits;
  if (n.nan)
    return f.nan;
  if (n.infinite)
    return sign | (flags & flagFinite ? f.largest
                   : f.hasInfinity    ? infinity
                                      : f.nan);
  if (n.mantissa == 0)
    return sign;
  int top = 63 - __builtin_clzll(n.mantissa);
  int least = 1 - f.bias();
  int exponent = top + n.exponent > least ? top + n.exponent : least;
  int unit = exponent - int(f.mantissaBits);
  uint64_t m = shiftRounded(n.mantissa, unit - n.exponent, n.negative, mode);
  uint64_t hidden = uint64_t(1) << f.mantissaBits;
  if (m == hidden << 1) {
    m >>= 1;
    ++exponent;
  }
  bool beyond = exponent > f.bias() + (f.hasInfinity ? 0 : 1);
  uint64_t code = 0;
  if (!beyond) {
    code = m < hidden
               ? m
               : uint64_t(exponent + f.bias()) << f.mantissaBits | (m - hidden);
    beyond = code > f.largest;
  }
  if (beyond) {
    bool inward = mode == roundZero || (mode == roundDown && !n.negative) ||
                  (mode == roundUp && n.negative);
    code = inward || (flags & flagFinite) ? f.largest
           : f.hasInfinity                ? infinity
                                          : f.nan;
  }
  return sign | code;
}

Number toWhole(Number n, uint64_t mode) {
  if (n.nan || n.infinite || n.exponent >= 0 || n.mantissa == 0)
    return n;
  n.mantissa = shiftRounded(n.mantissa, -n.exponent, n.negative, mode);
  n.exponent = 0;
  return n;
}

/// Clamped to the type's range.
template <typename T> T toInteger(Number n, bool fromDouble, uint64_t mode) {
  using Limits = std::numeric_limits<T>;
  if (n.nan) {
    // As the instruction set has it: zero, but the highest bit when either
    // side has 64 bits.
    if (!fromDouble && sizeof(T) < 8)
      return 0;
    return T(uint64_t(1) << (sizeof(T) * 8 - 1));
  }
  n = toWhole(n, mode);
  bool large = n.infinite;
  uint64_t size = n.mantissa;
  if (!large && size && n.exponent > 0) {
    large = n.exponent > 63 || size >> (64 - n.exponent) != 0;
    size <<= n.exponent & 63;
  }
  if (n.negative) {
    if (!Limits::is_signed)
      return 0;
    uint64_t most = uint64_t(Limits::max()) + 1;
    return large || size >= most ? Limits::min() : T(-int64_t(size));
  }
  return large || size > uint64_t(Limits::max()) ? Limits::max() : T(size);
}

template <typename T> Number fromInteger(T value) {
  Number n;
  n.negative = value < 0;
  n.mantissa = n.negative ? 0 - uint64_t(value) : uint64_t(value);
  return n;
}

Number flushed(Number n, const Format &f) {
  // Subnormal: no hidden bit.
  if (n.mantissa && n.mantissa >> f.mantissaBits == 0)
    n.mantissa = 0;
  return n;
}

uint64_t finishFloat(Number n, const Format &to, uint64_t flags) {
  if (flags & flagIntegral)
    n = toWhole(n, flags & roundMask);
  if (flags & flagSaturate) {
    if (n.nan || n.negative)
      n = Number();
    else if (n.infinite)
      n.infinite = false, n.mantissa = 1, n.exponent = 0;
  }
  if ((flags & flagRelu) && n.negative && !n.nan)
    n = Number();
  uint64_t bits = pack(n, to, flags);
  if (flags & flagSaturate) {
    uint64_t one = uint64_t(to.bias()) << to.mantissaBits;
    bits = bits > one ? one : bits;
  }
  bool tiny =
      to.bits() == 32 &&
      !(bits & (((uint64_t(1) << to.exponentBits) - 1) << to.mantissaBits));
  if ((flags & flagFlush) && tiny)
    bits &= uint64_t(1) << (to.bits() - 1);
  return bits;
}

template <typename T> struct Plain {
  using Held = T;
};
struct F16 {
  using Held = uint16_t;
  static constexpr const Format &format = halfFormat;
};
struct BF16 {
  using Held = uint16_t;
  static constexpr const Format &format = brainFormat;
};
struct F32 {
  using Held = uint32_t;
  static constexpr const Format &format = singleFormat;
};
struct F64 {
  using Held = uint64_t;
  static constexpr const Format &format = doubleFormat;
};

template <typename To, typename From> struct Convert;
template <typename To, typename From> struct Convert<Plain<To>, Plain<From>> {
  static To apply(From from, uint64_t flags) {
    if (!(flags & flagSaturate))
      return To(from);
    return toInteger<To>(fromInteger(from), false, roundZero);
  }
};
template <typename To, typename From> struct Convert<Plain<To>, From> {
  static To apply(typename From::Held from, uint64_t flags) {
    Number n = unpack(from, From::format);
    if ((flags & flagFlush) && sizeof(from) == 4)
      n = flushed(n, From::format);
    return toInteger<To>(n, sizeof(from) == 8, flags & roundMask);
  }
};
template <typename To, typename From> struct Convert<To, Plain<From>> {
  static typename To::Held apply(From from, uint64_t flags) {
    return typename To::Held(finishFloat(fromInteger(from), To::format, flags));
  }
};
template <typename To, typename From> struct Convert {
  static typename To::Held apply(typename From::Held from, uint64_t flags) {
    Number n = unpack(from, From::format);
    if ((flags & flagFlush) && sizeof(from) == 4)
      n = flushed(n, From::format);
    return typename To::Held(finishFloat(n, To::format, flags));
  }
};

template <typename To, typename From> LANE_FUNCTION(convert) {
  auto *from = static_cast<const typename From::Held *>(a);
  auto *to = static_cast<typename To::Held *>(out);
  for (unsigned i = 0; i < lanes; ++i)
    to[i] = Convert<To, From>::apply(from[i], flags);
}

/// tf32 lies in the upper bits of an f32.
LANE_FUNCTION(convertTensor) {
  for (unsigned i = 0; i < lanes; ++i) {
    Number n = unpack(static_cast<const uint32_t *>(a)[i], singleFormat);
    uint64_t bits = finishFloat(n, tensorFormat, flags);
    static_cast<uint32_t *>(out)[i] = n.nan ? 0x7fffffff : uint32_t(bits << 13);
  }
}

/// Two f32 to a pair; the first becomes the upper half.
template <const Format &format> LANE_FUNCTION(convertTwo) {
  unsigned bits = format.bits();
  for (unsigned i = 0; i < lanes; ++i) {
    uint64_t pair = 0;
    for (const void *from : {a, b})
      pair = pair << bits |
             finishFloat(
                 unpack(static_cast<const uint32_t *>(from)[i], singleFormat),
                 format, flags);
    if (bits == 16)
      static_cast<uint32_t *>(out)[i] = uint32_t(pair);
    else
      static_cast<uint16_t *>(out)[i] = uint16_t(pair);
  }
}

template <const Format &format> LANE_FUNCTION(convertHalves) {
  for (unsigned i = 0; i < lanes; ++i) {
    uint32_t pair = static_cast<const uint32_t *>(a)[i];
    uint64_t high = finishFloat(unpack(pair >> 16, halfFormat), format, flags);
    uint64_t low =
        finishFloat(unpack(pair & 0xffff, halfFormat), format, flags);
    static_cast<uint16_t *>(out)[i] = uint16_t(high << 8 | low);
  }
}

template <const Format &format> LANE_FUNCTION(convertEights) {
  for (unsigned i = 0; i < lanes; ++i) {
    uint16_t pair = static_cast<const uint16_t *>(a)[i];
    uint64_t high =
        finishFloat(unpack(uint64_t(pair >> 8), format), halfFormat, flags);
    uint64_t low = finishFloat(unpack(pair & 255, format), halfFormat, flags);
    static_cast<uint32_t *>(out)[i] = uint32_t(high << 16 | low);
  }
}

} // namespace

#define PAIR(toName, To, fromName, From)                                       \
  {"cvt." toName "." fromName, convert<To, From>},
#define TO_EACH(toName, To)                                                    \
  PAIR(toName, To, "u8", Plain<uint8_t>)                                       \
  PAIR(toName, To, "u16", Plain<uint16_t>)                                     \
  PAIR(toName, To, "u32", Plain<uint32_t>)                                     \
  PAIR(toName, To, "u64", Plain<uint64_t>)                                     \
  PAIR(toName, To, "s8", Plain<int8_t>)                                        \
  PAIR(toName, To, "s16", Plain<int16_t>)                                      \
  PAIR(toName, To, "s32", Plain<int32_t>)                                      \
  PAIR(toName, To, "s64", Plain<int64_t>)                                      \
  PAIR(toName, To, "f16", F16)                                                 \
  PAIR(toName, To, "bf16", BF16)                                               \
  PAIR(toName, To, "f32", F32)                                                 \
  PAIR(toName, To, "f64", F64)

const LaneTable commonConvertTable[] = {
    TO_EACH("u8", Plain<uint8_t>) TO_EACH("u16", Plain<uint16_t>)
        TO_EACH("u32", Plain<uint32_t>) TO_EACH("u64", Plain<uint64_t>)
            TO_EACH("s8", Plain<int8_t>) TO_EACH("s16", Plain<int16_t>)
                TO_EACH("s32", Plain<int32_t>) TO_EACH("s64", Plain<int64_t>)
                    TO_EACH("f16", F16) TO_EACH("bf16", BF16)
                        TO_EACH("f32", F32)
                            TO_EACH("f64", F64){"cvt.tf32.f32", convertTensor},
    {"cvt.f16x2.f32", convertTwo<halfFormat>},
    {"cvt.bf16x2.f32", convertTwo<brainFormat>},
    {"cvt.e4m3x2.f32", convertTwo<e4m3Format>},
    {"cvt.e5m2x2.f32", convertTwo<e5m2Format>},
    {"cvt.e4m3x2.f16x2", convertHalves<e4m3Format>},
    {"cvt.e5m2x2.f16x2", convertHalves<e5m2Format>},
    {"cvt.f16x2.e4m3x2", convertEights<e4m3Format>},
    {"cvt.f16x2.e5m2x2", convertEights<e5m2Format>},
    {nullptr, nullptr}};

} // namespace terrazzo::emu
