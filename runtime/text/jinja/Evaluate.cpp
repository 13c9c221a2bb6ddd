// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expressions; see Interpreter.h.
#include "text/jinja/Objects.h"

#include <algorithm>

namespace terrazzo::text::jinja {

using Kind = Expression::Kind;

Value Interpreter::evaluate(const Expression &node, const FramePtr &frame) {
  step();
  Deeper deeper(*this);
  auto child = [&](size_t i) { return evaluate(*node.children[i], frame); };
  switch (node.kind) {
  case Kind::Literal:
    return node.value;
  case Kind::Captured:
    return captured;
  case Kind::Name:
  case Kind::NsRef: {
    Frame *at = frame.get();
    for (int i = 0; i < node.place.hops; ++i)
      at = at->outer.get();
    const Value &value = at->slots[size_t(node.place.slot)];
    return value.isMissing() ? Value::undefinedName(node.text) : value;
  }
  case Kind::ListOf:
  case Kind::TupleOf: {
    List items;
    for (size_t i = 0; i < node.children.size(); ++i)
      items.push_back(child(i));
    return node.kind == Kind::ListOf ? Value(std::move(items))
                                     : Value::tuple(std::move(items));
  }
  case Kind::DictOf:
    return evaluateDict(node, frame);
  case Kind::Attribute:
    return attribute(child(0), node.text);
  case Kind::Index: {
    Value object = child(0);
    return item(object, child(1));
  }
  case Kind::Slice:
    return evaluateSlice(node, frame);
  case Kind::Call: {
    Value callee = child(0);
    return call(callee, evaluateArguments(node, frame));
  }
  case Kind::Filter: {
    Value subject = child(0);
    return applyFilter(node.text, subject, evaluateArguments(node, frame));
  }
  case Kind::Test: {
    Value subject = child(0);
    return applyTest(node.text, subject, evaluateArguments(node, frame));
  }
  case Kind::Not:
    return !child(0).truth();
  case Kind::Negative:
    return negated(child(0));
  case Kind::Positive: {
    Value value = child(0);
    negated(value);
    return value.isBool() ? Value(value.integer()) : value;
  }
  case Kind::And: {
    Value left = child(0);
    return left.truth() ? child(1) : left;
  }
  case Kind::Or: {
    Value left = child(0);
    return left.truth() ? left : child(1);
  }
  case Kind::Binary: {
    Value left = child(0), right = child(1);
    if (node.text == "%" && left.isText())
      return formatPercent(*this, *subjectText(left), right);
    return applyOperator(node.text, left, right);
  }
  case Kind::Concat: {
    TextBuilder out;
    for (size_t i = 0; i < node.children.size(); ++i)
      child(i).print(out);
    return out.take();
  }
  case Kind::Compare:
    return evaluateCompare(node, frame);
  case Kind::Ternary:
    if (child(1).truth())
      return child(0);
    return node.children[2]
               ? child(2)
               : Value::undefined("a condition without 'else' did not hold");
  }
  return {};
}

Value Interpreter::evaluateCompare(const Expression &node,
                                   const FramePtr &frame) {
  Value left = evaluate(*node.children[0], frame);
  for (size_t i = 0; i < node.operators.size(); ++i) {
    Value right = evaluate(*node.children[i + 1], frame);
    if (!compares(node.operators[i], left, right))
      return false;
    left = std::move(right);
  }
  return true;
}

Value Interpreter::evaluateDict(const Expression &node, const FramePtr &frame) {
  Dict dict;
  for (size_t i = 0; i < node.children.size(); i += 2) {
    Value key = evaluate(*node.children[i], frame);
    dict.set(std::move(key), evaluate(*node.children[i + 1], frame));
  }
  return std::make_shared<const Dict>(std::move(dict));
}

static bool isConstant(const Expression &node) {
  if (node.kind == Kind::Name || node.kind == Kind::Call ||
      node.kind == Kind::Captured)
    return false;
  return std::all_of(
      node.children.begin(), node.children.end(),
      [](const auto &child) { return !child || isConstant(*child); });
}

Value Interpreter::evaluateSlice(const Expression &node,
                                 const FramePtr &frame) {
  Value object = evaluate(*node.children[0], frame);
  Value parts[3];
  for (size_t i = 0; i < 3; ++i)
    parts[i] = node.children[i + 1] ? evaluate(*node.children[i + 1], frame)
                                    : Value(None{});
  // What Jinja works out beforehand is undefined where it would fail later.
  if (!object.isText() && !object.isSequence() && isConstant(node))
    failUnsupported("slicing " + object.kindName());
  return sliced(object, parts[0], parts[1], parts[2]);
}

Arguments Interpreter::evaluateArguments(const Expression &node,
                                         const FramePtr &frame) {
  Arguments arguments;
  auto addNamed = [&](const std::string &name, Value value) {
    for (const auto &[known, other] : arguments.named)
      if (known == name)
        failRun("the argument '" + name + "' is given twice");
    arguments.named.emplace_back(name, std::move(value));
  };
  for (const Argument &argument : node.arguments) {
    Value value = evaluate(*argument.value, frame);
    switch (argument.kind) {
    case Argument::Kind::Positional:
      arguments.positional.push_back(std::move(value));
      break;
    case Argument::Kind::Named:
      addNamed(argument.name, std::move(value));
      break;
    case Argument::Kind::Star:
      for (Value &item : drain(value))
        arguments.positional.push_back(std::move(item));
      break;
    case Argument::Kind::DoubleStar:
      if (!value.isDict())
        failRun(value.kindName() + " does not stand for named arguments");
      for (const auto &[key, item] : value.dict().entries) {
        if (!key.isText())
          failRun("the name of an argument is " + key.kindName());
        addNamed(key.text().bytes, item);
      }
      break;
    }
  }
  return arguments;
}

Value Interpreter::call(const Value &callee, Arguments arguments) {
  step();
  if (callee.isUndefined())
    failRun(callee.undefinedMessage());
  if (!callee.isObject())
    failRun(callee.kindName() + " cannot be called");
  return callee.object().call(*this, std::move(arguments));
}

} // namespace terrazzo::text::jinja
