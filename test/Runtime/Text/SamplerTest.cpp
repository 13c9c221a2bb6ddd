// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "text/Sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

using namespace terrazzo::text;

namespace {

SamplerOptions open(float temperature) {
  SamplerOptions options;
  options.temperature = temperature;
  options.topK = 0;
  options.topP = 1;
  options.minP = 0;
  return options;
}

std::map<TokenId, int> draws(const SamplerOptions &options,
                             const std::vector<float> &logits, int count) {
  Sampler sampler(options, logits.size());
  std::map<TokenId, int> seen;
  for (int i = 0; i < count; ++i)
    ++seen[sampler.sample(logits)];
  return seen;
}

TEST(Sampler, GreedyTakesTheLargest) {
  Sampler sampler(open(0), 4);
  EXPECT_EQ(sampler.sample(std::vector<float>{1, 3, 3, 2}), 1);
  EXPECT_EQ(sampler.sample(std::vector<float>{NAN, -5, -3, NAN}), 2);
}

TEST(Sampler, FollowsTheDistribution) {
  std::vector<float> logits = {std::log(0.5f), std::log(0.3f), std::log(0.2f)};
  auto seen = draws(open(1), logits, 20000);
  EXPECT_NEAR(seen[0], 10000, 300);
  EXPECT_NEAR(seen[1], 6000, 300);
  EXPECT_NEAR(seen[2], 4000, 300);
  // At temperature 2 probabilities go with their square roots.
  seen = draws(open(2), logits, 20000);
  EXPECT_NEAR(seen[0], 20000 * 0.7071 / (0.7071 + 0.5477 + 0.4472), 300);
}

TEST(Sampler, Cuts) {
  std::vector<float> logits = {std::log(0.4f), std::log(0.3f), std::log(0.2f),
                               std::log(0.1f)};
  SamplerOptions options = open(1);
  options.topK = 2;
  EXPECT_EQ(draws(options, logits, 1000).size(), 2u);
  options = open(1);
  options.topP = 0.6f;
  EXPECT_EQ(draws(options, logits, 1000).size(), 2u);
  options.topP = 0.75f;
  EXPECT_EQ(draws(options, logits, 1000).size(), 3u);
  options = open(1);
  options.minP = 0.4f;
  EXPECT_EQ(draws(options, logits, 1000).size(), 3u);
  options.minP = 1;
  EXPECT_EQ(draws(options, logits, 1000).size(), 1u);
}

TEST(Sampler, SeedDecides) {
  std::vector<float> logits(100, 0.0f);
  auto sequence = [&](uint64_t seed) {
    SamplerOptions options = open(1);
    options.seed = seed;
    Sampler sampler(options, logits.size());
    std::vector<TokenId> ids;
    for (int i = 0; i < 50; ++i)
      ids.push_back(sampler.sample(logits));
    return ids;
  };
  EXPECT_EQ(sequence(1), sequence(1));
  EXPECT_NE(sequence(1), sequence(2));
}

TEST(Sampler, PenalisesWhatWasSeen) {
  SamplerOptions options = open(0);
  options.repeatPenalty = 2;
  options.repeatLast = 2;
  Sampler sampler(options, 3);
  std::vector<float> logits = {4, 3, -1};
  sampler.accept(0);
  EXPECT_EQ(sampler.sample(logits), 1);
  sampler.accept(0);
  sampler.accept(1);
  EXPECT_EQ(sampler.sample(logits), 0);
  // What fell out of the window counts no longer.
  sampler.accept(2);
  sampler.accept(2);
  EXPECT_EQ(sampler.sample(logits), 0);
  EXPECT_EQ(logits[0], 4);
}

TEST(Sampler, AwkwardRows) {
  for (float temperature : {0.0f, 1.0f}) {
    SamplerOptions options;
    options.temperature = temperature;
    for (float value : {-INFINITY, INFINITY, NAN, 0.0f, 3e38f}) {
      TokenId id = Sampler(options, 5).sample(std::vector<float>(5, value));
      EXPECT_GE(id, 0);
      EXPECT_LT(id, 5);
    }
    EXPECT_EQ(Sampler(options, 3).sample(std::vector<float>{0, INFINITY, 0}),
              1);
  }
}

TEST(Sampler, RefusesSettings) {
  auto code = [](auto set) {
    SamplerOptions options;
    set(options);
    auto status = checkSamplerOptions(options);
    return status.ok() ? std::string() : status.error().code;
  };
  EXPECT_EQ(code([](SamplerOptions &) {}), "");
  EXPECT_EQ(code([](SamplerOptions &o) { o.temperature = -1; }), "TZ0220");
  EXPECT_EQ(code([](SamplerOptions &o) { o.temperature = NAN; }), "TZ0220");
  EXPECT_EQ(code([](SamplerOptions &o) { o.topP = 0; }), "TZ0220");
  EXPECT_EQ(code([](SamplerOptions &o) { o.minP = 1.5f; }), "TZ0220");
  EXPECT_EQ(code([](SamplerOptions &o) { o.repeatPenalty = 0; }), "TZ0220");
}

} // namespace
