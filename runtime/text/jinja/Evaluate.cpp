// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expressions; see Interpreter.h.
#include "text/jinja/Interpreter.h"

#include <algorithm>

namespace terrazzo::text::jinja {

using Kind = Expression::Kind;

Value Interpreter::variable(const std::string &name) const {
  for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame)
    if (const Value *value = frame->find(name))
      return *value;
  return Undefined{name};
}

Value Interpreter::evaluate(const Expression &node) {
  step(node.line);
  struct Depth {
    int &depth;
    ~Depth() { --depth; }
  } guard{depth};
  if (++depth > 2500)
    fail("TZ0213", node.line, "the template is nested too deeply");
  switch (node.kind) {
  case Kind::Literal:
    return node.value;
  case Kind::Name:
    return variable(node.text);
  case Kind::ListOf: {
    List items;
    for (const ExpressionPtr &child : node.children)
      items.push_back(evaluate(*child));
    return items;
  }
  case Kind::DictOf:
    return evaluateDict(node);
  case Kind::Attribute:
    return evaluateAttribute(node);
  case Kind::Index: {
    Value object = evaluate(*node.children[0]);
    if (object.isUndefined())
      fail("TZ0213", node.line,
           "'" + object.undefined().name + "' is undefined");
    return lookUp(object, evaluate(*node.children[1]));
  }
  case Kind::Slice:
    return evaluateSlice(node);
  case Kind::Call:
    return evaluateCall(node);
  case Kind::Filter: {
    Value subject = evaluate(*node.children[0]);
    return applyFilter(node.text, subject, evaluateArguments(node));
  }
  case Kind::Test: {
    Value subject = evaluate(*node.children[0]);
    return applyTest(node.text, subject, evaluateArguments(node));
  }
  case Kind::Unary:
    return evaluateUnary(node);
  case Kind::Binary:
    return evaluateBinary(node);
  case Kind::Ternary:
    if (evaluate(*node.children[1]).truth())
      return evaluate(*node.children[0]);
    return node.children[2] ? evaluate(*node.children[2]) : Value(Undefined{});
  }
  return {};
}

Value Interpreter::evaluateDict(const Expression &node) {
  Dict dict;
  for (size_t i = 0; i < node.children.size(); i += 2) {
    Value key = evaluate(*node.children[i]);
    if (!key.isString())
      failUnsupported(node.line,
                      std::string(key.kindName()) + " as the key of a mapping");
    dict.set(key.string(), evaluate(*node.children[i + 1]));
  }
  return dict;
}

Value Interpreter::evaluateAttribute(const Expression &node) {
  Value object = evaluate(*node.children[0]);
  if (object.isUndefined())
    fail("TZ0213", node.line, "'" + object.undefined().name + "' is undefined");
  return lookUp(object, node.text);
}

Value Interpreter::evaluateSlice(const Expression &node) {
  Value object = evaluate(*node.children[0]);
  if (!object.isList() && !object.isString())
    fail("TZ0213", node.line,
         std::string(object.kindName()) + " cannot be sliced");
  List items = itemsOf(object, node.line);
  int64_t size = int64_t(items.size());
  auto part = [&](size_t index, int64_t otherwise) {
    const ExpressionPtr &child = node.children[index];
    Value value = child ? evaluate(*child) : Value(None{});
    if (value.isNone())
      return otherwise;
    if (!value.isInt())
      fail("TZ0213", node.line, "a slice needs integers");
    return value.integer();
  };
  int64_t stride = part(3, 1);
  if (stride == 0)
    fail("TZ0213", node.line, "a slice's step is 0");
  bool up = stride > 0;
  // Python's rules: negative places count from the end, all are clamped.
  auto place = [&](size_t index, int64_t otherwise) {
    if (!node.children[index])
      return otherwise;
    int64_t value = part(index, otherwise);
    if (value < 0 && value != otherwise)
      value = std::max(value, -size - 1) + size;
    return std::clamp<int64_t>(value, up ? 0 : -1, up ? size : size - 1);
  };
  int64_t begin = place(1, up ? 0 : size - 1);
  int64_t end = place(2, up ? size : -1);
  stride = std::clamp<int64_t>(stride, -size - 1, size + 1);
  List chosen;
  for (int64_t i = begin; up ? i < end : i > end; i += stride)
    chosen.push_back(items[size_t(i)]);
  if (object.isList())
    return chosen;
  std::string text;
  for (const Value &character : chosen)
    text += character.string();
  return text;
}

Arguments Interpreter::evaluateArguments(const Expression &node) {
  Arguments arguments;
  arguments.line = node.line;
  for (const Argument &argument : node.arguments) {
    Value value = evaluate(*argument.value);
    if (argument.name.empty())
      arguments.positional.push_back(std::move(value));
    else
      arguments.named.emplace_back(argument.name, std::move(value));
  }
  return arguments;
}

Value Interpreter::evaluateCall(const Expression &node) {
  const Expression &callee = *node.children[0];
  if (callee.kind == Kind::Attribute) {
    Value object = evaluate(*callee.children[0]);
    if (object.isUndefined())
      fail("TZ0213", node.line,
           "'" + object.undefined().name + "' is undefined");
    return callMethod(callee.text, object, evaluateArguments(node));
  }
  if (callee.kind != Kind::Name)
    failUnsupported(node.line, "a call of an expression");
  Value function = variable(callee.text);
  Arguments arguments = evaluateArguments(node);
  if (function.isMacro())
    return callMacro(*function.macro(), arguments);
  return callFunction(callee.text, arguments);
}

Value Interpreter::callFunction(const std::string &name,
                                const Arguments &arguments) {
  if (name == "raise_exception")
    fail("TZ0214", arguments.line, arguments.string(0, "message", ""));
  if (name == "namespace" || name == "dict") {
    Dict dict;
    dict.isNamespace = name == "namespace";
    for (const auto &[key, value] : arguments.named)
      dict.set(key, value);
    return dict;
  }
  if (name == "range") {
    bool one = arguments.positional.size() < 2;
    int64_t begin = one ? 0 : arguments.integer(0, "start", 0);
    int64_t end = arguments.integer(one ? 0 : 1, "stop", 0);
    int64_t stride = arguments.integer(2, "step", 1);
    constexpr int64_t most = 100'000;
    if (stride == 0 || std::abs(double(end) - double(begin)) > most)
      fail("TZ0213", arguments.line, "a range is too long or its step is 0");
    stride = std::clamp(stride, -most - 1, most + 1);
    List items;
    for (int64_t i = begin; stride > 0 ? i < end : i > end; i += stride)
      items.push_back(i);
    return items;
  }
  failUnsupported(arguments.line, "the function '" + name + "'");
}

Value Interpreter::callMacro(const Statement &macro,
                             const Arguments &arguments) {
  Dict frame;
  for (size_t i = 0; i < macro.arguments.size(); ++i) {
    const Argument &parameter = macro.arguments[i];
    if (const Value *given = arguments.find(i, parameter.name))
      frame.set(parameter.name, *given);
    else if (parameter.value)
      frame.set(parameter.name, evaluate(*parameter.value));
    else
      frame.set(parameter.name, Undefined{parameter.name});
  }
  if (arguments.positional.size() > macro.arguments.size())
    fail("TZ0213", arguments.line,
         "too many arguments for the macro '" + macro.text + "'");
  // A macro sees the template's variables, not its caller's.
  std::vector<Dict> outer;
  outer.swap(frames);
  frames.push_back(outer.front());
  frames.push_back(std::move(frame));
  std::string text = capture(macro.body);
  frames.swap(outer);
  return text;
}

Value Interpreter::evaluateUnary(const Expression &node) {
  Value value = evaluate(*node.children[0]);
  if (node.text == "not")
    return !value.truth();
  if (!value.isNumber())
    fail("TZ0213", node.line,
         "'" + node.text + "' does not work with " + value.kindName());
  if (node.text == "+")
    return value;
  return applyOperator("-", value.isFloat() ? Value(-0.0) : Value(int64_t(0)),
                       value, node.line);
}

Value Interpreter::evaluateBinary(const Expression &node) {
  Value left = evaluate(*node.children[0]);
  if (node.text == "and")
    return left.truth() ? evaluate(*node.children[1]) : left;
  if (node.text == "or")
    return left.truth() ? left : evaluate(*node.children[1]);
  Value right = evaluate(*node.children[1]);
  if (node.text == "in")
    return contains(right, left, node.line);
  if (node.text == "not in")
    return !contains(right, left, node.line);
  return applyOperator(node.text, left, right, node.line);
}

} // namespace terrazzo::text::jinja
