// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What becomes of what was found when a text is split there.
#pragma once

#include "text/pipeline/Splitter.h"

namespace terrazzo::text {

enum class SplitBehavior {
  Removed,
  Isolated,
  MergedWithPrevious,
  MergedWithNext,
  Contiguous, ///< matches that touch are one
};

/// By its name in tokenizer.json; TZ0201.
Expected<SplitBehavior> splitBehavior(const std::string &name);

/// Appends the pieces of `piece`. `inverted`: what lies between the matches
/// counts as found.
void splitAt(const Piece &piece, const TextSpans &matches, bool inverted,
             SplitBehavior behavior, std::vector<Piece> &pieces);

} // namespace terrazzo::text
