// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What Whisper hears of sound: the power of short pieces of it in bands as wide
// as the ear's (Stevens, Volkmann and Newman 1937, on Slaney's scale), as
// logarithms. The same numbers as transformers' WhisperFeatureExtractor.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace terrazzo::speech {

inline constexpr uint32_t sampleRate = 16000, samplesPerFrame = 160;

/// Frames of sound: band by band, the frames of each in order.
struct Features {
  uint32_t bands = 0;
  size_t frames = 0;
  std::vector<float> values;
};

/// Of mono samples at sampleRate: a frame for each samplesPerFrame of them.
/// Loudness is relative to the loudest frame.
Features logMel(std::span<const float> samples, uint32_t bands);

} // namespace terrazzo::speech
