// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Transcriber.h.
#include "speech/Transcriber.h"

#include <algorithm>
#include <cmath>
#include <zlib.h>

namespace terrazzo::speech {

namespace {

/// Of the paper's section 4.5.
constexpr double believed = -1.0, silent = 0.6, repetitive = 2.4;
constexpr float mostChance = 1.0f, moreChance = 0.2f, forgetful = 0.5f;
/// Frames of a step of time.
constexpr size_t framesPerStep = 2;
constexpr double secondsPerFrame = double(samplesPerFrame) / sampleRate;

/// How many times smaller the text becomes.
double compression(const std::string &text) {
  if (text.empty())
    return 0;
  uLongf bytes = compressBound(uLong(text.size()));
  std::vector<Bytef> packed(bytes);
  compress(packed.data(), &bytes, reinterpret_cast<const Bytef *>(text.data()),
           uLong(text.size()));
  return double(text.size()) / double(bytes);
}

Error noSuch(const std::string &what, const std::string &why,
             const std::string &help) {
  return {ExitCode::Usage, "TZ0913", what, "", why, help};
}

} // namespace

Transcriber::Transcriber(SpeechModel &model, const SpeechSettings &settings,
                         const text::Tokenizer &tokenizer,
                         TranscribeOptions given)
    : model(model), settings(settings), tokenizer(tokenizer),
      options(std::move(given)), decoder(model, settings, options.cancelled),
      window(size_t(model.bands()) * model.frames()) {}

Expected<std::unique_ptr<Transcriber>>
Transcriber::create(SpeechModel &model, const SpeechSettings &settings,
                    const text::Tokenizer &tokenizer,
                    TranscribeOptions options) {
  std::unique_ptr<Transcriber> made(
      new Transcriber(model, settings, tokenizer, std::move(options)));
  if (Status status = made->checkOptions(); !status)
    return status.takeError();
  return made;
}

Status Transcriber::checkOptions() {
  spoken = options.language;
  if (!settings.multilingual()) {
    if (options.translate)
      return noSuch("the model does not translate", "it knows one language",
                    "use one of several languages");
    if (!spoken.empty() && spoken != "en")
      return noSuch("the model does not know the language '" + spoken + "'",
                    "it knows English alone", "use one of several languages");
    spoken.clear();
    return {};
  }
  if (options.translate && !settings.tasks.contains("translate"))
    return noSuch("the model does not translate", "it has no token for that",
                  "leave --translate out");
  if (spoken.empty() || settings.languages.contains(spoken))
    return {};
  std::string known;
  for (const auto &[name, token] : settings.languages)
    known += (known.empty() ? "" : ", ") + name;
  return noSuch("the model does not know the language '" + spoken + "'",
                "it knows " + known, "give one of them, or none");
}

Status Transcriber::run(std::span<const float> samples,
                        const std::function<Status(const Segment &)> &emit) {
  // Silence behind the end fills the last window.
  std::vector<float> padded(samples.begin(), samples.end());
  padded.resize(samples.size() + size_t(model.frames()) * samplesPerFrame);
  Features features = logMel(padded, model.bands());
  std::vector<float>().swap(padded);
  size_t frames = (samples.size() + samplesPerFrame - 1) / samplesPerFrame;
  for (size_t frame = 0; frame < frames && !options.cancelled();) {
    if (Status status = encodeWindow(features, frame); !status)
      return status;
    if (Status status = findLanguage(); !status)
      return status;
    auto text = decodeWindow();
    if (!text)
      return text.takeError();
    size_t left = std::min<size_t>(frames - frame, model.frames());
    bool nobody = text->silence > silent && text->averageLogarithm <= believed;
    if (nobody) {
      frame += left;
      continue;
    }
    auto step = splitText(*text, frame, left, emit);
    if (!step)
      return step.takeError();
    frame += std::max<size_t>(*step, 1);
  }
  return {};
}

Status Transcriber::encodeWindow(const Features &features, size_t frame) {
  for (uint32_t band = 0; band < features.bands; ++band)
    std::copy_n(features.values.begin() +
                    ptrdiff_t(band * features.frames + frame),
                std::min<size_t>(model.frames(), features.frames - frame),
                window.begin() + ptrdiff_t(size_t(band) * model.frames()));
  return model.encode(window);
}

Status Transcriber::findLanguage() {
  if (!settings.multilingual() || !spoken.empty())
    return {};
  auto logits = decoder.logitsOf({&settings.start, 1});
  if (!logits)
    return logits.takeError();
  auto best =
      std::ranges::max_element(settings.languages, {}, [&](const auto &entry) {
        return (*logits)[size_t(entry.second)];
      });
  spoken = best->first;
  return {};
}

std::vector<int32_t> Transcriber::promptFor(size_t &startRow) const {
  std::vector<int32_t> prompt;
  if (!previous.empty()) {
    size_t most =
        std::min<size_t>(model.context() / 2 - 1, model.largestDecode() - 8);
    prompt.push_back(settings.previous);
    prompt.insert(prompt.end(),
                  previous.end() - ptrdiff_t(std::min(most, previous.size())),
                  previous.end());
  }
  startRow = prompt.size();
  prompt.push_back(settings.start);
  if (settings.multilingual()) {
    prompt.push_back(settings.languages.at(spoken));
    prompt.push_back(
        settings.tasks.at(options.translate ? "translate" : "transcribe"));
  }
  return prompt;
}

bool Transcriber::isDoubtful(const WindowText &text) const {
  if (text.silence > silent && text.averageLogarithm < believed)
    return false; // that nobody speaks is an answer
  return text.averageLogarithm < believed ||
         compression(tokenizer.decode(text.tokens, false)) > repetitive;
}

Expected<WindowText> Transcriber::decodeWindow() {
  size_t startRow = 0;
  std::vector<int32_t> prompt = promptFor(startRow);
  float temperature = 0;
  for (;;) {
    auto text = decoder.decode(prompt, startRow, temperature);
    temperature += moreChance;
    if (!text || !isDoubtful(*text) || temperature > mostChance + 0.01f ||
        options.cancelled())
      return text;
  }
}

Expected<size_t>
Transcriber::splitText(const WindowText &text, size_t frame, size_t left,
                       const std::function<Status(const Segment &)> &emit) {
  const std::vector<int32_t> &tokens = text.tokens;
  auto isTime = [&](size_t at) { return tokens[at] >= settings.times(); };
  auto stepsOf = [&](size_t at) {
    return size_t(tokens[at] - settings.times());
  };
  double begin = double(frame) * secondsPerFrame;
  auto at = [&](size_t token) {
    return begin + double(stepsOf(token) * framesPerStep) * secondsPerFrame;
  };
  // A text that was drawn at random is no help for the next.
  if (!options.usePrevious || text.temperature > forgetful)
    previous.clear();
  size_t count = tokens.size(), from = 0, pairs = 0;
  bool endsInOne = count >= 2 && isTime(count - 1) && !isTime(count - 2);
  Status status;
  for (size_t i = 1; i <= count && status; ++i) {
    bool pair = i < count && isTime(i) && isTime(i - 1);
    if (!pair && !(i == count && endsInOne && pairs))
      continue;
    status = emitSegment({tokens.data() + from, i - from}, at(from), at(i - 1),
                         emit);
    pairs += pair;
    from = i;
  }
  if (!status)
    return status.takeError();
  if (pairs)
    return endsInOne ? left : stepsOf(from - 1) * framesPerStep;
  double end = begin + double(left) * secondsPerFrame;
  for (size_t i = count; i-- > 0;)
    if (isTime(i)) {
      end = stepsOf(i) ? at(i) : end;
      break;
    }
  if (status = emitSegment(tokens, begin, end, emit); !status)
    return status.takeError();
  return left;
}

Status
Transcriber::emitSegment(std::span<const int32_t> tokens, double start,
                         double end,
                         const std::function<Status(const Segment &)> &emit) {
  Segment segment{start, end, {}, {tokens.begin(), tokens.end()}};
  std::vector<int32_t> words;
  std::ranges::copy_if(tokens, std::back_inserter(words),
                       [&](int32_t token) { return token < settings.end; });
  segment.text = tokenizer.decode(words, false);
  if (segment.text.find_first_not_of(" \n\r\t") == std::string::npos ||
      start >= end)
    return {};
  if (options.usePrevious)
    previous.insert(previous.end(), tokens.begin(), tokens.end());
  return emit(segment);
}

} // namespace terrazzo::speech
