// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The decoders of a tokenizer.json: the bytes that a token stands for. They are
// given for one token at a time, so what looks at several is refused.
#pragma once

#include "text/pipeline/Parts.h"

#include <string>
#include <vector>

namespace terrazzo::text {

class TokenText {
public:
  /// Errors: TZ0201.
  static Expected<TokenText> read(const Json &part);

  /// Appends the bytes of a token; `first`: it is the first of a text.
  void append(std::string_view token, bool first, std::string &bytes) const;
  /// Of one that was added to the model's own, whose text stands for itself.
  void appendAdded(std::string_view token, bool first,
                   std::string &bytes) const;

private:
  enum class Kind { Plain, ByteLevel, WordPiece };
  struct Replacement {
    std::string from, to;
    bool notFirst = false; ///< in the first token it is left out
  };
  Status add(const Json &part);

  Kind kind = Kind::Plain;
  std::vector<Replacement> replacements;
  bool apart = true;       ///< tokens stand apart as words do
  bool byteTokens = false; ///< "<0x0A>" is a byte
  std::string stripped;    ///< once, from the beginning of the text
  std::string continuing;  ///< WordPiece's mark
  bool cleansUp = false;   ///< no spaces before punctuation
  bool fused = false;
};

} // namespace terrazzo::text
