// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sound of any length as text, as Whisper's authors do it (sections 3.8 and 4.5
// of Radford et al., arXiv 2212.04356): windows of thirty seconds, each begun
// where the last one's text ended; a text that repeats itself or that the model
// does not believe in is made again with more chance.
#pragma once

#include "speech/LogMel.h"
#include "speech/WindowText.h"
#include "text/Tokenizer.h"

namespace terrazzo::speech {

struct TranscribeOptions {
  std::string language;   ///< "en"; empty: as the model hears it
  bool translate = false; ///< into English
  /// What was said before helps with what follows.
  bool usePrevious = true;
  std::function<bool()> cancelled = [] { return false; };
};

struct Segment {
  double start = 0, end = 0; ///< seconds
  std::string text;
  std::vector<int32_t> tokens;
};

class Transcriber {
public:
  /// All of them outlive it. TZ0913 for a language or a task that the model
  /// does not have.
  static Expected<std::unique_ptr<Transcriber>>
  create(SpeechModel &model, const SpeechSettings &settings,
         const text::Tokenizer &tokenizer, TranscribeOptions options);

  /// `emit` gets each segment as soon as it is known. Samples are at
  /// sampleRate.
  Status run(std::span<const float> samples,
             const std::function<Status(const Segment &)> &emit);

  /// The language that was given or heard; empty before that, and for a model
  /// of one language.
  const std::string &language() const { return spoken; }

private:
  Transcriber(SpeechModel &model, const SpeechSettings &settings,
              const text::Tokenizer &tokenizer, TranscribeOptions options);
  Status checkOptions();
  Status encodeWindow(const Features &features, size_t frame);
  Status findLanguage();
  std::vector<int32_t> promptFor(size_t &startRow) const;
  Expected<WindowText> decodeWindow();
  bool isDoubtful(const WindowText &text) const;
  /// Gives the segments of a window's text out; how many frames on the next
  /// window begins.
  Expected<size_t>
  splitText(const WindowText &text, size_t frame, size_t left,
            const std::function<Status(const Segment &)> &emit);
  Status emitSegment(std::span<const int32_t> tokens, double start, double end,
                     const std::function<Status(const Segment &)> &emit);

  SpeechModel &model;
  const SpeechSettings &settings;
  const text::Tokenizer &tokenizer;
  TranscribeOptions options;
  WindowDecoder decoder;
  std::string spoken;
  std::vector<float> window;
  std::vector<int32_t> previous; ///< tokens that the next window may look at
};

} // namespace terrazzo::speech
