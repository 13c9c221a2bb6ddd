// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A template as a tree.
#pragma once

#include "text/jinja/syntax/Scope.h"
#include "text/jinja/values/Value.h"

namespace terrazzo::text::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Argument {
  enum class Kind { Positional, Named, Star, DoubleStar };
  Kind kind = Kind::Positional;
  std::string name; ///< of a named one
  ExpressionPtr value;
};

struct Expression {
  enum class Kind {
    Literal,   // value
    Captured,  // what the surrounding set or filter block captured
    Name,      // text
    ListOf,    // children
    TupleOf,   // children
    DictOf,    // children: key, value, key, value, …
    Attribute, // children[0] . text
    NsRef,     // text . attribute, as a target
    Index,     // children[0] [ children[1] ]
    Slice,     // children[0] [ 1 : 2 : 3 ], each of which may be null
    Call,      // children[0] ( arguments )
    Filter,    // children[0] | text ( arguments )
    Test,      // children[0] is text ( arguments )
    Not,
    Negative,
    Positive,
    And,
    Or,
    Binary,  // text: "+", "-", "*", "/", "//", "%", "**"
    Concat,  // children
    Compare, // children, and between them the operators
    Ternary, // children: then, condition, else (may be null)
  };
  Kind kind;
  int line;
  int height = 1; ///< of the tree below, for bounding recursion
  std::string text;
  std::string attribute;
  Value value;
  std::vector<ExpressionPtr> children;
  std::vector<Argument> arguments;
  std::vector<std::string> operators;
  Place place; ///< of a Name or an NsRef
};

struct Statement;
using Block = std::vector<std::unique_ptr<Statement>>;

/// The callable of a macro, a call block or a generation block.
struct MacroDefinition {
  std::string name; ///< empty: anonymous
  std::vector<std::string> parameters;
  std::vector<ExpressionPtr> defaults; ///< one a parameter, or null
  Block body;
  std::unique_ptr<Scope> scope;
  bool usesCaller = false, usesKwargs = false, usesVarargs = false;
};

struct Statement {
  enum class Kind {
    Text,        // text
    Output,      // expressions
    If,          // expressions[0]; body, otherwise
    For,         // target in expressions[0] (if condition); body, otherwise
    Set,         // target = expressions[0]
    SetBlock,    // target = filter of body
    Macro,       // macro
    CallBlock,   // expressions[0], called with the macro
    Generation,  // macro, called
    FilterBlock, // filter of body
    With,        // targets = expressions; body
    Block,       // text; body
    Import,      // fails when it runs: there are no other templates
    Break,
    Continue,
  };
  Kind kind;
  int line;
  std::string text;
  std::vector<ExpressionPtr> expressions;
  std::vector<ExpressionPtr> targets;
  ExpressionPtr condition;
  ExpressionPtr filter; ///< over Captured; may be null
  std::unique_ptr<MacroDefinition> macro;
  Block body;
  Block otherwise;
  bool recursive = false, scoped = false, required = false;
  bool loopVariable = false; ///< `loop` is used
  bool exports = false;      ///< at the template's top: blocks see it
  bool chained = false;      ///< an `elif`
  std::unique_ptr<Scope> scope, otherwiseScope, conditionScope;
};

struct Template {
  Block body;
  std::unique_ptr<Scope> scope;
};

} // namespace terrazzo::text::jinja
