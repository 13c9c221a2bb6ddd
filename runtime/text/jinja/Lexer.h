// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cuts a template into text and the tokens inside of its tags, with white
// space already treated: trim_blocks, lstrip_blocks, `-` and `+`, comments and
// raw blocks removed.
#pragma once

#include "text/jinja/Ast.h"

namespace terrazzo::text::jinja {

struct Token {
  enum class Kind {
    Text,        ///< outside of tags
    OutputBegin, ///< {{
    OutputEnd,
    BlockBegin, ///< {%
    BlockEnd,
    Name,
    Integer,
    Float,
    String,   ///< text is what it stands for
    Operator, ///< text is the operator
    End,
  };
  Kind kind;
  int line;
  std::string text;
};

/// Throws Failure.
std::vector<Token> tokenize(std::string_view source);

} // namespace terrazzo::text::jinja
