// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See TextRules.h.
#include "speech/TextRules.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace terrazzo::speech {

constexpr float impossible = -std::numeric_limits<float>::infinity();

double logSumExp(std::span<const float> logits) {
  float largest = *std::ranges::max_element(logits);
  if (largest == -std::numeric_limits<float>::infinity())
    return largest;
  double sum = 0;
  for (float logit : logits)
    sum += std::exp(logit - largest);
  return largest + std::log(sum);
}

TextRules::TextRules(const SpeechSettings &settings, uint32_t vocabulary)
    : settings(settings), never(settings.suppressed) {
  never.insert(never.end(), {settings.start, settings.previous,
                             settings.silence(), settings.withoutTimes});
  for (const auto &[name, token] : settings.tasks)
    never.push_back(token);
  std::erase_if(never, [&](int32_t token) {
    return uint32_t(token) >= vocabulary || token == settings.end;
  });
}

void TextRules::apply(std::span<const int32_t> text,
                      std::span<float> logits) const {
  for (int32_t token : never)
    logits[size_t(token)] = impossible;
  if (text.empty())
    for (int32_t token : settings.suppressedFirst)
      logits[size_t(token)] = impossible;
  forbidTimes(text, logits);
  // Where times together are likelier than any word, it is a time.
  auto words = logits.first(size_t(settings.times()));
  auto times = logits.subspan(size_t(settings.times()));
  if (logSumExp(times) > *std::ranges::max_element(words))
    std::ranges::fill(words, impossible);
}

void TextRules::forbidTimes(std::span<const int32_t> text,
                            std::span<float> logits) const {
  size_t first = size_t(settings.times());
  auto forbid = [&](size_t from, size_t to) {
    for (size_t i = from; i < std::min(to, logits.size()); ++i)
      logits[i] = impossible;
  };
  if (text.empty()) {
    forbid(0, first);
    if (settings.latestFirst)
      forbid(first + settings.latestFirst + 1, logits.size());
    return;
  }
  size_t count = text.size();
  bool afterTime = isTime(text.back());
  bool afterPair = afterTime && (count < 2 || isTime(text[count - 2]));
  if (afterPair)
    forbid(first, logits.size());
  else if (afterTime)
    forbid(0, size_t(settings.end));
  auto last = std::find_if(text.rbegin(), text.rend(),
                           [&](int32_t token) { return isTime(token); });
  // The same time again only where one part ends and the next begins.
  if (last != text.rend())
    forbid(first, size_t(*last) + (afterTime && !afterPair ? 0 : 1));
}

} // namespace terrazzo::speech
