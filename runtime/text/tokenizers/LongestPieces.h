// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A word cut greedily into the longest pieces that the vocabulary has, as
// WordPiece does (Devlin et al., arXiv 1810.04805). What marks a piece that
// begins a word, or one that goes on with it, is the vocabulary's.
#pragma once

#include "text/tokenizers/Vocabulary.h"

#include <string>

namespace terrazzo::text {

struct LongestPieces {
  const Vocabulary *vocabulary = nullptr;
  TokenId unknown = noToken;
  std::string beginning, continuing; ///< before a piece's text
  uint64_t longestWord = 100;        ///< characters; a longer one is unknown

  void encode(std::string_view word, std::vector<TokenId> &ids) const;
};

} // namespace terrazzo::text
