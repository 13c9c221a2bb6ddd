// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "formats/GgufSettings.h"
#include "GgufWriter.h"

#include <gtest/gtest.h>

using namespace terrazzo;
using namespace terrazzo::formats;
using namespace terrazzo::test;

namespace {

using Lines = std::vector<std::string>;

Lines linesOf(const GgufWriter &writer) {
  TemporaryFile file(writer.bytes());
  auto opened = ModelFile::open(file.path());
  EXPECT_TRUE(bool(opened));
  return settingsOf(**opened);
}

} // namespace

TEST(GgufSettings, OnlyTheArchitecturesOwn) {
  GgufWriter writer;
  writer.string("general.architecture", "llama").string("general.name", "x");
  writer.number("llama.block_count", 2).boolean("llama.attention.causal", true);
  writer.number("llamas.block_count", 3).string("tokenizer.ggml.model", "gpt2");
  writer.value("llama.rope.freq_base", 6, GgufWriter::raw(1e-5f));
  writer.array<int32_t>("llama.list", 5, {1, -2});
  EXPECT_EQ(
      linesOf(writer),
      (Lines{"general.architecture = 'llama'", "llama.attention.causal = true",
             "llama.block_count = 2", "llama.list = [1, -2]",
             "llama.rope.freq_base = 9.99999975e-06"}));
  EXPECT_EQ(linesOf(GgufWriter().string("general.name", "x")), Lines());
}

TEST(GgufSettings, NeitherOrderNorWidthCounts) {
  GgufWriter one, other;
  one.string("general.architecture", "llama").number("llama.a", 7);
  one.number("llama.b", 8);
  other.value("llama.b", 10, GgufWriter::raw(uint64_t(8)));
  other.value("llama.a", 5, GgufWriter::raw(int32_t(7)));
  other.string("general.architecture", "llama");
  EXPECT_EQ(linesOf(one), linesOf(other));
}

TEST(GgufSettings, LongListsStandAsTheirHash) {
  auto with = [](int32_t last) {
    std::vector<int32_t> list(30, 1);
    list.back() = last;
    GgufWriter writer;
    writer.string("general.architecture", "llama").array("llama.l", 5, list);
    return linesOf(writer);
  };
  EXPECT_EQ(with(1), with(1));
  EXPECT_NE(with(1), with(2));
}

TEST(GgufSettings, TheDifferenceIsNamed) {
  Lines one = {"a = 1", "b = 2"}, two = {"a = 1", "b = 3"}, three = {"a = 1"};
  EXPECT_EQ(differenceOfSettings(one, "here", one, "there"), "");
  EXPECT_EQ(differenceOfSettings(one, "here", two, "there"),
            "'b' is 2 in here and 3 in there");
  EXPECT_EQ(differenceOfSettings(one, "here", three, "there"),
            "'b' is 2 in here and not given in there");
  EXPECT_EQ(differenceOfSettings(three, "here", two, "there"),
            "'b' is not given in here and 3 in there");
}
