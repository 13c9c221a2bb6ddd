// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a model's files say of the text of speech: the tokens that begin and end
// it, name its language, the task and times, and those that are never chosen.
#pragma once

#include "formats/ModelFile.h"

#include <map>

namespace terrazzo::speech {

struct SpeechSettings {
  int32_t start = 0, end = 0, previous = 0, withoutTimes = 0;
  /// By name; empty for a model of one language.
  std::map<std::string, int32_t, std::less<>> languages, tasks;
  std::vector<int32_t> suppressed, suppressedFirst;
  /// The latest time that a window's text may begin at, in steps.
  uint32_t latestFirst = 0;

  bool multilingual() const { return !languages.empty(); }
  /// Stands for no speech at all.
  int32_t silence() const { return withoutTimes - 1; }
  /// The token of the time at a window's start; later ones follow.
  int32_t times() const { return withoutTimes + 1; }
};

/// Reads speech.*; all ids are below `vocabulary`. TZ0912 for a model that has
/// none, or others.
Expected<SpeechSettings> readSpeechSettings(const formats::ModelFile &file,
                                            uint32_t vocabulary);

} // namespace terrazzo::speech
