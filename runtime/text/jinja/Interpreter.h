// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a template. Steps, output and recursion are bounded, so that no
// template hangs or exhausts the program.
#pragma once

#include "text/jinja/Builtins.h"

namespace terrazzo::text::jinja {

class Interpreter {
public:
  explicit Interpreter(Dict globals) { frames.push_back(std::move(globals)); }

  /// Throws Failure.
  std::string render(const Template &program);

private:
  enum class Flow { Next, Break, Continue };

  Flow run(const Block &block, std::string &out);
  Flow run(const Statement &statement, std::string &out);
  Flow runFor(const Statement &statement, std::string &out);
  Flow runLoopBody(const Statement &statement, const List &items, size_t index,
                   std::string &out);
  void runSet(const Statement &statement);
  void bind(const std::vector<std::string> &names, Value value, int line);
  void print(const Value &value, std::string &out, int line);
  std::string capture(const Block &block);

  Value evaluate(const Expression &node);
  Value evaluateAttribute(const Expression &node);
  Value evaluateSlice(const Expression &node);
  Value evaluateCall(const Expression &node);
  Value evaluateUnary(const Expression &node);
  Value evaluateBinary(const Expression &node);
  Value evaluateDict(const Expression &node);
  Value callFunction(const std::string &name, const Arguments &arguments);
  Value callMacro(const Statement &macro, const Arguments &arguments);
  Arguments evaluateArguments(const Expression &node);
  Value variable(const std::string &name) const;
  void step(int line);

  std::vector<Dict> frames; ///< innermost last
  uint64_t steps = 0;
  int depth = 0;
};

/// Operators without evaluation order (all but and, or, in).
Value applyOperator(std::string_view operation, const Value &left,
                    const Value &right, int line);

} // namespace terrazzo::text::jinja
