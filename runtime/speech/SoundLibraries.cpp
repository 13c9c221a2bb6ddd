// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See SoundLibraries.h.
#include "speech/SoundLibraries.h"

#include <dlfcn.h>

namespace terrazzo::speech {

namespace {

Error notHere(const char *library, const char *package) {
  const char *why = dlerror();
  return {ExitCode::TargetUnavailable,
          "TZ0914",
          "a library that sound is read with is not here",
          library,
          why ? why : "it lacks a function",
          std::string("install it: apt-get install ") + package};
}

template <typename Function>
bool find(void *library, const char *name, Function &function) {
  function =
      library ? reinterpret_cast<Function>(dlsym(library, name)) : nullptr;
  return function != nullptr;
}

} // namespace

Expected<const SoundLibraries *> openSoundLibraries() {
  static SoundLibraries found;
  constexpr const char *files = "libsndfile.so.1",
                       *rates = "libsamplerate.so.0";
  void *library = dlopen(files, RTLD_NOW | RTLD_LOCAL);
  if (!find(library, "sf_open_virtual", found.sf_open_virtual) ||
      !find(library, "sf_readf_float", found.sf_readf_float) ||
      !find(library, "sf_strerror", found.sf_strerror) ||
      !find(library, "sf_close", found.sf_close))
    return notHere(files, "libsndfile1");
  library = dlopen(rates, RTLD_NOW | RTLD_LOCAL);
  if (!find(library, "src_simple", found.src_simple) ||
      !find(library, "src_strerror", found.src_strerror))
    return notHere(rates, "libsamplerate0");
  return &found;
}

} // namespace terrazzo::speech
