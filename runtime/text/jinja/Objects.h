// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Objects that templates meet: `loop`, macros, functions and methods, cyclers
// and joiners.
#pragma once

#include "text/jinja/Interpreter.h"

namespace terrazzo::text::jinja {

/// Called with the interpreter and the arguments.
class Callable : public Object {
public:
  using Body = std::function<Value(Interpreter &, Arguments)>;
  Callable(std::string name, Body body)
      : name(std::move(name)), body(std::move(body)) {}
  std::string kindName() const override {
    return "the function '" + name + "'";
  }
  bool callable() const override { return true; }
  Value call(Interpreter &interpreter, Arguments arguments) override;

private:
  std::string name;
  Body body;
};
Value callableValue(std::string name, Callable::Body body);

class Macro : public Object {
public:
  Macro(const MacroDefinition &definition, FramePtr closure)
      : definition(definition), closure(std::move(closure)) {}
  std::string kindName() const override { return "a macro"; }
  void repr(TextBuilder &out) const override;
  Value attribute(std::string_view name) override;
  bool callable() const override { return true; }
  Value call(Interpreter &interpreter, Arguments arguments) override;

private:
  const MacroDefinition &definition;
  FramePtr closure;
};

/// The variable of a loop, and what walks it.
class Loop : public Object, public std::enable_shared_from_this<Loop> {
public:
  Loop(Value items, int64_t depth0)
      : items(items), next(walk(items)), depth0(depth0),
        known(lengthOf(items)) {}
  void recurse(const Statement &statement, FramePtr frame) {
    recursion = &statement;
    outside = std::move(frame);
  }
  bool advance(Value &item);

  std::string kindName() const override { return "a loop"; }
  void repr(TextBuilder &out) const override;
  Value attribute(std::string_view name) override;
  bool callable() const override { return true; }
  Value call(Interpreter &interpreter, Arguments arguments) override;
  int64_t length();

private:
  const Value &peek();
  Value method(std::string_view name);

  Value items;
  Cursor next;
  int64_t depth0;
  int64_t known; ///< length, or -1
  int64_t index0 = -1;
  Value after, current, before; ///< missing where there is none
  Value changed;
  const Statement *recursion = nullptr;
  FramePtr outside;
};

class Cycler : public Object, public std::enable_shared_from_this<Cycler> {
public:
  explicit Cycler(List items) : items(std::move(items)) {}
  std::string kindName() const override { return "a cycler"; }
  Value attribute(std::string_view name) override;
  List items;
  size_t position = 0;
};

} // namespace terrazzo::text::jinja
