// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expressions; see Parser.h.
#include "text/jinja/syntax/Parser.h"

#include <algorithm>
#include <iterator>

namespace terrazzo::text::jinja {

using Kind = Expression::Kind;

ExpressionPtr Parser::make(Kind kind, std::string text) {
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
    failSyntax(node.line, "an expression is nested too deeply");
  node.children.push_back(std::move(child));
}

void Parser::adopt(Expression &node, std::vector<Argument> arguments) {
  for (const Argument &argument : arguments)
    node.height = std::max(node.height, argument.value->height + 1);
  if (node.height > 1000)
    failSyntax(node.line, "an expression is nested too deeply");
  node.arguments = std::move(arguments);
}

ExpressionPtr Parser::binary(Kind kind, std::string operation,
                             ExpressionPtr left, ExpressionPtr right) {
  auto node = make(kind, std::move(operation));
  node->line = left->line;
  adopt(*node, std::move(left));
  adopt(*node, std::move(right));
  return node;
}

ExpressionPtr Parser::parseTuple(TupleRule rule) {
  auto tuple = make(Kind::TupleOf);
  bool isTuple = false;
  auto atEnd = [&] {
    Token::Kind kind = peek().kind;
    return kind == Token::Kind::OutputEnd || kind == Token::Kind::BlockEnd ||
           atOperator(")") || (!rule.end.empty() && atName(rule.end));
  };
  for (;;) {
    if (!tuple->children.empty())
      expectOperator(",");
    if (atEnd())
      break;
    adopt(*tuple, rule.simple      ? parsePrimary(rule.nsRefs)
                  : rule.condition ? parseExpression()
                                   : parseOr());
    if (!atOperator(","))
      break;
    isTuple = true;
  }
  if (isTuple || (rule.explicitly && tuple->children.empty()))
    return tuple;
  if (tuple->children.empty())
    unexpected("an expression");
  return std::move(tuple->children[0]);
}

ExpressionPtr Parser::parseTarget(TupleRule rule) {
  ExpressionPtr target = parseTuple(rule);
  checkTarget(*target);
  return target;
}

void Parser::checkTarget(const Expression &target) const {
  if (target.kind == Kind::TupleOf)
    for (const ExpressionPtr &child : target.children)
      checkTarget(*child);
  else if (target.kind != Kind::Name && target.kind != Kind::NsRef)
    failSyntax(target.line, "only names can be set");
}

ExpressionPtr Parser::parseExpression() {
  Nesting nesting(*this);
  ExpressionPtr node = parseOr();
  while (acceptName("if")) {
    auto ternary = make(Kind::Ternary);
    adopt(*ternary, std::move(node));
    adopt(*ternary, parseOr());
    adopt(*ternary, acceptName("else") ? parseExpression() : nullptr);
    node = std::move(ternary);
  }
  return node;
}

ExpressionPtr Parser::parseOr() {
  Nesting nesting(*this);
  ExpressionPtr node = parseAnd();
  while (acceptName("or"))
    node = binary(Kind::Or, "or", std::move(node), parseAnd());
  return node;
}

ExpressionPtr Parser::parseAnd() {
  ExpressionPtr node = parseNot();
  while (acceptName("and"))
    node = binary(Kind::And, "and", std::move(node), parseNot());
  return node;
}

ExpressionPtr Parser::parseNot() {
  if (!atName("not"))
    return parseCompare();
  Nesting nesting(*this);
  auto node = make(Kind::Not);
  next();
  adopt(*node, parseNot());
  return node;
}

ExpressionPtr Parser::parseCompare() {
  ExpressionPtr first = parseSum();
  std::vector<std::string> operators;
  std::vector<ExpressionPtr> operands;
  for (;;) {
    std::string operation;
    for (std::string_view one : {"==", "!=", "<", "<=", ">", ">="})
      if (atOperator(one))
        operation = one;
    if (!operation.empty()) {
      next();
    } else if (acceptName("in")) {
      operation = "in";
    } else if (atName("not") && atName("in", 1)) {
      operation = "not in";
      next();
      next();
    } else {
      break;
    }
    operators.push_back(std::move(operation));
    operands.push_back(parseSum());
  }
  if (operators.empty())
    return first;
  auto node = make(Kind::Compare);
  node->line = first->line;
  adopt(*node, std::move(first));
  for (ExpressionPtr &operand : operands)
    adopt(*node, std::move(operand));
  node->operators = std::move(operators);
  return node;
}

ExpressionPtr Parser::parseSum() {
  ExpressionPtr node = parseConcat();
  while (atOperator("+") || atOperator("-")) {
    std::string operation = next().text;
    node = binary(Kind::Binary, operation, std::move(node), parseConcat());
  }
  return node;
}

ExpressionPtr Parser::parseConcat() {
  ExpressionPtr first = parseProduct();
  if (!atOperator("~"))
    return first;
  auto node = make(Kind::Concat);
  adopt(*node, std::move(first));
  while (acceptOperator("~"))
    adopt(*node, parseProduct());
  return node;
}

ExpressionPtr Parser::parseProduct() {
  ExpressionPtr node = parsePower();
  while (atOperator("*") || atOperator("/") || atOperator("//") ||
         atOperator("%")) {
    std::string operation = next().text;
    node = binary(Kind::Binary, operation, std::move(node), parsePower());
  }
  return node;
}

ExpressionPtr Parser::parsePower() {
  ExpressionPtr node = parseUnary(true);
  while (acceptOperator("**"))
    node = binary(Kind::Binary, "**", std::move(node), parseUnary(true));
  return node;
}

ExpressionPtr Parser::parseUnary(bool withFilter) {
  Nesting nesting(*this);
  ExpressionPtr node;
  if (atOperator("-") || atOperator("+")) {
    node = make(atOperator("-") ? Kind::Negative : Kind::Positive);
    next();
    adopt(*node, parseUnary(false));
  } else {
    node = parsePrimary(false);
  }
  node = parsePostfix(std::move(node));
  return withFilter ? parseFilterTail(std::move(node)) : std::move(node);
}

ExpressionPtr Parser::parseName(bool nsRefs) {
  std::string name = peek().text;
  auto literal = [&](Value value) {
    auto node = make(Kind::Literal);
    node->value = std::move(value);
    next();
    return node;
  };
  if (name == "true" || name == "True")
    return literal(true);
  if (name == "false" || name == "False")
    return literal(false);
  if (name == "none" || name == "None")
    return literal(None{});
  auto node = make(Kind::Name, name);
  next();
  if (nsRefs && acceptOperator(".")) {
    node->kind = Kind::NsRef;
    node->attribute = expectName("an attribute");
  }
  return node;
}

ExpressionPtr Parser::parsePrimary(bool nsRefs) {
  if (peek().kind == Token::Kind::Name)
    return parseName(nsRefs);
  if (peek().kind == Token::Kind::Number) {
    auto node = make(Kind::Literal);
    node->value = next().value;
    return node;
  }
  if (peek().kind == Token::Kind::String) {
    auto node = make(Kind::Literal);
    std::string text;
    while (peek().kind == Token::Kind::String)
      text += next().text;
    node->value = text;
    return node;
  }
  if (acceptOperator("(")) {
    Nesting nesting(*this);
    ExpressionPtr node = parseTuple({.explicitly = true});
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
  auto node = make(Kind::ListOf);
  expectOperator("[");
  while (!atOperator("]")) {
    if (!node->children.empty())
      expectOperator(",");
    if (atOperator("]"))
      break;
    adopt(*node, parseExpression());
  }
  expectOperator("]");
  return node;
}

ExpressionPtr Parser::parseDict() {
  auto node = make(Kind::DictOf);
  expectOperator("{");
  while (!atOperator("}")) {
    if (!node->children.empty())
      expectOperator(",");
    if (atOperator("}"))
      break;
    adopt(*node, parseExpression());
    expectOperator(":");
    adopt(*node, parseExpression());
  }
  expectOperator("}");
  return node;
}

ExpressionPtr Parser::parsePostfix(ExpressionPtr node) {
  for (;;) {
    if (atOperator(".") || atOperator("["))
      node = parseSubscript(std::move(node));
    else if (atOperator("("))
      node = parseCall(std::move(node));
    else
      return node;
  }
}

ExpressionPtr Parser::parseSubscript(ExpressionPtr object) {
  if (!acceptOperator("."))
    return parseSubscripted(std::move(object));
  if (peek().kind == Token::Kind::Name) {
    auto node = make(Kind::Attribute, peek().text);
    next();
    adopt(*node, std::move(object));
    return node;
  }
  if (peek().kind != Token::Kind::Number || !peek().value.isInt())
    unexpected("a name or a number");
  auto node = make(Kind::Index);
  auto key = make(Kind::Literal);
  key->value = next().value;
  adopt(*node, std::move(object));
  adopt(*node, std::move(key));
  return node;
}

/// object[key], object[key, key], object[from:to:step].
ExpressionPtr Parser::parseSubscripted(ExpressionPtr object) {
  expectOperator("[");
  auto node = make(Kind::Index);
  auto keys = make(Kind::TupleOf);
  adopt(*node, std::move(object));
  while (!atOperator("]")) {
    if (!keys->children.empty())
      expectOperator(",");
    ExpressionPtr first = atOperator(":") ? nullptr : parseExpression();
    if (!atOperator(":")) {
      adopt(*keys, std::move(first));
      continue;
    }
    int line = next().line;
    auto part = [&]() -> ExpressionPtr {
      bool ends = atOperator(":") || atOperator("]") || atOperator(",");
      return ends ? nullptr : parseExpression();
    };
    ExpressionPtr last = part();
    ExpressionPtr stride = acceptOperator(":") ? part() : nullptr;
    if (!keys->children.empty() || !atOperator("]"))
      failUnsupported("a slice among several keys", line);
    node->kind = Kind::Slice;
    adopt(*node, std::move(first));
    adopt(*node, std::move(last));
    adopt(*node, std::move(stride));
  }
  expectOperator("]");
  if (node->kind == Kind::Slice)
    return node;
  adopt(*node, keys->children.size() == 1 ? std::move(keys->children[0])
                                          : std::move(keys));
  return node;
}

ExpressionPtr Parser::parseCall(ExpressionPtr callee) {
  auto node = make(Kind::Call);
  adopt(*node, std::move(callee));
  adopt(*node, parseArguments());
  return node;
}

std::vector<Argument> Parser::parseArguments() {
  std::vector<Argument> arguments;
  int line = peek().line;
  auto has = [&](Argument::Kind kind) {
    return std::any_of(arguments.begin(), arguments.end(),
                       [&](const Argument &one) { return one.kind == kind; });
  };
  auto ensure = [&](bool sound) {
    if (!sound)
      failSyntax(line, "a call's arguments are malformed");
  };
  expectOperator("(");
  while (!atOperator(")")) {
    if (!arguments.empty()) {
      expectOperator(",");
      if (atOperator(")"))
        break;
    }
    Argument argument;
    bool star = has(Argument::Kind::Star);
    bool doubleStar = has(Argument::Kind::DoubleStar);
    if (acceptOperator("*")) {
      ensure(!star && !doubleStar);
      argument.kind = Argument::Kind::Star;
    } else if (acceptOperator("**")) {
      ensure(!doubleStar);
      argument.kind = Argument::Kind::DoubleStar;
    } else if (peek().kind == Token::Kind::Name && atOperator("=", 1)) {
      argument.kind = Argument::Kind::Named;
      argument.name = next().text;
      next();
      ensure(!doubleStar && std::none_of(arguments.begin(), arguments.end(),
                                         [&](const Argument &one) {
                                           return one.kind ==
                                                      Argument::Kind::Named &&
                                                  one.name == argument.name;
                                         }));
    } else {
      ensure(!star && !doubleStar && !has(Argument::Kind::Named));
    }
    argument.value = parseExpression();
    arguments.push_back(std::move(argument));
  }
  expectOperator(")");
  return arguments;
}

/// What may follow an operand: filters, tests, calls of what they gave.
ExpressionPtr Parser::parseFilterTail(ExpressionPtr node) {
  for (;;) {
    if (atOperator("|"))
      node = parseFilters(std::move(node));
    else if (acceptName("is"))
      node = parseTest(std::move(node));
    else if (atOperator("("))
      node = parseCall(std::move(node));
    else
      return node;
  }
}

std::string Parser::parseDottedName(const char *what) {
  std::string name = expectName(what);
  while (acceptOperator("."))
    name += "." + expectName(what);
  return name;
}

ExpressionPtr Parser::parseFilter(ExpressionPtr node) {
  auto filter = make(Kind::Filter);
  filter->text = parseDottedName("a filter");
  adopt(*filter, std::move(node));
  if (atOperator("("))
    adopt(*filter, parseArguments());
  return filter;
}

ExpressionPtr Parser::parseFilters(ExpressionPtr node) {
  while (acceptOperator("|"))
    node = parseFilter(std::move(node));
  return node;
}

ExpressionPtr Parser::parseTest(ExpressionPtr node) {
  bool negated = acceptName("not");
  auto test = make(Kind::Test);
  test->text = parseDottedName("a test");
  adopt(*test, std::move(node));
  Token::Kind kind = peek().kind;
  if (atOperator("(")) {
    adopt(*test, parseArguments());
  } else if ((kind == Token::Kind::Name && !atName("else") && !atName("or") &&
              !atName("and")) ||
             kind == Token::Kind::String || kind == Token::Kind::Number ||
             atOperator("[") || atOperator("{")) {
    if (atName("is"))
      failSyntax(peek().line, "tests cannot be chained with 'is'");
    std::vector<Argument> argument(1);
    argument[0].value = parsePostfix(parsePrimary(false));
    adopt(*test, std::move(argument));
  }
  if (!negated)
    return test;
  auto node2 = make(Kind::Not);
  adopt(*node2, std::move(test));
  return node2;
}

} // namespace terrazzo::text::jinja
