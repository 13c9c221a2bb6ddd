// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cuts a template into text and the tokens inside of its tags, with white
// space already treated: line ends, trim_blocks, lstrip_blocks, `-` and `+`,
// comments and raw blocks removed.
#pragma once

#include "text/jinja/values/Value.h"

namespace terrazzo::text::jinja {

struct Token {
  enum class Kind {
    Text,        ///< outside of tags
    OutputBegin, ///< {{
    OutputEnd,
    BlockBegin, ///< {%
    BlockEnd,
    Name,
    Number, ///< value
    String, ///< text is what it stands for
    Operator,
    End,
  };
  Kind kind;
  int line;
  std::string text;
  Value value;
};

/// Throws Failure.
std::vector<Token> tokenize(std::string_view source);

} // namespace terrazzo::text::jinja
