// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libsndfile and libsamplerate, opened when sound is read, so that what never
// hears anything needs neither.
#pragma once

#include "support/Error.h"

#include <samplerate.h>
#include <sndfile.h>

namespace terrazzo::speech {

/// Their functions, under their own names.
struct SoundLibraries {
  decltype(&::sf_open_virtual) sf_open_virtual = nullptr;
  decltype(&::sf_readf_float) sf_readf_float = nullptr;
  decltype(&::sf_strerror) sf_strerror = nullptr;
  decltype(&::sf_close) sf_close = nullptr;
  decltype(&::src_simple) src_simple = nullptr;
  decltype(&::src_strerror) src_strerror = nullptr;
};

/// They stay open until the process ends. TZ0914 when one is not here.
Expected<const SoundLibraries *> openSoundLibraries();

} // namespace terrazzo::speech
