// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From tokens to a tree, with Jinja's grammar.
#pragma once

#include "text/jinja/syntax/Ast.h"
#include "text/jinja/syntax/Lexer.h"

#include <initializer_list>

namespace terrazzo::text::jinja {

/// A tree whose names are resolved. Throws Failure.
std::unique_ptr<Template> parseTemplate(std::string_view source);

class Parser {
public:
  explicit Parser(std::vector<Token> tokens) : tokens(std::move(tokens)) {}
  Block parseAll();

private:
  using Ends = std::initializer_list<std::string_view>;
  // Statements (Parser.cpp).
  Block parseUntil(Ends ends);
  Block parseBody(Ends ends);
  void endBody();
  std::unique_ptr<Statement> parseStatement();
  std::unique_ptr<Statement> parsePrint();
  std::unique_ptr<Statement> parseIf();
  std::unique_ptr<Statement> parseFor();
  std::unique_ptr<Statement> parseSet();
  std::unique_ptr<Statement> parseMacro();
  std::unique_ptr<Statement> parseCallBlock();
  std::unique_ptr<Statement> parseGeneration();
  std::unique_ptr<Statement> parseFilterBlock();
  std::unique_ptr<Statement> parseWith();
  std::unique_ptr<Statement> parseBlock();
  std::unique_ptr<Statement> parseImport(const std::string &name);
  std::unique_ptr<Statement> parseJump(bool isBreak);
  void parseSignature(MacroDefinition &macro);
  Block parseMacroBody(std::string_view end);
  std::unique_ptr<Statement> make(Statement::Kind kind);
  void endBlock();

  // Expressions (ParseExpression.cpp), loosest first.
  struct TupleRule {
    bool simple = false;     ///< primaries only
    bool condition = true;   ///< `a if b` is allowed inside
    bool explicitly = false; ///< in parentheses: may be empty
    bool nsRefs = false;
    std::string_view end = {}; ///< a name that ends it
  };
  ExpressionPtr parseTuple(TupleRule rule);
  ExpressionPtr parseTuple() { return parseTuple(TupleRule()); }
  ExpressionPtr parseTarget(TupleRule rule);
  void checkTarget(const Expression &target) const;
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
  ExpressionPtr parsePrimary(bool nsRefs);
  ExpressionPtr parseName(bool nsRefs);
  ExpressionPtr parseList();
  ExpressionPtr parseDict();
  ExpressionPtr parsePostfix(ExpressionPtr node);
  ExpressionPtr parseSubscript(ExpressionPtr object);
  ExpressionPtr parseSubscripted(ExpressionPtr object);
  ExpressionPtr parseCall(ExpressionPtr callee);
  ExpressionPtr parseFilter(ExpressionPtr node);
  ExpressionPtr parseFilters(ExpressionPtr node);
  ExpressionPtr parseFilterTail(ExpressionPtr node);
  ExpressionPtr parseTest(ExpressionPtr node);
  std::string parseDottedName(const char *what);
  std::vector<Argument> parseArguments();
  ExpressionPtr make(Expression::Kind kind, std::string text = "");
  /// Add children; a chain of operators is as high a tree as it is long, so
  /// the height is bounded here.
  static void adopt(Expression &node, ExpressionPtr child);
  static void adopt(Expression &node, std::vector<Argument> arguments);
  ExpressionPtr binary(Expression::Kind kind, std::string operation,
                       ExpressionPtr left, ExpressionPtr right);

  const Token &peek(size_t ahead = 0) const;
  Token next();
  bool atOperator(std::string_view text, size_t ahead = 0) const;
  bool atName(std::string_view text, size_t ahead = 0) const;
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
  struct OutsideLoops {
    explicit OutsideLoops(Parser &parser, int inside = 0)
        : parser(parser), saved(std::exchange(parser.loops, inside)) {}
    ~OutsideLoops() { parser.loops = saved; }
    Parser &parser;
    int saved;
  };

  std::vector<Token> tokens;
  size_t position = 0;
  int depth = 0;
  int loops = 0;
  std::set<std::string> blocks;
};

} // namespace terrazzo::text::jinja
