// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which tokens may follow: section 4.5 of the paper, case by case, on a
// vocabulary of thirty tokens.
#include "speech/TextRules.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

using namespace terrazzo;

namespace {

constexpr int32_t end = 10, vocabulary = 30;

speech::SpeechSettings settings() {
  speech::SpeechSettings made;
  made.end = end;
  made.start = 11;
  made.previous = 12;
  made.withoutTimes = 14;
  made.suppressed = {3};
  made.suppressedFirst = {1, end};
  made.latestFirst = 4;
  return made;
}

/// Those left when all of them are alike, but for `word`, which is likelier
/// than all times together.
std::set<int32_t> left(std::vector<int32_t> text, int32_t word = 0) {
  speech::SpeechSettings all = settings();
  std::vector<float> logits(vocabulary, 0);
  logits[size_t(word)] = 10;
  speech::TextRules(all, vocabulary).apply(text, logits);
  std::set<int32_t> tokens;
  for (int32_t i = 0; i < vocabulary; ++i)
    if (std::isfinite(logits[size_t(i)]))
      tokens.insert(i);
  return tokens;
}

using Set = std::set<int32_t>;

TEST(TextRules, ATextBeginsWithAnEarlyTime) {
  EXPECT_EQ(left({}), (Set{15, 16, 17, 18, 19}));
}

TEST(TextRules, WordsFollowItsFirstTime) {
  EXPECT_EQ(left({15}), (Set{0, 1, 2, 4, 5, 6, 7, 8, 9, 10}));
}

TEST(TextRules, TimesDoNotGoBackAndAPartHasSomeLength) {
  Set tokens = left({16, 5});
  EXPECT_FALSE(tokens.contains(16));
  EXPECT_TRUE(tokens.contains(17) && tokens.contains(0) &&
              tokens.contains(end) && !tokens.contains(3));
}

TEST(TextRules, AfterAPartThereIsItsNextTimeOrTheEnd) {
  Set tokens = left({15, 5, 20}, end);
  EXPECT_TRUE(tokens.contains(20) && tokens.contains(end));
  EXPECT_FALSE(tokens.contains(19) || tokens.contains(0));
}

TEST(TextRules, TimesThatAreLikelierThanAnyWordTogether) {
  speech::SpeechSettings all = settings();
  std::vector<float> logits(vocabulary, 0);
  logits[5] = 1; // less than the logarithm of fourteen
  std::vector<int32_t> text{15, 4};
  speech::TextRules(all, vocabulary).apply(text, logits);
  EXPECT_FALSE(std::isfinite(logits[5]));
  EXPECT_TRUE(std::isfinite(logits[16]));
}

TEST(TextRules, LogarithmOfSums) {
  std::vector<float> logits{1, 2, 3};
  EXPECT_NEAR(speech::logSumExp(logits), 3.40760596, 1e-6);
  std::vector<float> none(3, -INFINITY);
  EXPECT_EQ(speech::logSumExp(none), -INFINITY);
}

} // namespace
