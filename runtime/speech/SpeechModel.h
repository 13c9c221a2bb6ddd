// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions of a model of speech, known by name:
//
//   encode(mel: f32[B, F]) -> hidden: f32[R, H]       leaves states
//   decode(tokens: i32[T], position: i32[]) -> hidden: f32[T, H]
//   head(hidden: f32[R, H]) -> logits: f32[R, V]
//
// Decoding attends to what was encoded last. Not thread-safe.
#pragma once

#include "decode/Decoder.h"

namespace terrazzo::speech {

class SpeechModel {
public:
  /// `model` outlives it. TZ0708 for a package without such functions.
  static Expected<std::unique_ptr<SpeechModel>>
  open(const exec::LoadedModel &model, const exec::ExecutionOptions &options);

  /// Bands and frames of sound that `encode` takes.
  uint32_t bands() const { return melBands; }
  uint32_t frames() const { return melFrames; }
  uint32_t vocabulary() const { return decoder->vocabulary(); }
  /// Positions of text.
  uint32_t context() const { return model.context; }
  unsigned threads() const { return decoder->executor().threads(); }

  /// `mel` has bands() times frames() numbers, a band's frames side by side.
  Status encode(std::span<const float> mel);
  /// Tokens from `position` on, at least one; the logits of the last of them.
  Status decode(std::span<const int32_t> tokens, uint32_t position,
                std::span<float> logits);
  /// The logits of a row of the last decode.
  Status logitsOf(uint32_t row, std::span<float> logits);
  /// Rows of one decode.
  uint32_t largestDecode() const { return decoder->largestChunk(); }

private:
  explicit SpeechModel(const exec::LoadedModel &model) : model(model) {}
  std::string findEncoder();
  Status allocate();

  const exec::LoadedModel &model;
  std::unique_ptr<decode::Decoder> decoder;
  uint32_t encoder = 0; ///< its program
  uint32_t melBands = 0, melFrames = 0;
  uint64_t hiddenBytes = 0;
  package::Extents extents;
  exec::Place mel, hidden;
};

} // namespace terrazzo::speech
