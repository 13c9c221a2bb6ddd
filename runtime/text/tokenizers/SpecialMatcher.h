// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds the tokens that are matched in the text as they stand, before any
// splitting or merging: control and user-defined ones. Leftmost first, then
// longest.
#pragma once

#include "text/TextSpan.h"
#include "text/tokenizers/Vocabulary.h"

#include <array>

namespace terrazzo::text {

class SpecialMatcher {
public:
  struct Match {
    size_t begin = 0;
    size_t length = 0; ///< 0: there is no further one
    TokenId id = noToken;
  };

  void load(const Vocabulary &vocabulary);
  /// The first special token at or after `from`. Without `control` only
  /// user-defined tokens are found, and no control token is that shares a byte
  /// with one of `foreign`.
  Match find(std::string_view text, size_t from, bool control,
             const TextSpans &foreign) const;

private:
  struct Entry {
    std::string_view text;
    TokenId id;
    bool control;
  };
  /// Control tokens are no longer than `control`.
  Match longestAt(std::string_view text, size_t begin, size_t control) const;

  std::vector<Entry> entries; ///< sorted by text
  /// entries[buckets[b] .. buckets[b + 1]) begin with byte b.
  std::array<uint32_t, 257> buckets{};
};

} // namespace terrazzo::text
