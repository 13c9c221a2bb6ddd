// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Declare.h.
#include "text/jinja/syntax/Declare.h"

#include <algorithm>

namespace terrazzo::text::jinja {

using Kind = Statement::Kind;

void declare(const Expression *expression, Scope &scope) {
  if (!expression)
    return;
  if (expression->kind == Expression::Kind::Name ||
      expression->kind == Expression::Kind::NsRef)
    scope.load(expression->text);
  for (const ExpressionPtr &child : expression->children)
    declare(child.get(), scope);
  for (const Argument &argument : expression->arguments)
    declare(argument.value.get(), scope);
}

void declareTarget(const Expression &target, Scope &scope, bool parameter) {
  if (target.kind == Expression::Kind::NsRef)
    scope.load(target.text);
  else if (target.kind == Expression::Kind::TupleOf)
    for (const ExpressionPtr &child : target.children)
      declareTarget(*child, scope, parameter);
  else if (parameter)
    scope.declareParameter(target.text);
  else
    scope.store(target.text);
}

static void declareIf(const Statement &first, Scope &scope) {
  declare(first.expressions[0].get(), scope);
  Scope body = scope, chained = scope, otherwise = scope;
  declare(first.body, body);
  const Block *rest = &first.otherwise;
  while (!rest->empty() && rest->front()->chained) {
    const Statement &next = *rest->front();
    declare(next.expressions[0].get(), chained);
    Scope branch = chained;
    declare(next.body, branch);
    chained.merge({branch});
    rest = &next.otherwise;
  }
  declare(*rest, otherwise);
  scope.merge({body, chained, otherwise});
}

static void declare(const Statement &statement, Scope &scope) {
  switch (statement.kind) {
  case Kind::If:
    return declareIf(statement, scope);
  case Kind::Macro:
    return scope.store(statement.macro->name);
  case Kind::FilterBlock:
    return declare(statement.filter.get(), scope);
  case Kind::Block:
  case Kind::Generation:
    return;
  default:
    break;
  }
  for (const ExpressionPtr &expression : statement.expressions)
    declare(expression.get(), scope);
  if (statement.kind == Kind::Set || statement.kind == Kind::SetBlock ||
      statement.kind == Kind::Import)
    for (const ExpressionPtr &target : statement.targets)
      declareTarget(*target, scope, false);
}

void declare(const Block &block, Scope &scope) {
  for (const auto &statement : block)
    declare(*statement, scope);
}

namespace {

/// Walks in Jinja's order, which decides what is set before it is read.
class Reads {
public:
  explicit Reads(const std::string &name) : name(name) {}

  void block(const Block &block) {
    for (const auto &one : block)
      statement(*one);
  }
  bool found = false;

private:
  void expression(const Expression *node) {
    if (!node)
      return;
    if (node->kind == Expression::Kind::Name && node->text == name && !set)
      found = true;
    if (node->kind == Expression::Kind::Ternary)
      expression(node->children[1].get());
    for (const ExpressionPtr &child : node->children)
      expression(child.get());
    for (const Argument &argument : node->arguments)
      expression(argument.value.get());
  }

  void target(const Expression &node) {
    if (node.kind == Expression::Kind::Name && node.text == name)
      set = true;
    for (const ExpressionPtr &child : node.children)
      target(*child);
  }

  void statement(const Statement &one) {
    if (one.kind == Kind::Block)
      return;
    bool body = one.kind != Kind::FilterBlock && one.kind != Kind::SetBlock;
    for (const ExpressionPtr &node : one.targets)
      if (one.kind != Kind::Import)
        target(*node);
    for (const ExpressionPtr &node : one.expressions)
      expression(node.get());
    if (one.kind == Kind::SetBlock)
      expression(one.filter.get());
    if (one.macro) {
      for (const std::string &parameter : one.macro->parameters)
        set = set || parameter == name;
      for (const ExpressionPtr &node : one.macro->defaults)
        expression(node.get());
      block(one.macro->body);
    }
    block(one.body);
    block(one.otherwise);
    if (body)
      expression(one.condition.get());
    else if (one.kind == Kind::FilterBlock)
      expression(one.filter.get());
  }

  const std::string &name;
  bool set = false;
};

} // namespace

bool reads(const Block &block, const std::string &name) {
  Reads walker(name);
  walker.block(block);
  return walker.found;
}

bool hasScopedBlock(const Block &block) {
  return std::any_of(block.begin(), block.end(), [](const auto &one) {
    return one->scoped || hasScopedBlock(one->body) ||
           hasScopedBlock(one->otherwise) ||
           (one->macro && hasScopedBlock(one->macro->body));
  });
}

} // namespace terrazzo::text::jinja
