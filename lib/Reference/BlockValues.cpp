// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Reference/BlockValues.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/ErrorHandling.h"
#include <cmath>
#include <cstring>

namespace terrazzo::reference {
namespace {

uint32_t little(const uint8_t *p, int bytes) {
  uint32_t value = 0;
  for (int i = 0; i < bytes; ++i)
    value |= uint32_t(p[i]) << (8 * i);
  return value;
}

double f32(uint32_t bits) { return llvm::bit_cast<float>(bits); }

/// IEEE binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits.
double half(const uint8_t *p) {
  uint32_t bits = little(p, 2);
  int exponent = bits >> 10 & 31, fraction = bits & 1023;
  double magnitude;
  if (exponent == 31)
    magnitude = fraction ? NAN : INFINITY;
  else if (exponent == 0)
    magnitude = std::ldexp(fraction, -24);
  else
    magnitude = std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -magnitude : magnitude;
}

//===----------------------------------------------------------------------===//
// 32 values a block: one scale, perhaps one offset
//===----------------------------------------------------------------------===//

/// Four low bits of value j stand in byte j's low half, those of value j + 16
/// in its high half; `high` holds a fifth bit per value.
void decodeNibbles(const uint8_t *packed, uint32_t high, double scale,
                   double offset, double *out) {
  for (int j = 0; j < 16; ++j) {
    int low = (packed[j] & 15) | (high >> j & 1) << 4;
    int up = packed[j] >> 4 | (high >> (j + 16) & 1) << 4;
    out[j] = scale * low + offset;
    out[j + 16] = scale * up + offset;
  }
}

void decodeQ4_0(const uint8_t *block, double *out) {
  double scale = half(block);
  decodeNibbles(block + 2, 0, scale, -8 * scale, out);
}

void decodeQ4_1(const uint8_t *block, double *out) {
  decodeNibbles(block + 4, 0, half(block), half(block + 2), out);
}

void decodeQ5_0(const uint8_t *block, double *out) {
  double scale = half(block);
  decodeNibbles(block + 6, little(block + 2, 4), scale, -16 * scale, out);
}

void decodeQ5_1(const uint8_t *block, double *out) {
  decodeNibbles(block + 8, little(block + 4, 4), half(block), half(block + 2),
                out);
}

void decodeQ8_0(const uint8_t *block, double *out) {
  double scale = half(block);
  for (int j = 0; j < 32; ++j)
    out[j] = scale * static_cast<int8_t>(block[2 + j]);
}

//===----------------------------------------------------------------------===//
// 256 values a block: scales of scales
//===----------------------------------------------------------------------===//

/// Eight pairs of 6-bit scale and minimum in 12 bytes: the first four pairs
/// fill the low six bits of bytes 0-3 and 4-7, the others are split between
/// bytes 8-11 (low four bits) and the two bits left over above.
void scaleAndMinimum(const uint8_t *packed, int j, int &scale, int &minimum) {
  if (j < 4) {
    scale = packed[j] & 63;
    minimum = packed[j + 4] & 63;
  } else {
    scale = (packed[j + 4] & 15) | packed[j - 4] >> 6 << 4;
    minimum = packed[j + 4] >> 4 | packed[j] >> 6 << 4;
  }
}

/// Q4_K and Q5_K: eight groups of 32, two sharing 32 bytes of nibbles; group
/// j's fifth bits are bit j of the 32 bytes at `high`.
void decodeScaledNibbles(const uint8_t *block, const uint8_t *high,
                         const uint8_t *packed, double *out) {
  double d = half(block), dmin = half(block + 2);
  for (int j = 0; j < 8; ++j) {
    int scale, minimum;
    scaleAndMinimum(block + 4, j, scale, minimum);
    double a = d * scale, b = -dmin * minimum;
    const uint8_t *nibbles = packed + j / 2 * 32;
    int shift = j % 2 * 4;
    for (int l = 0; l < 32; ++l) {
      int q = nibbles[l] >> shift & 15;
      if (high)
        q |= (high[l] >> j & 1) << 4;
      out[j * 32 + l] = a * q + b;
    }
  }
}

void decodeQ4_K(const uint8_t *block, double *out) {
  decodeScaledNibbles(block, nullptr, block + 16, out);
}

void decodeQ5_K(const uint8_t *block, double *out) {
  decodeScaledNibbles(block, block + 16, block + 48, out);
}

/// Two halves of 128 values; in each, 64 bytes of nibbles, 32 bytes of upper
/// bit pairs and 8 signed scales for 16 values each.
void decodeQ6_K(const uint8_t *block, double *out) {
  double d = half(block + 208);
  for (int part = 0; part < 2; ++part) {
    const uint8_t *low = block + part * 64, *high = block + 128 + part * 32;
    const auto *scales =
        reinterpret_cast<const int8_t *>(block + 192 + part * 8);
    for (int quarter = 0; quarter < 4; ++quarter)
      for (int l = 0; l < 32; ++l) {
        int nibble = low[l + quarter % 2 * 32] >> (quarter / 2 * 4) & 15;
        int q = (nibble | (high[l] >> (quarter * 2) & 3) << 4) - 32;
        out[part * 128 + quarter * 32 + l] =
            d * scales[quarter * 2 + l / 16] * q;
      }
  }
}

//===----------------------------------------------------------------------===//
// Plain numbers
//===----------------------------------------------------------------------===//

void decodeF32(const uint8_t *p, double *out) { *out = f32(little(p, 4)); }
void decodeBF16(const uint8_t *p, double *out) {
  *out = f32(little(p, 2) << 16);
}
void decodeF16(const uint8_t *p, double *out) { *out = half(p); }

using Decode = void (*)(const uint8_t *, double *);

Decode decoder(mlir::Type element) {
  if (auto block = mlir::dyn_cast<tz::BlockType>(element)) {
    switch (block.getFormat()) {
#define BLOCK_FORMAT(Name, ...)                                                \
  case tz::BlockFormat::Name:                                                  \
    return decode##Name;
#include "terrazzo/Formats/BlockFormats.def"
    }
  }
  if (element.isF32())
    return decodeF32;
  if (element.isF16())
    return decodeF16;
  if (element.isBF16())
    return decodeBF16;
  llvm_unreachable("a weight's element type has no stored form");
}

} // namespace

BlockShape blockShape(mlir::Type element) {
  if (auto block = mlir::dyn_cast<tz::BlockType>(element))
    return {block.getValues(), block.getBytes()};
  return {1, element.getIntOrFloatBitWidth() / 8};
}

void decodeBlocks(mlir::Type element, const uint8_t *bytes, int64_t count,
                  double *numbers) {
  BlockShape shape = blockShape(element);
  Decode decode = decoder(element);
  for (int64_t i = 0; i < count; ++i)
    decode(bytes + i * shape.bytes, numbers + i * shape.values);
}

} // namespace terrazzo::reference
