// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See LogMel.h.
#include "speech/LogMel.h"

#include "speech/RealFourier.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace terrazzo::speech {

namespace {

constexpr size_t pieceSize = 400, coefficients = pieceSize / 2 + 1;

/// Slaney's scale: linear up to 1000 Hz, logarithmic from there.
constexpr double linearEnd = 1000, linearStep = 200.0 / 3,
                 linearEndMel = linearEnd / linearStep;
const double logStep = std::log(6.4) / 27;

double melOf(double hertz) {
  return hertz < linearEnd
             ? hertz / linearStep
             : linearEndMel + std::log(hertz / linearEnd) / logStep;
}

double hertzOf(double mel) {
  return mel < linearEndMel
             ? mel * linearStep
             : linearEnd * std::exp(logStep * (mel - linearEndMel));
}

/// A triangle over neighbouring coefficients.
struct Band {
  size_t first = 0;
  std::vector<double> weights;
};

std::vector<Band> makeBands(uint32_t count) {
  double top = melOf(double(sampleRate) / 2);
  auto edge = [&](uint32_t i) { return hertzOf(top * i / (count + 1)); };
  std::vector<Band> bands(count);
  for (uint32_t b = 0; b < count; ++b) {
    double low = edge(b), middle = edge(b + 1), high = edge(b + 2);
    for (size_t k = 0; k < coefficients; ++k) {
      double hertz = double(k) * sampleRate / pieceSize;
      double height = std::min((hertz - low) / (middle - low),
                               (high - hertz) / (high - middle));
      if (height <= 0)
        continue;
      if (bands[b].weights.empty())
        bands[b].first = k;
      // Triangles of the same area.
      bands[b].weights.push_back(height * 2 / (high - low));
    }
  }
  return bands;
}

class Frames {
public:
  Frames(std::span<const float> samples, Features &to)
      : samples(samples), to(to), bands(makeBands(to.bands)),
        fourier(pieceSize), piece(pieceSize), squares(coefficients) {
    for (size_t i = 0; i < pieceSize; ++i)
      hann.push_back(
          0.5 - 0.5 * std::cos(2 * std::numbers::pi * double(i) / pieceSize));
  }

  void compute(size_t frame) {
    bool silent = !cut(frame);
    if (!silent)
      fourier.power(piece, squares);
    for (uint32_t b = 0; b < to.bands; ++b) {
      double sum = 0;
      for (size_t i = 0; !silent && i < bands[b].weights.size(); ++i)
        sum += bands[b].weights[i] * squares[bands[b].first + i];
      constexpr double least = 1e-10;
      to.values[b * to.frames + frame] =
          float(std::log10(std::max(sum, least)));
    }
  }

private:
  /// The piece around a frame's place, reflected at both ends of the sound;
  /// whether there is anything in it.
  bool cut(size_t frame) {
    bool any = false;
    int64_t count = int64_t(samples.size());
    int64_t first = int64_t(frame * samplesPerFrame) - int64_t(pieceSize / 2);
    for (size_t i = 0; i < pieceSize; ++i) {
      int64_t at = std::abs(first + int64_t(i));
      at = at < count ? at : std::abs(2 * (count - 1) - at) % count;
      float sample = samples[size_t(at)];
      any |= sample != 0;
      piece[i] = hann[i] * sample;
    }
    return any;
  }

  std::span<const float> samples;
  Features &to;
  std::vector<Band> bands;
  RealFourier fourier;
  std::vector<double> hann, piece, squares;
};

} // namespace

Features logMel(std::span<const float> samples, uint32_t bands) {
  Features features{bands, samples.size() / samplesPerFrame, {}};
  features.values.resize(bands * features.frames);
  Frames frames(samples, features);
  for (size_t frame = 0; frame < features.frames; ++frame)
    frames.compute(frame);
  if (features.values.empty())
    return features;
  // Eighty decibels below the loudest is silence.
  constexpr float range = 8;
  float loudest = *std::ranges::max_element(features.values);
  for (float &value : features.values)
    value = (std::max(value, loudest - range) + 4) / 4;
  return features;
}

} // namespace terrazzo::speech
