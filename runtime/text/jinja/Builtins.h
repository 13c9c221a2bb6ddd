// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Filters, tests and methods of the template language, in tables by name. All
// throw Failure.
#pragma once

#include "text/jinja/Ast.h"

namespace terrazzo::text::jinja {

/// Evaluated arguments of a call.
struct Arguments {
  int line = 0;
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;

  /// The argument at this place or of this name, or null.
  const Value *find(size_t index, std::string_view name) const;
  int64_t integer(size_t index, std::string_view name, int64_t otherwise) const;
  std::string string(size_t index, std::string_view name,
                     std::string_view otherwise) const;
};

bool isFilter(std::string_view name);
bool isTest(std::string_view name);
bool isMethod(std::string_view name);

Value applyFilter(std::string_view name, const Value &subject,
                  const Arguments &arguments);
bool applyTest(std::string_view name, const Value &subject,
               const Arguments &arguments);
Value callMethod(std::string_view name, const Value &subject,
                 const Arguments &arguments);

// What the above and the interpreter share.

/// Longest string or list that a template may build.
inline constexpr size_t largestSize = 64 << 20;

/// The items that a loop walks: a list's, a mapping's keys, a string's
/// characters; nothing for undefined.
List itemsOf(const Value &value, int line);
/// `needle in haystack`.
bool contains(const Value &haystack, const Value &needle, int line);
/// `value[key]` and `value.key`: undefined where there is none.
Value lookUp(const Value &value, const Value &key);
/// Number of items, or of characters.
int64_t lengthOf(const Value &value, int line);
/// `text` cut into its characters.
std::vector<std::string_view> characters(std::string_view text);
std::string strip(std::string_view text, std::string_view set, bool left,
                  bool right);

} // namespace terrazzo::text::jinja
