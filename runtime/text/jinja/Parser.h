// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From tokens to a tree. Filters, tests, methods and statements that the
// interpreter does not have are refused here, by name and line.
#pragma once

#include "text/jinja/Lexer.h"

#include <initializer_list>

namespace terrazzo::text::jinja {

/// Throws Failure.
std::unique_ptr<Template> parseTemplate(std::string_view source);

class Parser {
public:
  explicit Parser(std::vector<Token> tokens) : tokens(std::move(tokens)) {}
  Block parseAll();

private:
  // Statements (Parser.cpp).
  Block parseUntil(std::initializer_list<std::string_view> ends);
  std::unique_ptr<Statement> parseStatement();
  std::unique_ptr<Statement> parseIf();
  std::unique_ptr<Statement> parseFor();
  std::unique_ptr<Statement> parseSet();
  std::unique_ptr<Statement> parseMacro();
  std::unique_ptr<Statement> make(Statement::Kind kind);
  void endBlock();

  // Expressions (ParseExpression.cpp), loosest first.
  ExpressionPtr parseTuple();
  ExpressionPtr parseExpression();
  ExpressionPtr parseOr();
  ExpressionPtr parseAnd();
  ExpressionPtr parseNot();
  ExpressionPtr parseCompare();
  ExpressionPtr parseSum();
  ExpressionPtr parseConcat();
  ExpressionPtr parseProduct();
  ExpressionPtr parsePower();
  ExpressionPtr parseUnary(bool withFilter);
  ExpressionPtr parsePrimary();
  ExpressionPtr parseList();
  ExpressionPtr parseDict();
  ExpressionPtr parsePostfix(ExpressionPtr node);
  ExpressionPtr parseSubscript(ExpressionPtr object);
  ExpressionPtr parseCall(ExpressionPtr callee);
  ExpressionPtr parseFilters(ExpressionPtr node);
  ExpressionPtr parseTest(ExpressionPtr node);
  std::vector<Argument> parseArguments();
  ExpressionPtr make(Expression::Kind kind, std::string text = "");
  /// Add children; a chain of operators is as high a tree as it is long, so
  /// the height is bounded here.
  static void adopt(Expression &node, ExpressionPtr child);
  static void adopt(Expression &node, std::vector<Argument> arguments);
  ExpressionPtr binary(std::string operation, ExpressionPtr left,
                       ExpressionPtr right);

  const Token &peek(size_t ahead = 0) const;
  Token next();
  bool atOperator(std::string_view text) const;
  bool atName(std::string_view text) const;
  bool acceptOperator(std::string_view text);
  bool acceptName(std::string_view text);
  void expectOperator(std::string_view text);
  std::string expectName(const char *what);
  [[noreturn]] void unexpected(const std::string &wanted);

  /// Keeps hostile nesting from exhausting the stack.
  struct Nesting {
    explicit Nesting(Parser &parser);
    ~Nesting() { --parser.depth; }
    Parser &parser;
  };

  std::vector<Token> tokens;
  size_t position = 0;
  int depth = 0;
  int loops = 0;
};

} // namespace terrazzo::text::jinja
