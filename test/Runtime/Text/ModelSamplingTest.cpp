// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "text/ModelSampling.h"
#include "GgufWriter.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace terrazzo;
using namespace terrazzo::test;
using text::ModelSampling;

namespace {

Expected<ModelSampling> read(const GgufWriter &writer) {
  TemporaryFile temporary(writer.bytes());
  auto file = formats::ModelFile::open(temporary.path());
  EXPECT_TRUE(file);
  return text::readModelSampling(**file);
}

GgufWriter real(const char *key, float value) {
  return GgufWriter().value(key, 6, GgufWriter::raw(value));
}

TEST(ModelSampling, DefaultsWhereTheFileIsSilent) {
  auto sampling = read(GgufWriter().number("general.alignment", 32));
  ASSERT_TRUE(sampling);
  EXPECT_EQ(sampling->options.temperature, 0.8f);
  EXPECT_EQ(sampling->options.topK, 40u);
  EXPECT_TRUE(sampling->notes.empty());
}

TEST(ModelSampling, TakesWhatTheFileSays) {
  auto sampling = read(
      real("general.sampling.temp", 0.25f)
          .value("general.sampling.top_k", 5, GgufWriter::raw(-1))
          .value("general.sampling.top_p", 6, GgufWriter::raw(0.5f))
          .value("general.sampling.min_p", 6, GgufWriter::raw(0.0f))
          .value("general.sampling.penalty_repeat", 6, GgufWriter::raw(1.5f))
          .value("general.sampling.penalty_last_n", 5, GgufWriter::raw(-1)));
  ASSERT_TRUE(sampling);
  EXPECT_EQ(sampling->options.temperature, 0.25f);
  EXPECT_EQ(sampling->options.topK, 0u);
  EXPECT_EQ(sampling->options.topP, 0.5f);
  EXPECT_EQ(sampling->options.minP, 0.0f);
  EXPECT_EQ(sampling->options.repeatPenalty, 1.5f);
  EXPECT_EQ(sampling->repeatLast, -1);
  ASSERT_EQ(sampling->notes.size(), 1u);
  EXPECT_NE(sampling->notes[0].find("temp 0.25"), std::string::npos);
}

TEST(ModelSampling, SaysWhatItLeavesOut) {
  auto sampling = read(GgufWriter()
                           .number("general.sampling.mirostat", 2)
                           .number("general.sampling.xtc_probability", 0)
                           .number("general.sampling.mirostat_tau", 5));
  ASSERT_TRUE(sampling);
  ASSERT_EQ(sampling->notes.size(), 1u);
  EXPECT_NE(sampling->notes[0].find("mirostat = 2"), std::string::npos);
}

TEST(ModelSampling, RefusesWhatMakesNoSense) {
  for (float value : {-1.0f, NAN, INFINITY, 1e30f}) {
    auto sampling = read(real("general.sampling.temp", value));
    ASSERT_FALSE(sampling) << value;
    EXPECT_EQ(sampling.error().code, "TZ0221");
  }
  for (float value : {-2.0f, NAN, INFINITY, 1e30f})
    EXPECT_FALSE(read(real("general.sampling.top_k", value))) << value;
  auto text = read(GgufWriter().string("general.sampling.temp", "warm"));
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, "TZ0111");
}

} // namespace
