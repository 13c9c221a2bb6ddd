// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Statements; see Parser.h.
#include "text/jinja/syntax/Parser.h"

#include "text/jinja/syntax/Resolver.h"

#include <algorithm>
#include <utility>

namespace terrazzo::text::jinja {

using Kind = Token::Kind;

std::unique_ptr<Template> parseTemplate(std::string_view source) {
  auto program = std::make_unique<Template>();
  program->body = Parser(tokenize(source)).parseAll();
  resolve(*program);
  return program;
}

Parser::Nesting::Nesting(Parser &parser) : parser(parser) {
  if (++parser.depth > 300)
    failSyntax(parser.peek().line, "the template is nested too deeply");
}

const Token &Parser::peek(size_t ahead) const {
  return tokens[std::min(position + ahead, tokens.size() - 1)];
}

Token Parser::next() {
  Token token = peek();
  if (position + 1 < tokens.size())
    ++position;
  return token;
}

bool Parser::atOperator(std::string_view text, size_t ahead) const {
  return peek(ahead).kind == Kind::Operator && peek(ahead).text == text;
}
bool Parser::atName(std::string_view text, size_t ahead) const {
  return peek(ahead).kind == Kind::Name && peek(ahead).text == text;
}

bool Parser::acceptOperator(std::string_view text) {
  if (!atOperator(text))
    return false;
  next();
  return true;
}

bool Parser::acceptName(std::string_view text) {
  if (!atName(text))
    return false;
  next();
  return true;
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
  std::string found = token.kind == Kind::End          ? "the template's end"
                      : token.kind == Kind::BlockEnd   ? "'%}'"
                      : token.kind == Kind::OutputEnd  ? "'}}'"
                      : token.kind == Kind::BlockBegin ? "'{%'"
                                                       : "'" + token.text + "'";
  failSyntax(token.line, wanted + " was expected, not " + found);
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
Block Parser::parseUntil(Ends ends) {
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
      output->expressions.push_back(parseTuple());
      if (peek().kind != Kind::OutputEnd)
        unexpected("'}}'");
      next();
      block.push_back(std::move(output));
    } else {
      next();
      if (peek().kind == Kind::Name &&
          std::find(ends.begin(), ends.end(), peek().text) != ends.end())
        return block;
      block.push_back(parseStatement());
    }
  }
  if (ends.size())
    unexpected("'{% " + std::string(*(ends.end() - 1)) + " %}'");
  return block;
}

/// The body of a statement, from the end of its tag on.
Block Parser::parseBody(Ends ends) {
  acceptOperator(":");
  endBlock();
  return parseUntil(ends);
}

/// The tag that parseBody stopped at.
void Parser::endBody() {
  next();
  endBlock();
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
  if (name == "call")
    return parseCallBlock();
  if (name == "filter")
    return parseFilterBlock();
  if (name == "with")
    return parseWith();
  if (name == "block")
    return parseBlock();
  if (name == "print")
    return parsePrint();
  if (name == "generation")
    return parseGeneration();
  if (name == "break" || name == "continue")
    return parseJump(name == "break");
  if (name == "include" || name == "import" || name == "from" ||
      name == "extends")
    return parseImport(name);
  if (name == "autoescape")
    failUnsupported("the statement 'autoescape'", line);
  if (name.starts_with("end") || name == "else" || name == "elif")
    failSyntax(line, "'" + name + "' without a beginning");
  failUnsupported("the statement '" + name + "'", line);
}

std::unique_ptr<Statement> Parser::parseJump(bool isBreak) {
  if (!loops)
    failSyntax(peek().line, "'break' or 'continue' outside of a loop");
  auto jump =
      make(isBreak ? Statement::Kind::Break : Statement::Kind::Continue);
  endBlock();
  return jump;
}

std::unique_ptr<Statement> Parser::parsePrint() {
  auto statement = make(Statement::Kind::Output);
  while (peek().kind != Kind::BlockEnd) {
    if (!statement->expressions.empty())
      expectOperator(",");
    statement->expressions.push_back(parseExpression());
  }
  endBlock();
  return statement;
}

std::unique_ptr<Statement> Parser::parseIf() {
  Nesting nesting(*this);
  auto statement = make(Statement::Kind::If);
  statement->expressions.push_back(parseTuple({.condition = false}));
  statement->body = parseBody({"elif", "else", "endif"});
  std::string end = next().text;
  if (end == "elif") {
    statement->otherwise.push_back(parseIf());
    statement->otherwise[0]->chained = true;
    return statement;
  }
  if (end == "else") {
    statement->otherwise = parseBody({"endif"});
    next();
  }
  endBlock();
  return statement;
}

std::unique_ptr<Statement> Parser::parseFor() {
  auto statement = make(Statement::Kind::For);
  statement->targets.push_back(parseTarget({.simple = true, .end = "in"}));
  if (!acceptName("in"))
    unexpected("'in'");
  statement->expressions.push_back(
      parseTuple({.condition = false, .end = "recursive"}));
  if (acceptName("if"))
    statement->condition = parseExpression();
  statement->recursive = acceptName("recursive");
  {
    OutsideLoops inside(*this, 1);
    statement->body = parseBody({"endfor", "else"});
  }
  if (next().text == "else") {
    // A recursive loop is a function of its own.
    OutsideLoops around(*this, statement->recursive ? 0 : loops);
    statement->otherwise = parseBody({"endfor"});
    next();
  }
  endBlock();
  return statement;
}

std::unique_ptr<Statement> Parser::parseSet() {
  auto statement = make(Statement::Kind::Set);
  statement->targets.push_back(parseTarget({.simple = true, .nsRefs = true}));
  if (acceptOperator("=")) {
    statement->expressions.push_back(parseTuple());
    endBlock();
    return statement;
  }
  statement->kind = Statement::Kind::SetBlock;
  if (atOperator("|"))
    statement->filter = parseFilters(make(Expression::Kind::Captured));
  statement->body = parseBody({"endset"});
  endBody();
  return statement;
}

void Parser::parseSignature(MacroDefinition &macro) {
  expectOperator("(");
  bool defaults = false;
  while (!atOperator(")")) {
    if (!macro.parameters.empty())
      expectOperator(",");
    int line = peek().line;
    std::string name = expectName("a parameter");
    if (std::count(macro.parameters.begin(), macro.parameters.end(), name))
      failSyntax(line, "the parameter '" + name + "' is given twice");
    macro.parameters.push_back(name);
    bool has = acceptOperator("=");
    if (!has && defaults)
      failSyntax(line, "a parameter without default behind one with it");
    defaults = has;
    macro.defaults.push_back(has ? parseExpression() : nullptr);
  }
  expectOperator(")");
}

Block Parser::parseMacroBody(std::string_view end) {
  OutsideLoops outside(*this);
  Block body = parseBody({end});
  endBody();
  return body;
}

std::unique_ptr<Statement> Parser::parseMacro() {
  auto statement = make(Statement::Kind::Macro);
  statement->macro = std::make_unique<MacroDefinition>();
  statement->macro->name = expectName("the macro's name");
  parseSignature(*statement->macro);
  statement->macro->body = parseMacroBody("endmacro");
  return statement;
}

std::unique_ptr<Statement> Parser::parseCallBlock() {
  auto statement = make(Statement::Kind::CallBlock);
  statement->macro = std::make_unique<MacroDefinition>();
  if (atOperator("("))
    parseSignature(*statement->macro);
  statement->expressions.push_back(parseExpression());
  if (statement->expressions[0]->kind != Expression::Kind::Call)
    failSyntax(statement->line, "a call was expected");
  statement->macro->body = parseMacroBody("endcall");
  return statement;
}

/// Marks what a model wrote, for training; prints its body.
std::unique_ptr<Statement> Parser::parseGeneration() {
  auto statement = make(Statement::Kind::Generation);
  statement->macro = std::make_unique<MacroDefinition>();
  statement->macro->body = parseMacroBody("endgeneration");
  return statement;
}

std::unique_ptr<Statement> Parser::parseFilterBlock() {
  auto statement = make(Statement::Kind::FilterBlock);
  statement->filter =
      parseFilters(parseFilter(make(Expression::Kind::Captured)));
  statement->body = parseBody({"endfilter"});
  endBody();
  return statement;
}

std::unique_ptr<Statement> Parser::parseWith() {
  auto statement = make(Statement::Kind::With);
  while (peek().kind != Kind::BlockEnd) {
    if (!statement->targets.empty())
      expectOperator(",");
    statement->targets.push_back(parseTarget({.simple = true}));
    expectOperator("=");
    statement->expressions.push_back(parseExpression());
  }
  statement->body = parseBody({"endwith"});
  endBody();
  return statement;
}

std::unique_ptr<Statement> Parser::parseBlock() {
  auto statement = make(Statement::Kind::Block);
  statement->text = expectName("the block's name");
  if (!blocks.insert(statement->text).second)
    failSyntax(statement->line,
               "the block '" + statement->text + "' is defined twice");
  statement->scoped = acceptName("scoped");
  statement->required = acceptName("required");
  {
    OutsideLoops outside(*this);
    statement->body = parseBody({"endblock"});
  }
  next();
  acceptName(statement->text);
  endBlock();
  return statement;
}

std::unique_ptr<Statement> Parser::parseImport(const std::string &name) {
  auto statement = make(Statement::Kind::Import);
  statement->text = name;
  statement->expressions.push_back(parseExpression());
  auto target = [&] {
    auto node = make(Expression::Kind::Name, expectName("a name"));
    statement->targets.push_back(std::move(node));
  };
  if (name == "import") {
    if (!acceptName("as"))
      unexpected("'as'");
    target();
  } else if (name == "from") {
    if (!acceptName("import"))
      unexpected("'import'");
    do {
      target();
      if (acceptName("as")) {
        statement->targets.pop_back();
        target();
      }
    } while (acceptOperator(","));
  } else if (name == "include" && atName("ignore") && atName("missing", 1)) {
    next();
    next();
  }
  if ((atName("with") || atName("without")) && atName("context", 1)) {
    next();
    next();
  }
  endBlock();
  return statement;
}

} // namespace terrazzo::text::jinja
