// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Binding of arguments; see Library.h.
#include "text/jinja/Interpreter.h"

#include <algorithm>

namespace terrazzo::text::jinja {

Value Object::call(Interpreter &, Arguments) {
  failRun(kindName() + " cannot be called");
}

int64_t integerOf(const Value &value) {
  if (value.isBig())
    failUnsupported("computing with integers beyond 64 bits");
  if (!value.isIntegral())
    failRun(value.isUndefined()
                ? value.undefinedMessage()
                : "an integer was expected, not " + value.kindName());
  return value.integer();
}

int64_t Bound::integer(size_t i, int64_t otherwise) const {
  return has(i) ? integerOf(values[i]) : otherwise;
}

const Text &Bound::text(size_t i) const {
  if (!values[i].isText())
    failRun("a string was expected, not " + values[i].kindName());
  return values[i].text();
}

const Entry *findEntry(Table table, std::string_view name) {
  for (const Entry &entry : table)
    if (entry.name == name)
      return &entry;
  return nullptr;
}

static std::vector<Value> bind(const Entry &entry, Arguments &arguments) {
  std::string_view rest = entry.parameters;
  bool byPlace = rest.starts_with('/');
  if (byPlace)
    rest.remove_prefix(1);
  std::vector<Value> values;
  size_t used = 0;
  while (!rest.empty()) {
    std::string_view name = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    bool optional = name.ends_with('=');
    if (optional)
      name.remove_suffix(1);
    auto given =
        byPlace
            ? arguments.named.end()
            : std::find_if(arguments.named.begin(), arguments.named.end(),
                           [&](const auto &one) { return one.first == name; });
    bool named = given != arguments.named.end();
    if (values.size() < arguments.positional.size()) {
      if (named)
        failRun("the argument '" + std::string(name) + "' is given twice");
      values.push_back(arguments.positional[values.size()]);
    } else {
      if (!named && !optional)
        failRun("'" + std::string(entry.name) + "' needs the argument '" +
                std::string(name) + "'");
      values.push_back(named ? given->second : Value());
    }
    used += named;
  }
  if (used < arguments.named.size() ||
      values.size() < arguments.positional.size())
    failRun("'" + std::string(entry.name) + "' has no such argument");
  return values;
}

Value callEntry(const Entry &entry, Interpreter &interpreter, const Value &self,
                Arguments arguments) {
  interpreter.step();
  Bound bound{interpreter, self, {}, {}};
  if (entry.parameters == "*")
    bound.all = std::move(arguments);
  else
    bound.values = bind(entry, arguments);
  return entry.function(bound);
}

static const Entry *findFilter(std::string_view name) {
  for (Table table :
       {textFilters(), sequenceFilters(), choiceFilters(), numberFilters()})
    if (const Entry *entry = findEntry(table, name))
      return entry;
  return nullptr;
}

bool isFilter(std::string_view name) { return findFilter(name); }
bool isTest(std::string_view name) { return findEntry(testTable(), name); }

Value Interpreter::applyFilter(std::string_view name, const Value &subject,
                               Arguments arguments) {
  const Entry *entry = findFilter(name);
  if (!entry)
    failUnsupported("the filter '" + std::string(name) + "'");
  return callEntry(*entry, *this, subject, std::move(arguments));
}

bool Interpreter::applyTest(std::string_view name, const Value &subject,
                            Arguments arguments) {
  const Entry *entry = findEntry(testTable(), name);
  if (!entry)
    failUnsupported("the test '" + std::string(name) + "'");
  return callEntry(*entry, *this, subject, std::move(arguments)).truth();
}

} // namespace terrazzo::text::jinja
