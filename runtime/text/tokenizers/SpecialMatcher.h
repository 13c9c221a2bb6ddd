// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds the tokens that are matched in the text as they stand, before any
// splitting or merging: control and user-defined ones. Leftmost first, then
// longest. As Hugging Face's tokenizers have it, one may take in the spaces
// before or behind it, or count only where no word touches it, and some are
// looked for only in what the others leave; the ids of such tokens are the
// lists tokenizer.added_tokens.{lstrip, rstrip, single_word, normalized}.
#pragma once

#include "text/TextSpan.h"
#include "text/tokenizers/Vocabulary.h"

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <string>

namespace terrazzo::text {

class SpecialMatcher {
public:
  struct Match {
    size_t begin = 0;
    size_t length = 0; ///< 0: there is no further one
    TokenId id = noToken;
  };

  using Normalize = std::function<Expected<std::string>(std::string_view text)>;
  /// Those that are `normalized`, as `normalize` leaves them where it is given,
  /// or those that are not. Errors: TZ0202, TZ0204.
  Status load(const formats::ModelFile &file, const Vocabulary &vocabulary,
              bool normalized, const Normalize &normalize = {});
  bool empty() const { return entries.empty(); }
  /// The first special token of `part` of the text, the rest of it not yet
  /// looked at beginning at `from`, with the spaces that it takes in. Without
  /// `control` only user-defined tokens are found, and no control token is that
  /// shares a byte with one of `foreign`.
  Match find(std::string_view text, TextSpan part, size_t from, bool control,
             const TextSpans &foreign) const;

private:
  struct Entry {
    std::string_view text;
    TokenId id;
    bool control;
  };
  /// What a token wants of the text around it.
  struct Edges {
    bool spacesBefore = false, spacesBehind = false, noWord = false;
    bool normalized = false;
  };
  Status loadEdges(const formats::ModelFile &file,
                   const Vocabulary &vocabulary);
  Edges edgesOf(TokenId id) const {
    auto found = edges.find(id);
    return found == edges.end() ? Edges() : found->second;
  }
  /// Whether `match` counts in `part`; with the spaces from `from` on that it
  /// takes in.
  bool widen(std::string_view part, size_t from, Match &match) const;
  /// Control tokens are no longer than `control`.
  Match longestAt(std::string_view text, size_t begin, size_t control) const;

  std::vector<Entry> entries;   ///< sorted by text
  std::deque<std::string> made; ///< texts of theirs that no file has
  /// entries[buckets[b] .. buckets[b + 1]) begin with byte b.
  std::array<uint32_t, 257> buckets{};
  std::map<TokenId, Edges> edges; ///< few
};

} // namespace terrazzo::text
