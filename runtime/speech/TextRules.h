// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which tokens may come next in a window's text (section 4.5 of Radford et al.,
// arXiv 2212.04356): a text begins with a time, times come in pairs and never
// go back, and some tokens are never chosen.
#pragma once

#include "speech/SpeechSettings.h"

#include <span>

namespace terrazzo::speech {

class TextRules {
public:
  TextRules(const SpeechSettings &settings, uint32_t vocabulary);

  /// The logits of tokens that may not follow `text`, a window's so far,
  /// become minus infinity.
  void apply(std::span<const int32_t> text, std::span<float> logits) const;

  bool isTime(int32_t token) const { return token >= settings.times(); }

private:
  void forbidTimes(std::span<const int32_t> text,
                   std::span<float> logits) const;

  const SpeechSettings &settings;
  std::vector<int32_t> never;
};

/// The logarithm of the sum of the exponentials.
double logSumExp(std::span<const float> logits);

} // namespace terrazzo::speech
