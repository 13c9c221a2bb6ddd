// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The Fourier transform against its definition, and frames of sound against
// transformers (data/README.md).
#include "speech/LogMel.h"
#include "formats/Npy.h"
#include "speech/RealFourier.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

using namespace terrazzo;

TEST(RealFourier, IsItsDefinition) {
  for (size_t size : {2u, 6u, 14u, 64u, 400u}) {
    std::vector<double> values(size), squares(size / 2 + 1);
    for (size_t i = 0; i < size; ++i)
      values[i] = double(i * 7919 % 1009) / 1009 - 0.3;
    speech::RealFourier(size).power(values, squares);
    for (size_t k = 0; k < squares.size(); ++k) {
      std::complex<double> sum = 0;
      for (size_t i = 0; i < size; ++i)
        sum += values[i] *
               std::polar(1.0, -2 * std::numbers::pi * double(i * k % size) /
                                   double(size));
      EXPECT_NEAR(squares[k], std::norm(sum), 1e-9 * double(size * size))
          << size << ", " << k;
    }
  }
}

TEST(LogMel, IsThatOfTransformers) {
  std::string stem = TERRAZZO_TEST_DATA "/speech.";
  auto sound = formats::NpyFile::open(stem + "sound.npy");
  auto mel = formats::NpyFile::open(stem + "mel.npy");
  ASSERT_TRUE(sound && mel);
  ASSERT_EQ(mel->shape, (std::vector<uint64_t>{80, 50}));
  speech::Features got = speech::logMel(
      {reinterpret_cast<const float *>(sound->data), sound->bytes / 4}, 80);
  ASSERT_EQ(got.values.size(), mel->bytes / 4);
  EXPECT_EQ(got.frames, 50u);
  const auto *want = reinterpret_cast<const float *>(mel->data);
  for (size_t i = 0; i < got.values.size(); ++i)
    ASSERT_NEAR(got.values[i], want[i], 1e-4) << i;
}

TEST(LogMel, TakesAnyLength) {
  EXPECT_TRUE(speech::logMel({}, 80).values.empty());
  for (size_t samples : {1u, 159u, 160u, 161u, 300u}) {
    std::vector<float> sound(samples, 0.5f);
    speech::Features got = speech::logMel(sound, 128);
    EXPECT_EQ(got.frames, samples / 160);
    EXPECT_EQ(got.values.size(), got.frames * 128);
  }
  // Silence is 10^-10 in each band.
  for (float value : speech::logMel(std::vector<float>(320), 80).values)
    EXPECT_FLOAT_EQ(value, -1.5f);
}
