// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Filters, tests and methods of the template language, in tables by name with
// the parameters that Python gives them. All throw Failure.
#pragma once

#include "text/jinja/values/Value.h"

#include <span>

namespace terrazzo::text::jinja {

class Interpreter;

/// Evaluated arguments of a call.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

/// Arguments by the place of their parameter; missing where none was given.
struct Bound {
  Interpreter &interpreter;
  const Value &self;
  std::vector<Value> values;
  Arguments all; ///< where the parameters are "*"

  bool has(size_t i) const { return !values[i].isMissing(); }
  /// Given, and not none.
  bool hasValue(size_t i) const { return has(i) && !values[i].isNone(); }
  const Value &operator[](size_t i) const { return values[i]; }
  bool flag(size_t i) const { return has(i) && values[i].truth(); }
  int64_t integer(size_t i, int64_t otherwise) const;
  /// Fails where it is no string.
  const Text &text(size_t i) const;
};

using Function = Value (*)(const Bound &);

struct Entry {
  std::string_view name;
  /// "old new count=": names, with `=` where it may be left out; "/" in front
  /// where Python takes no names; "*": anything.
  std::string_view parameters;
  Function function;
};
using Table = std::span<const Entry>;

const Entry *findEntry(Table table, std::string_view name);
Value callEntry(const Entry &entry, Interpreter &interpreter, const Value &self,
                Arguments arguments);
int64_t integerOf(const Value &value);

bool isFilter(std::string_view name);
bool isTest(std::string_view name);

// The tables, by their files.
Table textFilters();
Table sequenceFilters();
Table choiceFilters();
Table numberFilters();
Table testTable();
Table textMethods();
Table searchMethods();
Table splitMethods();
Table predicateMethods();

/// A method of a value, or missing; undefined where a template may not call it.
Value methodOf(const Value &object, std::string_view name);
Value boundMethod(const Entry &entry, const Value &self);

// What several of them share.

/// Places of a string's characters, and of its end.
std::vector<size_t> characterOffsets(std::string_view text);
TextPtr strip(const Text &text, const Value &characters, bool left, bool right);
TextPtr replaced(const Text &text, const Text &from, const Text &to,
                 int64_t count);
/// Lines without their ends, by Python's idea of line ends.
List splitLines(const Text &text, bool keepEnds);
TextPtr joined(const Text &separator, const std::vector<TextPtr> &parts);
TextPtr repeated(const Text &text, int64_t count);
TextPtr escaped(const Text &text);
/// `text % values`.
TextPtr formatPercent(Interpreter &interpreter, const Text &text,
                      const Value &values);
/// text.format(…).
TextPtr formatBraces(Interpreter &interpreter, const Text &text,
                     const Arguments &arguments, const Value *mapping);
/// format(value, spec).
TextPtr formatValue(const Value &value, const Text &spec);
/// int(text) and float(text); missing where Python raises ValueError.
Value parseInteger(std::string_view text, int64_t base);
Value parseFloat(std::string_view text);
Value roundTo(const Value &value, int64_t digits);
/// "a.b.0" or a number, step by step from a value; `otherwise`, where given,
/// stands for what is undefined.
Value attributePath(Interpreter &interpreter, Value value, const Value &path,
                    const Value &otherwise = Value());
/// Text of a filter's subject; refuses escaped text, whose methods differ.
TextPtr subjectText(const Value &value);

} // namespace terrazzo::text::jinja
