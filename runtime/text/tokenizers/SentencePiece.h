// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SentencePiece's BPE (Kudo and Richardson 2018): spaces are written as
// U+2581, the characters of the text are the first symbols, and the adjacent
// pair whose union is the token with the highest score is joined until no
// union is a token. A character that is no token becomes its bytes' tokens
// ("<0x0A>").
#pragma once

#include "text/tokenizers/Vocabulary.h"

#include <array>
#include <string>

namespace terrazzo::text {

class SentencePiece {
public:
  Status load(const formats::ModelFile &file, const Vocabulary &vocabulary);

  /// Appends the ids of valid UTF-8 text without special tokens, all that
  /// stands between two of them.
  void encode(std::string_view text, std::vector<TokenId> &ids) const;

  /// Appends the bytes that a token stands for.
  static void appendBytes(std::string_view token, TokenType type,
                          std::string &bytes);

  /// The value of "<0x0A>", or -1.
  static int byteValue(std::string_view token);

  bool addsSpacePrefix() const { return spacePrefix; }

private:
  struct Candidate;
  struct Work;
  void propose(Work &work, int32_t left) const;
  void mergeAll(Work &work) const;
  void appendByteTokens(std::string_view character,
                        std::vector<TokenId> &ids) const;

  const Vocabulary *vocabulary = nullptr;
  std::array<TokenId, 256> byteTokens{};
  TokenId unknown = noToken;
  bool spacePrefix = true;
};

} // namespace terrazzo::text
