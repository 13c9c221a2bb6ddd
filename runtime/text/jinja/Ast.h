// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A template as a tree.
#pragma once

#include "text/jinja/Value.h"

namespace terrazzo::text::jinja {

/// Thrown inside of the language's implementation only; ChatTemplate turns it
/// into an Error.
struct Failure {
  const char *code; ///< "TZ0211"
  int line;
  std::string what;
};

[[noreturn]] inline void fail(const char *code, int line, std::string what) {
  throw Failure{code, line, std::move(what)};
}
/// Of the language, but not of this subset.
[[noreturn]] inline void failUnsupported(int line, std::string what) {
  fail("TZ0211", line, std::move(what) + " is not supported");
}

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Argument {
  std::string name; ///< empty: positional
  ExpressionPtr value;
};

struct Expression {
  enum class Kind {
    Literal,   // value
    Name,      // text
    ListOf,    // children
    DictOf,    // children: key, value, key, value, …
    Attribute, // children[0] . text
    Index,     // children[0] [ children[1] ]
    Slice,     // children[0] [ 1 : 2 : 3 ], each of which may be null
    Call,      // children[0] ( arguments )
    Filter,    // children[0] | text ( arguments )
    Test,      // children[0] is text ( arguments )
    Unary,     // text: "-", "+", "not"
    Binary,    // text: "+", "==", "and", "in", …
    Ternary,   // children: then, condition, else (may be null)
  };
  Kind kind;
  int line;
  int height = 1; ///< of the tree below, for bounding recursion
  std::string text;
  Value value;
  std::vector<ExpressionPtr> children;
  std::vector<Argument> arguments;
};

struct Statement;
using Block = std::vector<std::unique_ptr<Statement>>;

struct Statement {
  enum class Kind {
    Text,   // text
    Output, // expression
    If,     // expression; body, otherwise
    For,    // names in expression (if condition); body, otherwise
    Set,    // names[0] (.text) = expression, or a body without expression
    Macro,  // text (arguments: names and defaults); body
    Scope,  // body, printed as it is
    Break,
    Continue,
  };
  Kind kind;
  int line;
  std::string text;
  std::vector<std::string> names;
  ExpressionPtr expression;
  ExpressionPtr condition;
  std::vector<Argument> arguments;
  Block body;
  Block otherwise;
};

struct Template {
  Block body;
};

} // namespace terrazzo::text::jinja
