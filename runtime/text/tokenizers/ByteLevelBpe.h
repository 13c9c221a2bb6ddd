// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Byte-level byte-pair encoding (Radford et al. 2019, "Language Models are
// Unsupervised Multitask Learners", section 2.2): the bytes of a word are the
// first symbols, and the adjacent pair that comes first in the file's list of
// merges is joined until none is left. Tokens are written in the file with
// each byte as a printable character (space is U+0120).
#pragma once

#include "text/tokenizers/PairMerges.h"
#include "text/tokenizers/PreTokenizer.h"

#include <array>

namespace terrazzo::text {

class ByteLevelBpe {
public:
  /// Errors: TZ0202 (merges), TZ0203 (pre-tokenizer).
  Status load(const formats::ModelFile &file, const Vocabulary &vocabulary);

  /// Appends the ids of valid UTF-8 text without special tokens.
  Status encode(std::string_view text, std::vector<TokenId> &ids) const;

  /// Appends the bytes that a normal token stands for.
  static void appendBytes(std::string_view token, std::string &bytes);

  /// Bytes as the characters that vocabularies write for them.
  static std::string printable(std::string_view bytes);

  const PreTokenizerRule &rule() const { return preTokenizer.rule(); }

private:
  void encodeWord(std::string_view word, PairMerges::Work &work,
                  std::vector<TokenId> &ids) const;

  const Vocabulary *vocabulary = nullptr;
  PreTokenizer preTokenizer;
  std::array<TokenId, 256> byteTokens{};
  PairMerges merges;
};

} // namespace terrazzo::text
