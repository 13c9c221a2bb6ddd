// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// WordPiece as BERT has it (Devlin et al., arXiv 1810.04805; google-research/
// bert, tokenization.py): text is cleaned, words are runs between white space
// and punctuation, and each is cut into pieces. In a GGUF file, all of which are
// of uncased models, a piece that begins a word carries U+2581, one that
// continues it nothing.
#pragma once

#include "text/tokenizers/LongestPieces.h"

namespace terrazzo::text {

class WordPiece {
public:
  /// Errors: TZ0111, TZ0202.
  Status load(const formats::ModelFile &file, const Vocabulary &vocabulary);

  /// Appends the ids of valid UTF-8 text without special tokens.
  void encode(std::string_view text, std::vector<TokenId> &ids) const;

  /// Appends what a piece stands for.
  static void appendBytes(std::string_view piece, std::string &bytes);

private:
  LongestPieces pieces;
};

} // namespace terrazzo::text
