// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The text of one window of sound: tokens one by one, the likeliest or drawn,
// as the rules allow.
#pragma once

#include "speech/SpeechModel.h"
#include "speech/TextRules.h"

#include <functional>

namespace terrazzo::speech {

struct WindowText {
  std::vector<int32_t> tokens; ///< with times, without the end
  double averageLogarithm = 0; ///< of the probabilities of tokens and the end
  double silence = 0;          ///< how probable it is that nobody speaks
  float temperature = 0;
};

class WindowDecoder {
public:
  /// All of them outlive it.
  WindowDecoder(SpeechModel &model, const SpeechSettings &settings,
                const std::function<bool()> &cancelled);

  /// Of the window that was encoded last. `prompt` is what stands before the
  /// text, `startRow` the place of the start's token in it. With a temperature
  /// above 0 tokens are drawn.
  Expected<WindowText> decode(std::span<const int32_t> prompt, size_t startRow,
                              float temperature);
  /// Logits of a prompt's last token, as the model gives them.
  Expected<std::span<const float>> logitsOf(std::span<const int32_t> prompt);

private:
  double silenceIn(std::span<const float> logits) const;

  SpeechModel &model;
  const SpeechSettings &settings;
  const std::function<bool()> &cancelled;
  TextRules rules;
  std::vector<float> logits, row;
};

} // namespace terrazzo::speech
