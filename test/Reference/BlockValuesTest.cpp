// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Block formats, value by value. The code here asks where the bits of value i
// lie; the library walks the bytes instead. Both are exact, so they must agree
// to the bit.
#include "ReferenceHarness.h"
#include <cmath>

namespace terrazzo::reference {
namespace {

int bits(const uint8_t *p, int first, int count) {
  int value = 0;
  for (int i = 0; i < count; ++i)
    value |= (p[(first + i) / 8] >> ((first + i) % 8) & 1) << i;
  return value;
}

double halfValue(const uint8_t *p) {
  int fraction = bits(p, 0, 10), exponent = bits(p, 10, 5);
  double sign = bits(p, 15, 1) ? -1 : 1;
  if (exponent == 0)
    return sign * fraction * std::pow(2.0, -24);
  return sign * (1 + fraction / 1024.0) * std::pow(2.0, exponent - 15);
}

int signedByte(uint8_t byte) { return byte < 128 ? byte : byte - 256; }

/// Value i < 32 of a nibble block whose nibbles begin at `p`.
int nibble(const uint8_t *p, int i) {
  return bits(p, i % 16 * 8 + i / 16 * 4, 4);
}

double q4_0(const uint8_t *b, int i) {
  return halfValue(b) * (nibble(b + 2, i) - 8);
}
double q4_1(const uint8_t *b, int i) {
  return halfValue(b) * nibble(b + 4, i) + halfValue(b + 2);
}
double q5_0(const uint8_t *b, int i) {
  return halfValue(b) * (nibble(b + 6, i) + 16 * bits(b + 2, i, 1) - 16);
}
double q5_1(const uint8_t *b, int i) {
  return halfValue(b) * (nibble(b + 8, i) + 16 * bits(b + 4, i, 1)) +
         halfValue(b + 2);
}
double q8_0(const uint8_t *b, int i) {
  return halfValue(b) * signedByte(b[2 + i]);
}

/// Scale and minimum of group g < 8 of a K block.
std::pair<int, int> groupScale(const uint8_t *s, int g) {
  if (g < 4)
    return {bits(s + g, 0, 6), bits(s + 4 + g, 0, 6)};
  return {bits(s + 4 + g, 0, 4) + 16 * bits(s + g - 4, 6, 2),
          bits(s + 4 + g, 4, 4) + 16 * bits(s + g, 6, 2)};
}

double scaled(const uint8_t *b, int i, int q) {
  auto [scale, minimum] = groupScale(b + 4, i / 32);
  return halfValue(b) * scale * q - halfValue(b + 2) * minimum;
}

double q4_k(const uint8_t *b, int i) {
  return scaled(b, i, bits(b + 16 + i / 64 * 32 + i % 32, i / 32 % 2 * 4, 4));
}
double q5_k(const uint8_t *b, int i) {
  int low = bits(b + 48 + i / 64 * 32 + i % 32, i / 32 % 2 * 4, 4);
  return scaled(b, i, low + 16 * bits(b + 16 + i % 32, i / 32, 1));
}
double q6_k(const uint8_t *b, int i) {
  int part = i / 128, within = i % 128;
  int low = bits(b + part * 64 + within % 64, within / 64 * 4, 4);
  int high = bits(b + 128 + part * 32 + within % 32, within / 32 * 2, 2);
  return halfValue(b + 208) * signedByte(b[192 + i / 16]) *
         (low + 16 * high - 32);
}
double f16(const uint8_t *b, int) { return halfValue(b); }

struct Format {
  const char *type;
  double (*value)(const uint8_t *block, int i);
  std::vector<int> halves; ///< offsets of half-precision numbers
};

void PrintTo(const Format &format, std::ostream *stream) {
  *stream << format.type;
}

class BlockValues : public ReferenceTest,
                    public ::testing::WithParamInterface<Format> {};

TEST_P(BlockValues, AgreeWithTheBits) {
  const Format &format = GetParam();
  mlir::Type element = mlir::parseType(format.type, &context);
  BlockShape shape = blockShape(element);
  const int blocks = 200;
  std::vector<uint8_t> bytes = randomBytes(blocks * shape.bytes);
  for (int block = 0; block < blocks; ++block)
    for (int offset : format.halves)
      // Infinities and NaN have their own test.
      if (uint8_t &high = bytes[block * shape.bytes + offset + 1];
          (high & 0x7c) == 0x7c)
        high ^= 0x40;
  std::vector<double> values(blocks * shape.values);
  decodeBlocks(element, bytes.data(), blocks, values.data());
  for (int64_t i = 0; i < blocks * shape.values; ++i)
    ASSERT_EQ(values[i], format.value(&bytes[i / shape.values * shape.bytes],
                                      i % shape.values))
        << format.type << " value " << i;
}

INSTANTIATE_TEST_SUITE_P(
    AllFormats, BlockValues,
    ::testing::Values(Format{"!tz.block<q4_0>", q4_0, {0}},
                      Format{"!tz.block<q4_1>", q4_1, {0, 2}},
                      Format{"!tz.block<q5_0>", q5_0, {0}},
                      Format{"!tz.block<q5_1>", q5_1, {0, 2}},
                      Format{"!tz.block<q8_0>", q8_0, {0}},
                      Format{"!tz.block<q4_k>", q4_k, {0, 2}},
                      Format{"!tz.block<q5_k>", q5_k, {0, 2}},
                      Format{"!tz.block<q6_k>", q6_k, {208}},
                      Format{"f16", f16, {0}}));

TEST_F(ReferenceTest, PlainNumbers) {
  mlir::Builder builder(&context);
  std::vector<double> out(4);
  const float f32s[] = {1.5f, -0.1f, 1e-40f, 3e38f};
  decodeBlocks(builder.getF32Type(), reinterpret_cast<const uint8_t *>(f32s), 4,
               out.data());
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(out[i], static_cast<double>(f32s[i]));

  const uint16_t bf16s[] = {0x3f80, 0xc000, 0x0001, 0x7f80};
  decodeBlocks(builder.getBF16Type(), reinterpret_cast<const uint8_t *>(bf16s),
               4, out.data());
  EXPECT_EQ(out, (std::vector<double>{1, -2, std::ldexp(1, -133), INFINITY}));

  const uint16_t f16s[] = {0x0001, 0x7bff, 0xfc00, 0x7e00};
  decodeBlocks(builder.getF16Type(), reinterpret_cast<const uint8_t *>(f16s), 4,
               out.data());
  EXPECT_EQ(out[0], std::ldexp(1, -24));
  EXPECT_EQ(out[1], 65504);
  EXPECT_EQ(out[2], -INFINITY);
  EXPECT_TRUE(std::isnan(out[3]));
}

} // namespace
} // namespace terrazzo::reference
