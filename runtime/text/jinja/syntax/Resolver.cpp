// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Resolver.h.
#include "text/jinja/syntax/Resolver.h"

#include "text/jinja/library/Library.h"
#include "text/jinja/syntax/Declare.h"

namespace terrazzo::text::jinja {
namespace {

using Kind = Statement::Kind;

/// Where a statement stands.
struct Position {
  Scope *scope;
  /// Under an `if`: what is unknown fails only when it is reached.
  bool soft = false;
  bool top = false; ///< what is set here is seen by blocks
  int loops = 0;

  Position inner(Scope *scope) const { return {scope, false, false, loops}; }
};

class Resolver {
public:
  void block(Block &block, const Position &at) {
    for (auto &one : block)
      statement(*one, at);
  }

private:
  void expression(Expression *node, const Position &at) {
    if (!node)
      return;
    Position below = at;
    switch (node->kind) {
    case Expression::Kind::Name:
    case Expression::Kind::NsRef:
      node->place = at.scope->find(node->text);
      if (node->place.hops < 0)
        failSyntax(node->line, "'" + node->text + "' cannot be read here");
      break;
    case Expression::Kind::Filter:
      if (!at.soft && !isFilter(node->text))
        failUnsupported("the filter '" + node->text + "'", node->line);
      break;
    case Expression::Kind::Test:
      if (!at.soft && !isTest(node->text))
        failUnsupported("the test '" + node->text + "'", node->line);
      break;
    case Expression::Kind::Ternary:
      below.soft = true;
      break;
    default:
      break;
    }
    for (ExpressionPtr &child : node->children)
      expression(child.get(), below);
    for (Argument &argument : node->arguments)
      expression(argument.value.get(), below);
  }

  void target(Expression &node, const Position &at, bool assigns) {
    if (node.kind == Expression::Kind::TupleOf) {
      for (ExpressionPtr &child : node.children)
        target(*child, at, assigns);
      return;
    }
    if (assigns && at.loops && node.text == "loop" &&
        node.kind == Expression::Kind::Name)
      failSyntax(node.line, "'loop' cannot be set inside of a loop");
    expression(&node, at);
  }

  void expressions(Statement &one, const Position &at) {
    for (ExpressionPtr &node : one.expressions)
      expression(node.get(), at);
  }

  void statement(Statement &one, const Position &at) {
    switch (one.kind) {
    case Kind::If: {
      Position soft = at;
      soft.soft = true;
      expressions(one, soft);
      block(one.body, soft);
      return block(one.otherwise, soft);
    }
    case Kind::For:
      return loop(one, at);
    case Kind::With:
      return with(one, at);
    case Kind::Set:
    case Kind::Import:
      one.exports = at.top;
      expressions(one, at);
      for (ExpressionPtr &node : one.targets)
        target(*node, at, true);
      return;
    case Kind::SetBlock:
    case Kind::FilterBlock:
      return captured(one, at);
    case Kind::Macro:
    case Kind::CallBlock:
    case Kind::Generation:
      one.exports = at.top;
      expressions(one, at);
      macro(*one.macro, at);
      if (one.kind == Kind::Macro) {
        one.targets.push_back(std::make_unique<Expression>());
        one.targets[0]->kind = Expression::Kind::Name;
        one.targets[0]->text = one.macro->name;
        target(*one.targets[0], at, false);
      }
      return;
    case Kind::Block:
      return templateBlock(one, at);
    default:
      return expressions(one, at);
    }
  }

  static std::unique_ptr<Scope> inside(const Position &at) {
    return std::make_unique<Scope>(at.scope);
  }

  void loop(Statement &one, const Position &outside) {
    Position at = outside;
    ++at.loops;
    one.loopVariable = one.recursive || reads(one.body, "loop") ||
                       hasScopedBlock(one.body) ||
                       hasScopedBlock(one.otherwise);
    one.scope = inside(at);
    if (one.loopVariable)
      one.scope->declareParameter("loop");
    declareTarget(*one.targets[0], *one.scope, true);
    declare(one.body, *one.scope);
    one.scope->settle();
    one.otherwiseScope = inside(at);
    declare(one.otherwise, *one.otherwiseScope);
    one.otherwiseScope->settle();
    one.conditionScope = inside(at);
    if (one.condition) {
      declareTarget(*one.targets[0], *one.conditionScope, true);
      declare(one.condition.get(), *one.conditionScope);
    }
    one.conditionScope->settle();
    expressions(one, outside);
    target(*one.targets[0], at.inner(one.scope.get()), true);
    expression(one.condition.get(), at.inner(one.conditionScope.get()));
    block(one.body, at.inner(one.scope.get()));
    block(one.otherwise, at.inner(one.otherwiseScope.get()));
  }

  void with(Statement &one, const Position &at) {
    one.scope = inside(at);
    for (ExpressionPtr &node : one.targets)
      declareTarget(*node, *one.scope, true);
    declare(one.body, *one.scope);
    one.scope->settle();
    expressions(one, at);
    Position below = at.inner(one.scope.get());
    for (ExpressionPtr &node : one.targets)
      target(*node, below, false);
    block(one.body, below);
  }

  void captured(Statement &one, const Position &at) {
    one.exports = at.top;
    one.scope = inside(at);
    declare(one.body, *one.scope);
    if (one.kind == Kind::FilterBlock)
      declare(one.filter.get(), *one.scope);
    one.scope->settle();
    Position below = at.inner(one.scope.get());
    block(one.body, below);
    expression(one.filter.get(), below);
    for (ExpressionPtr &node : one.targets)
      target(*node, at, true);
  }

  void macro(MacroDefinition &macro, const Position &at) {
    macro.scope = inside(at);
    for (const std::string &name : macro.parameters)
      macro.scope->declareParameter(name);
    for (ExpressionPtr &node : macro.defaults)
      declare(node.get(), *macro.scope);
    declare(macro.body, *macro.scope);
    auto special = [&](const std::string &name) {
      if (!reads(macro.body, name))
        return false;
      for (size_t i = 0; i < macro.parameters.size(); ++i)
        if (macro.parameters[i] == name) {
          if (name == "caller" && !macro.defaults[i])
            failSyntax(0, "the parameter 'caller' needs a default");
          return name == "caller";
        }
      macro.scope->declareParameter(name);
      return true;
    };
    macro.usesCaller = special("caller");
    macro.usesKwargs = special("kwargs");
    macro.usesVarargs = special("varargs");
    macro.scope->settle();
    Position below = at.inner(macro.scope.get());
    for (ExpressionPtr &node : macro.defaults)
      expression(node.get(), below);
    block(macro.body, below);
  }

  /// A block sees what the template set at its top, nothing else.
  void templateBlock(Statement &one, const Position &at) {
    one.scope = std::make_unique<Scope>(nullptr);
    declare(one.body, *one.scope);
    one.scope->settle();
    one.conditionScope = nullptr;
    Position below{one.scope.get()};
    below.loops = at.loops;
    block(one.body, below);
  }
};

} // namespace

void resolve(Template &program) {
  program.scope = std::make_unique<Scope>(nullptr);
  declare(program.body, *program.scope);
  program.scope->settle();
  Resolver().block(program.body, {program.scope.get(), false, true, 0});
}

} // namespace terrazzo::text::jinja
