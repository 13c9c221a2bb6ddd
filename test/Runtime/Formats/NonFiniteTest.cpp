// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "formats/NonFinite.h"
#include "terrazzo-c/numbers.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

using namespace terrazzo::formats;

TEST(NonFinite, EveryPlaceIsLookedAt) {
  for (size_t count : {1, 3, 16, 100}) {
    std::vector<float> values(count, -std::numeric_limits<float>::max());
    EXPECT_TRUE(allFinite(values.data(), count));
    for (float bad : {NAN, -NAN, INFINITY, -INFINITY})
      for (size_t at = 0; at < count; ++at) {
        values[at] = bad;
        EXPECT_FALSE(allFinite(values.data(), count)) << at;
        values[at] = 1e-45f;
      }
    EXPECT_TRUE(allFinite(values.data(), count));
  }
  EXPECT_TRUE(allFinite(nullptr, 0));
}

TEST(NonFinite, PlainFormats) {
  std::vector<float> words = {1, 2, -INFINITY, NAN};
  const auto *bytes = reinterpret_cast<const uint8_t *>(words.data());
  auto found = findNonFinite(BlockFormat::F32, bytes, 16);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->at, 2u);
  EXPECT_EQ(found->what, "-Inf");
  EXPECT_FALSE(findNonFinite(BlockFormat::F32, bytes, 8));

  std::vector<uint16_t> halves = {0x7bff, 0xfbff, 0x7c00};
  bytes = reinterpret_cast<const uint8_t *>(halves.data());
  EXPECT_FALSE(findNonFinite(BlockFormat::F16, bytes, 4));
  EXPECT_EQ(findNonFinite(BlockFormat::F16, bytes, 6)->what, "Inf");
  // The same bits are finite as bfloat16.
  EXPECT_FALSE(findNonFinite(BlockFormat::BF16, bytes, 6));
  halves[1] = 0x7f81;
  EXPECT_EQ(findNonFinite(BlockFormat::BF16, bytes, 6)->what, "NaN");
}

TEST(NonFinite, ScalesOfBlocks) {
  struct Row {
    BlockFormat format;
    std::vector<size_t> scales;
  };
  for (const Row &row : std::vector<Row>{{BlockFormat::Q4_0, {0}},
                                         {BlockFormat::Q4_1, {0, 2}},
                                         {BlockFormat::Q5_0, {0}},
                                         {BlockFormat::Q5_1, {0, 2}},
                                         {BlockFormat::Q8_0, {0}},
                                         {BlockFormat::Q4_K, {0, 2}},
                                         {BlockFormat::Q5_K, {0, 2}},
                                         {BlockFormat::Q6_K, {208}}}) {
    const BlockFormatInfo &info = blockFormatInfo(row.format);
    // Quants of all ones are no NaN.
    std::vector<uint8_t> bytes(3 * info.bytes, 0xff);
    for (size_t block = 0; block < 3; ++block)
      for (size_t scale : row.scales)
        bytes[block * info.bytes + scale + 1] = 0x3c;
    EXPECT_FALSE(findNonFinite(row.format, bytes.data(), bytes.size()))
        << info.name;
    for (size_t scale : row.scales) {
      std::vector<uint8_t> bad = bytes;
      bad[2 * info.bytes + scale] = 0;
      bad[2 * info.bytes + scale + 1] = 0x7c;
      auto found = findNonFinite(row.format, bad.data(), bad.size());
      ASSERT_TRUE(found) << info.name << " " << scale;
      EXPECT_EQ(found->at, 2u * info.values);
      EXPECT_EQ(found->what, "Inf");
    }
  }
}

TEST(NonFinite, LargestMagnitude) {
  std::vector<float> words = {1, -70000, 3};
  const auto *bytes = reinterpret_cast<const uint8_t *>(words.data());
  EXPECT_EQ(largestMagnitude(BlockFormat::F32, bytes, 12), 70000);
  EXPECT_EQ(largestMagnitude(BlockFormat::F32, bytes, 4), 1);
  // The upper halves of the words, and zeros between them.
  EXPECT_EQ(largestMagnitude(BlockFormat::F16, bytes, 12), 0);
}

TEST(NonFinite, TheMarkOfACacheIsANaN) {
  uint16_t mark = TERRAZZO_BEYOND_HALF;
  uint8_t bytes[2];
  std::memcpy(bytes, &mark, 2);
  EXPECT_EQ(findNonFinite(BlockFormat::F16, bytes, 2)->what, "NaN");
}
