// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes of blocks, checked against the parts they are made of.
#include "formats/BlockFormat.h"

#include <gtest/gtest.h>

using namespace terrazzo::formats;

TEST(BlockFormat, NamesAndNumbers) {
  EXPECT_EQ(findBlockFormat(uint32_t(3))->name, "q4_1");
  EXPECT_EQ(findBlockFormat("q6_k")->format, BlockFormat::Q6_K);
  EXPECT_EQ(findBlockFormat(uint32_t(4)), nullptr);
  EXPECT_EQ(findBlockFormat("q4_2"), nullptr);
  EXPECT_EQ(blockFormatInfo(BlockFormat::BF16).bytes, 2u);
}

TEST(BlockFormat, Sizes) {
  auto bytes = [](const char *name) { return findBlockFormat(name)->bytes; };
  // Bits of 32 values, then scales and minimums in f16.
  EXPECT_EQ(bytes("q4_0"), 32 * 4 / 8 + 2u);
  EXPECT_EQ(bytes("q4_1"), 32 * 4 / 8 + 4u);
  EXPECT_EQ(bytes("q5_0"), 32 * 5 / 8 + 2u);
  EXPECT_EQ(bytes("q5_1"), 32 * 5 / 8 + 4u);
  EXPECT_EQ(bytes("q8_0"), 32 + 2u);
  // Bits of 256 values, sub-block scales, then f16 scales.
  EXPECT_EQ(bytes("q2_k"), 256 * 2 / 8 + 16 + 4u);
  EXPECT_EQ(bytes("q3_k"), 256 * 3 / 8 + 12 + 2u);
  EXPECT_EQ(bytes("q4_k"), 256 * 4 / 8 + 12 + 4u);
  EXPECT_EQ(bytes("q5_k"), 256 * 5 / 8 + 12 + 4u);
  EXPECT_EQ(bytes("q6_k"), 256 * 6 / 8 + 16 + 2u);
  EXPECT_EQ(bytes("mxfp4"), 32 * 4 / 8 + 1u);
}
