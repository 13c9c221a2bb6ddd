// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The settings of a model as text: what a compiler makes constants of, and what
// another file of weights must therefore agree on. Names, tokenizer and
// template are none of them; they are read from the file in use.
#pragma once

#include "formats/ModelFile.h"

#include <string>
#include <vector>

namespace terrazzo::formats {

/// "llama.rope.freq_base = 100000": general.architecture and every key of that
/// architecture, sorted; the same values give the same lines, whatever the
/// order in the file or the width of its integers. Long arrays stand as their
/// hash. Empty when the file names no architecture.
std::vector<std::string> settingsOf(const ModelFile &file);

/// Where two lists of settings part: "'llama.x' is 1 here, and 2 there", with
/// the lists called `here` and `there`; empty when they are the same.
std::string differenceOfSettings(const std::vector<std::string> &first,
                                 const std::string &here,
                                 const std::vector<std::string> &second,
                                 const std::string &there);

} // namespace terrazzo::formats
