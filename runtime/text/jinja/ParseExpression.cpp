// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expressions of the template language, by recursive descent with Jinja's
// precedences; see Parser.h.
#include "text/jinja/Builtins.h"
#include "text/jinja/Parser.h"

#include <algorithm>
#include <charconv>

namespace terrazzo::text::jinja {

using Kind = Token::Kind;
using ExpressionKind = Expression::Kind;

ExpressionPtr Parser::make(ExpressionKind kind, std::string text) {
  auto node = std::make_unique<Expression>();
  node->kind = kind;
  node->line = peek().line;
  node->text = std::move(text);
  return node;
}

void Parser::adopt(Expression &node, ExpressionPtr child) {
  if (child)
    node.height = std::max(node.height, child->height + 1);
  if (node.height > 1000)
    fail("TZ0212", node.line, "an expression is nested too deeply");
  node.children.push_back(std::move(child));
}

void Parser::adopt(Expression &node, std::vector<Argument> arguments) {
  for (const Argument &argument : arguments)
    node.height = std::max(node.height, argument.value->height + 1);
  if (node.height > 1000)
    fail("TZ0212", node.line, "an expression is nested too deeply");
  node.arguments = std::move(arguments);
}

ExpressionPtr Parser::binary(std::string operation, ExpressionPtr left,
                             ExpressionPtr right) {
  auto node = make(ExpressionKind::Binary, std::move(operation));
  node->line = left->line;
  adopt(*node, std::move(left));
  adopt(*node, std::move(right));
  return node;
}

ExpressionPtr Parser::parseTuple() {
  ExpressionPtr first = parseExpression();
  if (!atOperator(","))
    return first;
  auto tuple = make(ExpressionKind::ListOf);
  adopt(*tuple, std::move(first));
  while (acceptOperator(","))
    adopt(*tuple, parseExpression());
  return tuple;
}

ExpressionPtr Parser::parseExpression() {
  Nesting nesting(*this);
  ExpressionPtr node = parseOr();
  while (atName("if")) {
    auto ternary = make(ExpressionKind::Ternary);
    next();
    adopt(*ternary, std::move(node));
    adopt(*ternary, parseOr());
    adopt(*ternary, acceptName("else") ? parseExpression() : nullptr);
    node = std::move(ternary);
  }
  return node;
}

ExpressionPtr Parser::parseOr() {
  ExpressionPtr left = parseAnd();
  while (acceptName("or"))
    left = binary("or", std::move(left), parseAnd());
  return left;
}

ExpressionPtr Parser::parseAnd() {
  ExpressionPtr left = parseNot();
  while (acceptName("and"))
    left = binary("and", std::move(left), parseNot());
  return left;
}

ExpressionPtr Parser::parseNot() {
  if (!atName("not"))
    return parseCompare();
  Nesting nesting(*this);
  auto node = make(ExpressionKind::Unary, "not");
  next();
  adopt(*node, parseNot());
  return node;
}

ExpressionPtr Parser::parseCompare() {
  ExpressionPtr left = parseSum();
  bool compared = false;
  while (true) {
    std::string operation;
    for (const char *known : {"==", "!=", "<", ">", "<=", ">="})
      if (atOperator(known))
        operation = known;
    if (atName("in"))
      operation = "in";
    else if (atName("not") && peek(1).kind == Kind::Name &&
             peek(1).text == "in")
      operation = "not in";
    if (operation.empty())
      return left;
    if (compared)
      failUnsupported(peek().line, "a chain of comparisons");
    compared = true;
    next();
    if (operation == "not in")
      next();
    left = binary(operation, std::move(left), parseSum());
  }
}

ExpressionPtr Parser::parseSum() {
  ExpressionPtr left = parseConcat();
  while (atOperator("+") || atOperator("-")) {
    std::string operation = next().text;
    left = binary(operation, std::move(left), parseConcat());
  }
  return left;
}

ExpressionPtr Parser::parseConcat() {
  ExpressionPtr left = parseProduct();
  while (acceptOperator("~"))
    left = binary("~", std::move(left), parseProduct());
  return left;
}

ExpressionPtr Parser::parseProduct() {
  ExpressionPtr left = parsePower();
  while (atOperator("*") || atOperator("/") || atOperator("//") ||
         atOperator("%")) {
    std::string operation = next().text;
    left = binary(operation, std::move(left), parsePower());
  }
  return left;
}

ExpressionPtr Parser::parsePower() {
  ExpressionPtr left = parseUnary(true);
  if (atOperator("**"))
    failUnsupported(peek().line, "the operator '**'");
  return left;
}

ExpressionPtr Parser::parseUnary(bool withFilter) {
  Nesting nesting(*this);
  ExpressionPtr node;
  if (atOperator("-") || atOperator("+")) {
    node = make(ExpressionKind::Unary, peek().text);
    next();
    adopt(*node, parseUnary(false));
  } else {
    node = parsePrimary();
  }
  node = parsePostfix(std::move(node));
  return withFilter ? parseFilters(std::move(node)) : std::move(node);
}

ExpressionPtr Parser::parsePrimary() {
  auto literal = [this](Value value) {
    auto node = make(ExpressionKind::Literal);
    node->value = std::move(value);
    return node;
  };
  switch (peek().kind) {
  case Kind::Name: {
    std::string name = peek().text;
    ExpressionPtr node;
    if (name == "true" || name == "True" || name == "false" || name == "False")
      node = literal(name == "true" || name == "True");
    else if (name == "none" || name == "None")
      node = literal(None{});
    else
      node = make(ExpressionKind::Name, name);
    next();
    return node;
  }
  case Kind::String: {
    std::string text;
    while (peek().kind == Kind::String)
      text += next().text;
    return literal(std::move(text));
  }
  case Kind::Integer: {
    int64_t value = 0;
    const std::string &text = peek().text;
    auto result =
        std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc())
      fail("TZ0212", peek().line, "an integer is too large");
    ExpressionPtr node = literal(value);
    next();
    return node;
  }
  case Kind::Float: {
    double value = 0;
    const std::string &text = peek().text;
    std::from_chars(text.data(), text.data() + text.size(), value);
    ExpressionPtr node = literal(value);
    next();
    return node;
  }
  default:
    break;
  }
  if (acceptOperator("(")) {
    if (acceptOperator(")"))
      return make(ExpressionKind::ListOf);
    ExpressionPtr node = parseExpression();
    if (atOperator(",")) {
      auto tuple = make(ExpressionKind::ListOf);
      adopt(*tuple, std::move(node));
      while (acceptOperator(",") && !atOperator(")"))
        adopt(*tuple, parseExpression());
      node = std::move(tuple);
    }
    expectOperator(")");
    return node;
  }
  if (atOperator("["))
    return parseList();
  if (atOperator("{"))
    return parseDict();
  unexpected("an expression");
}

ExpressionPtr Parser::parseList() {
  auto list = make(ExpressionKind::ListOf);
  next();
  while (!acceptOperator("]")) {
    adopt(*list, parseExpression());
    if (!atOperator("]"))
      expectOperator(",");
  }
  return list;
}

ExpressionPtr Parser::parseDict() {
  auto dict = make(ExpressionKind::DictOf);
  next();
  while (!acceptOperator("}")) {
    adopt(*dict, parseExpression());
    expectOperator(":");
    adopt(*dict, parseExpression());
    if (!atOperator("}"))
      expectOperator(",");
  }
  return dict;
}

ExpressionPtr Parser::parsePostfix(ExpressionPtr node) {
  while (true) {
    if (acceptOperator(".")) {
      if (peek().kind == Kind::Integer)
        failUnsupported(peek().line, "a number as attribute");
      auto attribute = make(ExpressionKind::Attribute);
      attribute->text = expectName("an attribute");
      adopt(*attribute, std::move(node));
      node = std::move(attribute);
    } else if (atOperator("[")) {
      node = parseSubscript(std::move(node));
    } else if (atOperator("(")) {
      node = parseCall(std::move(node));
    } else {
      return node;
    }
  }
}

ExpressionPtr Parser::parseSubscript(ExpressionPtr object) {
  auto node = make(ExpressionKind::Index);
  next();
  adopt(*node, std::move(object));
  bool slice = false;
  ExpressionPtr parts[3];
  for (int part = 0; part < 3; ++part) {
    if (!atOperator(":") && !atOperator("]"))
      parts[part] = parseExpression();
    if (!acceptOperator(":"))
      break;
    slice = true;
  }
  expectOperator("]");
  if (!slice && !parts[0])
    fail("TZ0212", node->line, "an index is missing");
  if (slice)
    node->kind = ExpressionKind::Slice;
  for (ExpressionPtr &part : parts)
    if (slice || part)
      adopt(*node, std::move(part));
  return node;
}

ExpressionPtr Parser::parseCall(ExpressionPtr callee) {
  auto node = make(ExpressionKind::Call);
  if (callee->kind == ExpressionKind::Attribute && !isMethod(callee->text))
    failUnsupported(node->line, "the method '" + callee->text + "'");
  next();
  adopt(*node, parseArguments());
  adopt(*node, std::move(callee));
  return node;
}

/// After the opening parenthesis.
std::vector<Argument> Parser::parseArguments() {
  std::vector<Argument> arguments;
  while (!acceptOperator(")")) {
    if (atOperator("*") || atOperator("**"))
      failUnsupported(peek().line, "an unpacked argument");
    Argument argument;
    if (peek().kind == Kind::Name && peek(1).kind == Kind::Operator &&
        peek(1).text == "=") {
      argument.name = next().text;
      next();
    }
    argument.value = parseExpression();
    arguments.push_back(std::move(argument));
    if (!atOperator(")"))
      expectOperator(",");
  }
  return arguments;
}

ExpressionPtr Parser::parseFilters(ExpressionPtr node) {
  while (atOperator("|") || atName("is") || atOperator("(")) {
    if (atName("is")) {
      node = parseTest(std::move(node));
      continue;
    }
    if (atOperator("(")) {
      node = parseCall(std::move(node));
      continue;
    }
    next();
    auto filter = make(ExpressionKind::Filter);
    filter->text = expectName("a filter");
    if (!isFilter(filter->text))
      failUnsupported(filter->line, "the filter '" + filter->text + "'");
    if (acceptOperator("("))
      adopt(*filter, parseArguments());
    adopt(*filter, std::move(node));
    node = parsePostfix(std::move(filter));
  }
  return node;
}

ExpressionPtr Parser::parseTest(ExpressionPtr node) {
  auto test = make(ExpressionKind::Test);
  next();
  bool negated = acceptName("not");
  test->text = expectName("a test");
  if (!isTest(test->text))
    failUnsupported(test->line, "the test '" + test->text + "'");
  if (acceptOperator("(")) {
    adopt(*test, parseArguments());
  } else {
    bool name = peek().kind == Kind::Name && !atName("and") && !atName("or") &&
                !atName("else") && !atName("if") && !atName("is") &&
                !atName("not") && !atName("in");
    bool literal = peek().kind == Kind::String ||
                   peek().kind == Kind::Integer || peek().kind == Kind::Float ||
                   atOperator("[") || atOperator("{");
    if (name || literal) {
      std::vector<Argument> arguments;
      arguments.push_back({"", parsePostfix(parsePrimary())});
      adopt(*test, std::move(arguments));
    }
  }
  adopt(*test, std::move(node));
  if (!negated)
    return test;
  auto inverse = make(ExpressionKind::Unary, "not");
  adopt(*inverse, std::move(test));
  return inverse;
}

} // namespace terrazzo::text::jinja
