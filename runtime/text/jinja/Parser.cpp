// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Statements of the template language; see Parser.h.
#include "text/jinja/Parser.h"

#include <algorithm>

namespace terrazzo::text::jinja {

using Kind = Token::Kind;

std::unique_ptr<Template> parseTemplate(std::string_view source) {
  auto result = std::make_unique<Template>();
  result->body = Parser(tokenize(source)).parseAll();
  return result;
}

Parser::Nesting::Nesting(Parser &parser) : parser(parser) {
  if (++parser.depth > 200)
    fail("TZ0212", parser.peek().line, "the template is nested too deeply");
}

const Token &Parser::peek(size_t ahead) const {
  return tokens[std::min(position + ahead, tokens.size() - 1)];
}

Token Parser::next() {
  Token token = peek();
  position = std::min(position + 1, tokens.size() - 1);
  return token;
}

bool Parser::atOperator(std::string_view text) const {
  return peek().kind == Kind::Operator && peek().text == text;
}
bool Parser::atName(std::string_view text) const {
  return peek().kind == Kind::Name && peek().text == text;
}
bool Parser::acceptOperator(std::string_view text) {
  bool found = atOperator(text);
  if (found)
    next();
  return found;
}
bool Parser::acceptName(std::string_view text) {
  bool found = atName(text);
  if (found)
    next();
  return found;
}
void Parser::expectOperator(std::string_view text) {
  if (!acceptOperator(text))
    unexpected("'" + std::string(text) + "'");
}
std::string Parser::expectName(const char *what) {
  if (peek().kind != Kind::Name)
    unexpected(what);
  return next().text;
}

void Parser::unexpected(const std::string &wanted) {
  const Token &token = peek();
  std::string found;
  switch (token.kind) {
  case Kind::End:
    found = "the end of the template";
    break;
  case Kind::BlockEnd:
    found = "'%}'";
    break;
  case Kind::OutputEnd:
    found = "'}}'";
    break;
  default:
    found = "'" + token.text.substr(0, 40) + "'";
  }
  fail("TZ0212", token.line, wanted + " was expected, not " + found);
}

std::unique_ptr<Statement> Parser::make(Statement::Kind kind) {
  auto statement = std::make_unique<Statement>();
  statement->kind = kind;
  statement->line = peek().line;
  return statement;
}

void Parser::endBlock() {
  if (peek().kind != Kind::BlockEnd)
    unexpected("'%}'");
  next();
}

Block Parser::parseAll() {
  Block body = parseUntil({});
  if (peek().kind != Kind::End)
    unexpected("a statement");
  return body;
}

/// Statements up to a block tag that begins with one of `ends`; that tag's
/// name is left to be read.
Block Parser::parseUntil(std::initializer_list<std::string_view> ends) {
  Nesting nesting(*this);
  Block block;
  while (peek().kind != Kind::End) {
    if (peek().kind == Kind::Text) {
      auto text = make(Statement::Kind::Text);
      text->text = next().text;
      block.push_back(std::move(text));
    } else if (peek().kind == Kind::OutputBegin) {
      next();
      auto output = make(Statement::Kind::Output);
      output->expression = parseTuple();
      if (peek().kind != Kind::OutputEnd)
        unexpected("'}}'");
      next();
      block.push_back(std::move(output));
    } else {
      next();
      if (peek().kind == Kind::Name &&
          std::find(ends.begin(), ends.end(), peek().text) != ends.end())
        return block;
      if (auto statement = parseStatement())
        block.push_back(std::move(statement));
    }
  }
  if (ends.size())
    unexpected("'{% " + std::string(*(ends.end() - 1)) + " %}'");
  return block;
}

std::unique_ptr<Statement> Parser::parseStatement() {
  int line = peek().line;
  std::string name = expectName("the name of a statement");
  if (name == "if")
    return parseIf();
  if (name == "for")
    return parseFor();
  if (name == "set")
    return parseSet();
  if (name == "macro")
    return parseMacro();
  if (name == "break" || name == "continue") {
    if (!loops)
      fail("TZ0212", line, "'" + name + "' stands outside of a loop");
    auto jump = make(name == "break" ? Statement::Kind::Break
                                     : Statement::Kind::Continue);
    endBlock();
    return jump;
  }
  // Marks what a model wrote, for training; prints its body.
  if (name == "generation") {
    endBlock();
    auto scope = make(Statement::Kind::Scope);
    scope->body = parseUntil({"endgeneration"});
    next();
    endBlock();
    return scope;
  }
  if (name.starts_with("end") || name == "else" || name == "elif")
    fail("TZ0212", line, "'" + name + "' without a beginning");
  failUnsupported(line, "the statement '" + name + "'");
}

std::unique_ptr<Statement> Parser::parseIf() {
  Nesting nesting(*this);
  auto statement = make(Statement::Kind::If);
  statement->expression = parseTuple();
  endBlock();
  statement->body = parseUntil({"elif", "else", "endif"});
  std::string end = next().text;
  if (end == "elif") {
    statement->otherwise.push_back(parseIf());
    return statement;
  }
  endBlock();
  if (end == "else") {
    statement->otherwise = parseUntil({"endif"});
    next();
    endBlock();
  }
  return statement;
}

std::unique_ptr<Statement> Parser::parseFor() {
  auto statement = make(Statement::Kind::For);
  bool grouped = acceptOperator("(");
  do
    statement->names.push_back(expectName("a loop's variable"));
  while (acceptOperator(","));
  if (grouped)
    expectOperator(")");
  if (!acceptName("in"))
    unexpected("'in'");
  // A conditional expression would swallow the loop's own "if".
  statement->expression = parseOr();
  if (acceptName("if"))
    statement->condition = parseExpression();
  if (atName("recursive"))
    failUnsupported(peek().line, "a recursive loop");
  endBlock();
  ++loops;
  statement->body = parseUntil({"else", "endfor"});
  --loops;
  bool hasElse = next().text == "else";
  endBlock();
  if (hasElse) {
    statement->otherwise = parseUntil({"endfor"});
    next();
    endBlock();
  }
  return statement;
}

std::unique_ptr<Statement> Parser::parseSet() {
  auto statement = make(Statement::Kind::Set);
  statement->names.push_back(expectName("a variable"));
  if (acceptOperator("."))
    statement->text = expectName("an attribute");
  while (acceptOperator(","))
    statement->names.push_back(expectName("a variable"));
  if (acceptOperator("=")) {
    statement->expression = parseTuple();
    endBlock();
    return statement;
  }
  if (atOperator("|"))
    failUnsupported(peek().line, "a filter on a set block");
  endBlock();
  statement->body = parseUntil({"endset"});
  next();
  endBlock();
  return statement;
}

std::unique_ptr<Statement> Parser::parseMacro() {
  auto statement = make(Statement::Kind::Macro);
  statement->text = expectName("the macro's name");
  expectOperator("(");
  while (!acceptOperator(")")) {
    Argument argument{expectName("a parameter"), nullptr};
    if (acceptOperator("="))
      argument.value = parseExpression();
    statement->arguments.push_back(std::move(argument));
    if (!atOperator(")"))
      expectOperator(",");
  }
  endBlock();
  int outer = std::exchange(loops, 0);
  statement->body = parseUntil({"endmacro"});
  loops = outer;
  next();
  endBlock();
  return statement;
}

} // namespace terrazzo::text::jinja
