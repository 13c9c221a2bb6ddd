// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sound from a file, of any of libsndfile's formats (WAV, FLAC, Ogg, MP3 and
// more), rate and number of channels, as one channel at the rate that models of
// speech take. Channels are averaged; libsamplerate changes the rate.
#pragma once

#include "support/Error.h"

#include <string>
#include <vector>

namespace terrazzo::speech {

/// The samples at speech::sampleRate, at least one; "-" reads standard input.
/// TZ0011 for what cannot be read, TZ0910 for what is no sound, TZ0911 for
/// sound that is empty, too long, of a rate that nobody hears, or holds numbers
/// that are none, TZ0914 without these libraries.
Expected<std::vector<float>> readSound(const std::string &path);

} // namespace terrazzo::speech
