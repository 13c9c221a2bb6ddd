// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a template. Steps, output, memory and recursion are bounded, so that no
// template hangs or exhausts the program.
#pragma once

#include "text/jinja/library/Library.h"
#include "text/jinja/syntax/Ast.h"

#include <ctime>

namespace terrazzo::text::jinja {

/// The slots of a scope while it runs.
struct Frame {
  const Scope *scope;
  std::shared_ptr<Frame> outer;
  std::vector<Value> slots;
};
using FramePtr = std::shared_ptr<Frame>;

class Namespace : public Object {
public:
  explicit Namespace(Dict dict) : entries(std::move(dict)) {}
  std::string kindName() const override { return "a namespace"; }
  void repr(TextBuilder &out) const override;
  Value attribute(std::string_view name) override;
  Dict entries;
};

class Interpreter {
public:
  /// `variables` are what the rendering is given.
  Interpreter(Dict variables, std::function<std::tm()> now)
      : variables(std::move(variables)), now(std::move(now)) {}
  ~Interpreter();

  /// Throws Failure.
  TextPtr render(const Template &program);

  // For the library:
  Value call(const Value &callee, Arguments arguments);
  /// `object.name` and `object[key]`: undefined where there is none.
  Value attribute(const Value &object, std::string_view name);
  Value item(const Value &object, const Value &key);
  Value applyFilter(std::string_view name, const Value &subject,
                    Arguments arguments);
  bool applyTest(std::string_view name, const Value &subject,
                 Arguments arguments);
  Value makeNamespace(Dict dict);
  Value formatTime(const Text &format);
  void step(uint64_t count = 1);

  // For loops and macros:
  TextPtr runMacro(const MacroDefinition &macro, const FramePtr &closure,
                   std::vector<std::pair<std::string, Value>> given);
  TextPtr runInnerLoop(const Statement &loop, const FramePtr &frame,
                       const Value &items, int depth);

private:
  enum class Flow { Next, Break, Continue };
  struct Deeper {
    explicit Deeper(Interpreter &interpreter);
    ~Deeper() { --interpreter.depth; }
    Interpreter &interpreter;
  };

  // Statements (Interpreter.cpp).
  Flow run(const Block &block, const FramePtr &frame, TextBuilder &out);
  Flow run(const Statement &statement, const FramePtr &frame, TextBuilder &out);
  Flow runFor(const Statement &statement, const FramePtr &frame,
              const Value &items, int depth0, TextBuilder &out);
  Flow runCaptured(const Statement &statement, const FramePtr &frame,
                   TextBuilder &out);
  Flow runWith(const Statement &statement, const FramePtr &frame,
               TextBuilder &out);
  Flow runBlock(const Statement &statement, const FramePtr &frame,
                TextBuilder &out);
  Value filtered(const Statement &loop, const FramePtr &frame,
                 const Value &items);
  FramePtr enter(const Scope &scope, const FramePtr &outer);
  Value resolveName(const std::string &name);
  void assign(const Expression &target, Value value, const FramePtr &frame,
              bool exports);
  void assignNamespace(const Expression &target, Value value,
                       const FramePtr &frame, bool isBlock);
  Value macroObject(const MacroDefinition &macro, const FramePtr &frame);

  // Expressions (Evaluate.cpp).
  Value evaluate(const Expression &node, const FramePtr &frame);
  Value evaluateDict(const Expression &node, const FramePtr &frame);
  Value evaluateSlice(const Expression &node, const FramePtr &frame);
  Value evaluateCompare(const Expression &node, const FramePtr &frame);
  Arguments evaluateArguments(const Expression &node, const FramePtr &frame);

  Dict variables;
  Dict exported;            ///< set at the template's top
  std::vector<Dict> scoped; ///< what scoped blocks see besides
  std::function<std::tm()> now;
  TextPtr captured;
  /// Frames that macros hold and namespaces, both of which may hold
  /// themselves: emptied at the end.
  std::vector<FramePtr> heldFrames;
  std::vector<std::shared_ptr<Object>> namespaces;
  uint64_t steps = 0;
  int depth = 0;
  int line = 1;
};

// Operators.cpp.
/// Not `%` of strings: see formatPercent.
Value applyOperator(std::string_view operation, const Value &left,
                    const Value &right);
Value negated(const Value &value);
/// `left < right`, `in` and so on.
bool compares(std::string_view operation, const Value &left,
              const Value &right);
/// `needle in haystack`.
bool contains(const Value &haystack, const Value &needle);
/// value[from:to:stride], where any may be none.
Value sliced(const Value &value, const Value &from, const Value &to,
             const Value &stride);
/// A function that every template sees, or missing.
Value builtinFunction(std::string_view name);

} // namespace terrazzo::text::jinja
