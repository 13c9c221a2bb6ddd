// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Objects.h.
#include "text/jinja/Objects.h"

#include <algorithm>

namespace terrazzo::text::jinja {

Value Callable::call(Interpreter &interpreter, Arguments arguments) {
  return body(interpreter, std::move(arguments));
}

Value callableValue(std::string name, Callable::Body body) {
  return std::shared_ptr<Object>(
      std::make_shared<Callable>(std::move(name), std::move(body)));
}

void Namespace::repr(TextBuilder &out) const {
  // Namespaces may hold themselves.
  static thread_local int depth = 0;
  struct Deeper {
    ~Deeper() { --depth; }
  } deeper;
  if (++depth > 20)
    failRun("a namespace holds itself");
  out.own("<Namespace ");
  Value(std::make_shared<const Dict>(entries)).repr(out);
  out.own(">");
}

Value Namespace::attribute(std::string_view name) {
  const Value *value = entries.find(name);
  return value ? *value : Value();
}

// Macros.

void Macro::repr(TextBuilder &out) const {
  out.own(definition.name.empty() ? "<Macro anonymous>"
                                  : "<Macro '" + definition.name + "'>");
}

Value Macro::attribute(std::string_view name) {
  if (name == "name")
    return definition.name.empty() ? Value(None{}) : Value(definition.name);
  if (name == "arguments") {
    List names;
    for (const std::string &parameter : definition.parameters)
      names.push_back(parameter);
    return Value::tuple(std::move(names));
  }
  if (name == "catch_kwargs")
    return definition.usesKwargs;
  if (name == "catch_varargs")
    return definition.usesVarargs;
  if (name == "caller")
    return definition.usesCaller;
  return {};
}

Value Macro::call(Interpreter &interpreter, Arguments arguments) {
  std::vector<std::pair<std::string, Value>> given;
  auto take = [&](const std::string &name) {
    auto found =
        std::find_if(arguments.named.begin(), arguments.named.end(),
                     [&](const auto &one) { return one.first == name; });
    Value value;
    if (found != arguments.named.end()) {
      value = found->second;
      arguments.named.erase(found);
    }
    return value;
  };
  const auto &parameters = definition.parameters;
  size_t count = std::min(arguments.positional.size(), parameters.size());
  for (size_t i = 0; i < count; ++i)
    given.emplace_back(parameters[i], arguments.positional[i]);
  for (size_t i = count; i < parameters.size(); ++i)
    given.emplace_back(parameters[i], take(parameters[i]));
  bool named =
      std::count(parameters.begin(), parameters.end(), std::string("caller"));
  if (definition.usesCaller && !named) {
    Value caller = take("caller");
    if (caller.isMissing() || caller.isNone())
      caller = Value::undefined("no caller is defined");
    given.emplace_back("caller", caller);
  }
  if (definition.usesKwargs) {
    Dict rest;
    for (auto &[name, value] : arguments.named)
      rest.set(name, value);
    given.emplace_back("kwargs",
                       Value(std::make_shared<const Dict>(std::move(rest))));
  } else if (!arguments.named.empty()) {
    failRun("the macro '" + definition.name + "' takes no argument '" +
            arguments.named[0].first + "'");
  }
  if (definition.usesVarargs)
    given.emplace_back(
        "varargs",
        Value::tuple(List(arguments.positional.begin() + ptrdiff_t(count),
                          arguments.positional.end())));
  else if (arguments.positional.size() > parameters.size())
    failRun("too many arguments for the macro '" + definition.name + "'");
  return interpreter.runMacro(definition, closure, std::move(given));
}

// Loops.

bool Loop::advance(Value &item) {
  if (!after.isMissing())
    item = std::exchange(after, Value());
  else if (!next(item))
    return false;
  ++index0;
  before = current;
  current = item;
  return true;
}

const Value &Loop::peek() {
  if (after.isMissing()) {
    Value item;
    if (next(item))
      after = std::move(item);
  }
  return after;
}

int64_t Loop::length() {
  if (known >= 0)
    return known;
  List rest;
  for (Value item; next(item);) {
    if (rest.size() > largestSize / sizeof(Value))
      failRun("a loop is too long");
    rest.push_back(item);
  }
  known = int64_t(rest.size()) + index0 + 1 + !after.isMissing();
  next = walk(Value(std::move(rest)));
  return known;
}

void Loop::repr(TextBuilder &out) const {
  auto &self = const_cast<Loop &>(*this);
  out.own("<LoopContext " + std::to_string(index0 + 1) + "/" +
          std::to_string(self.length()) + ">");
}

Value Loop::attribute(std::string_view name) {
  if (name == "index0")
    return index0;
  if (name == "index")
    return index0 + 1;
  if (name == "first")
    return index0 == 0;
  if (name == "last")
    return peek().isMissing();
  if (name == "length")
    return length();
  if (name == "revindex")
    return length() - index0;
  if (name == "revindex0")
    return length() - index0 - 1;
  if (name == "depth0")
    return depth0;
  if (name == "depth")
    return depth0 + 1;
  if (name == "previtem")
    return index0 == 0 ? Value::undefined("there is no previous item") : before;
  if (name == "nextitem")
    return peek().isMissing() ? Value::undefined("there is no next item")
                              : peek();
  return method(name);
}

Value Loop::method(std::string_view name) {
  auto self = shared_from_this();
  if (name == "cycle")
    return callableValue("cycle", [self](Interpreter &, Arguments arguments) {
      if (arguments.positional.empty() || !arguments.named.empty())
        failRun("'cycle' needs values");
      auto count = int64_t(arguments.positional.size());
      return arguments.positional[size_t(self->index0 % count)];
    });
  if (name == "changed")
    return callableValue("changed", [self](Interpreter &, Arguments arguments) {
      if (!arguments.named.empty())
        failRun("'changed' takes no named arguments");
      Value values = Value::tuple(std::move(arguments.positional));
      bool differs = self->changed.isMissing() || !self->changed.equals(values);
      self->changed = values;
      return Value(differs);
    });
  return {};
}

Value Loop::call(Interpreter &interpreter, Arguments arguments) {
  if (!recursion)
    failRun("only a recursive loop can be called");
  if (arguments.positional.size() != 1 || !arguments.named.empty())
    failRun("'loop' is called with one value");
  return interpreter.runInnerLoop(*recursion, outside, arguments.positional[0],
                                  int(depth0 + 1));
}

// Cyclers.

Value Cycler::attribute(std::string_view name) {
  if (name == "items")
    return Value::tuple(items);
  if (name == "pos")
    return int64_t(position);
  if (name == "current")
    return items[position];
  if (name != "next" && name != "reset")
    return {};
  bool steps = name == "next";
  auto self = shared_from_this();
  return callableValue(
      std::string(name), [self, steps](Interpreter &, Arguments arguments) {
        if (!arguments.positional.empty() || !arguments.named.empty())
          failRun("a cycler's methods take no arguments");
        size_t at = self->position;
        Value value = self->items[at];
        self->position = steps ? (at + 1) % self->items.size() : 0;
        return steps ? value : Value(None{});
      });
}

} // namespace terrazzo::text::jinja
