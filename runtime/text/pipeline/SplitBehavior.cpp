// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See SplitBehavior.h.
#include "text/pipeline/SplitBehavior.h"

#include <algorithm>

namespace terrazzo::text {

Expected<SplitBehavior> splitBehavior(const std::string &name) {
  static constexpr std::pair<const char *, SplitBehavior> names[] = {
      {"Removed", SplitBehavior::Removed},
      {"Isolated", SplitBehavior::Isolated},
      {"MergedWithPrevious", SplitBehavior::MergedWithPrevious},
      {"MergedWithNext", SplitBehavior::MergedWithNext},
      {"Contiguous", SplitBehavior::Contiguous}};
  for (auto [known, behavior] : names)
    if (name == known)
      return behavior;
  return unsupportedPart("the behavior '" + formats::inOneLine(name) + "'");
}

namespace {

struct Cut {
  TextSpan span;
  bool found;
};

/// Matches and what lies between them.
std::vector<Cut> cutsOf(size_t length, const TextSpans &matches,
                        bool inverted) {
  std::vector<Cut> cuts;
  size_t at = 0;
  for (const TextSpan &match : matches) {
    if (match.begin > at)
      cuts.push_back({{at, match.begin}, inverted});
    cuts.push_back({match, !inverted});
    at = match.end;
  }
  if (at < length)
    cuts.push_back({{at, length}, inverted});
  return cuts;
}

/// Each match that does not follow another one joins what is before it.
std::vector<Cut> mergedWithPrevious(const std::vector<Cut> &cuts) {
  std::vector<Cut> merged;
  bool before = false;
  for (const Cut &cut : cuts) {
    if (cut.found && !before && !merged.empty())
      merged.back().span.end = cut.span.end;
    else
      merged.push_back(cut);
    before = cut.found;
  }
  return merged;
}

std::vector<Cut> mergedWithNext(const std::vector<Cut> &cuts) {
  std::vector<Cut> merged;
  bool behind = false;
  for (auto cut = cuts.rbegin(); cut != cuts.rend(); ++cut) {
    if (cut->found && !behind && !merged.empty())
      merged.back().span.begin = cut->span.begin;
    else
      merged.push_back(*cut);
    behind = cut->found;
  }
  std::reverse(merged.begin(), merged.end());
  return merged;
}

std::vector<Cut> contiguous(const std::vector<Cut> &cuts) {
  std::vector<Cut> merged;
  bool before = false;
  for (const Cut &cut : cuts) {
    if (cut.found == before && !merged.empty())
      merged.back().span.end = cut.span.end;
    else
      merged.push_back(cut);
    before = cut.found;
  }
  return merged;
}

} // namespace

void splitAt(const Piece &piece, const TextSpans &matches, bool inverted,
             SplitBehavior behavior, std::vector<Piece> &pieces) {
  std::vector<Cut> cuts = cutsOf(piece.text.size(), matches, inverted);
  if (behavior == SplitBehavior::MergedWithPrevious)
    cuts = mergedWithPrevious(cuts);
  else if (behavior == SplitBehavior::MergedWithNext)
    cuts = mergedWithNext(cuts);
  else if (behavior == SplitBehavior::Contiguous)
    cuts = contiguous(cuts);
  for (const Cut &cut : cuts) {
    auto [begin, end] = cut.span;
    if (begin < end && !(cut.found && behavior == SplitBehavior::Removed))
      pieces.push_back(
          {piece.text.substr(begin, end - begin), piece.first && begin == 0});
  }
}

} // namespace terrazzo::text
