// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See WindowText.h.
#include "speech/WindowText.h"

#include "text/Sampler.h"

#include <algorithm>
#include <cmath>

namespace terrazzo::speech {

WindowDecoder::WindowDecoder(SpeechModel &model, const SpeechSettings &settings,
                             const std::function<bool()> &cancelled)
    : model(model), settings(settings), cancelled(cancelled),
      rules(settings, model.vocabulary()), logits(model.vocabulary()) {}

double WindowDecoder::silenceIn(std::span<const float> given) const {
  return std::exp(double(given[size_t(settings.silence())]) - logSumExp(given));
}

Expected<std::span<const float>>
WindowDecoder::logitsOf(std::span<const int32_t> prompt) {
  if (Status status = model.decode(prompt, 0, logits); !status)
    return status.takeError();
  return std::span<const float>(logits);
}

Expected<WindowText> WindowDecoder::decode(std::span<const int32_t> prompt,
                                           size_t startRow, float temperature) {
  WindowText text;
  text.temperature = temperature;
  text::SamplerOptions options;
  options.temperature = temperature;
  options.topK = 0;
  options.topP = 1;
  options.minP = 0;
  text::Sampler sampler(options, logits.size());
  if (auto first = logitsOf(prompt); !first)
    return first.takeError();
  if (startRow + 1 == prompt.size()) {
    text.silence = silenceIn(logits);
  } else {
    row.resize(logits.size());
    if (Status status = model.logitsOf(uint32_t(startRow), row); !status)
      return status.takeError();
    text.silence = silenceIn(row);
  }
  // Half of the positions are for what was said before.
  size_t most =
      std::min<size_t>(model.context() / 2, model.context() - prompt.size());
  double sum = 0;
  while (!cancelled()) {
    rules.apply(text.tokens, logits);
    int32_t token = sampler.sample(logits);
    sum += double(logits[size_t(token)]) - logSumExp(logits);
    if (token == settings.end || text.tokens.size() == most)
      break;
    text.tokens.push_back(token);
    uint32_t position = uint32_t(prompt.size() + text.tokens.size() - 1);
    if (position + 1 >= model.context())
      break;
    if (Status status = model.decode({&token, 1}, position, logits); !status)
      return status.takeError();
  }
  text.averageLogarithm = sum / double(text.tokens.size() + 1);
  return text;
}

} // namespace terrazzo::speech
