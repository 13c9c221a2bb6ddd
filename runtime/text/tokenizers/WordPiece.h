// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// WordPiece as BERT has it (Devlin et al., arXiv 1810.04805; google-research/
// bert, tokenization.py): text is cleaned, words are runs between white space
// and punctuation, and each is cut greedily into the longest pieces that the
// vocabulary has. In the file a piece that begins a word carries U+2581, one
// that continues it nothing.
#pragma once

#include "text/tokenizers/Vocabulary.h"

namespace terrazzo::text {

class WordPiece {
public:
  /// Reads tokenizer.wordpiece.*; what is not said is as BERT's uncased models
  /// have it. Errors: TZ0111, TZ0202.
  Status load(const formats::ModelFile &file, const Vocabulary &vocabulary);

  /// Appends the ids of valid UTF-8 text without special tokens.
  void encode(std::string_view text, std::vector<TokenId> &ids) const;

  /// Appends what a piece stands for.
  static void appendBytes(std::string_view piece, std::string &bytes);

private:
  std::string clean(std::string_view text) const;
  void encodeWord(std::string_view word, std::vector<TokenId> &ids) const;

  const Vocabulary *vocabulary = nullptr;
  TokenId unknown = noToken;
  bool lowercase = true, stripAccents = true, cleanText = true,
       splitChinese = true;
  uint64_t longestWord = 100; ///< characters; a longer one is unknown
};

} // namespace terrazzo::text
