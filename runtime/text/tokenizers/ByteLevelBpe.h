// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Byte-level byte-pair encoding (Radford et al. 2019, "Language Models are
// Unsupervised Multitask Learners", section 2.2): the bytes of a word are the
// first symbols, and the adjacent pair that comes first in the file's list of
// merges is joined until none is left. Tokens are written in the file with
// each byte as a printable character (space is U+0120).
#pragma once

#include "text/tokenizers/PreTokenizer.h"
#include "text/tokenizers/Vocabulary.h"

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

  const PreTokenizerRule &rule() const { return preTokenizer.rule(); }

private:
  struct Merge {
    uint64_t pair = emptyPair; ///< left id, right id
    uint32_t rank = 0;
    TokenId merged = noToken;
  };
  struct Candidate;
  struct Work;
  static constexpr uint64_t emptyPair = ~uint64_t(0);

  void addMerge(TokenId left, TokenId right, uint32_t rank, TokenId merged);
  const Merge *findMerge(TokenId left, TokenId right) const;
  void propose(Work &work, int32_t left) const;
  bool encodeWhole(std::string_view word, std::vector<TokenId> &ids) const;
  void encodeWord(std::string_view word, Work &work,
                  std::vector<TokenId> &ids) const;

  const Vocabulary *vocabulary = nullptr;
  bool composes = false; ///< text is brought to Unicode's NFC first
  PreTokenizer preTokenizer;
  std::array<TokenId, 256> byteTokens{};
  std::vector<Merge> merges; ///< open addressing
};

} // namespace terrazzo::text
