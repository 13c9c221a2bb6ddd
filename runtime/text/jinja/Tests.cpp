// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tests: `value is name(arguments)`.
#include "text/jinja/Builtins.h"

namespace terrazzo::text::jinja {
namespace {

using Test = bool (*)(const Value &, const Arguments &);

const Value &operand(const Arguments &arguments) {
  if (arguments.positional.empty())
    fail("TZ0213", arguments.line, "the test needs an argument");
  return arguments.positional.front();
}

template <int Low, int High>
bool ordered(const Value &subject, const Arguments &arguments) {
  int order = subject.compare(operand(arguments));
  if (order == 2)
    fail("TZ0213", arguments.line, "the values have no order");
  return order >= Low && order <= High;
}

int64_t remainder(const Value &subject, const Arguments &arguments,
                  int64_t divisor) {
  if (!(subject.isInt() || subject.isBool()) || divisor == 0)
    fail("TZ0213", arguments.line, "the test needs integers other than 0");
  return divisor == -1 ? 0 : subject.integer() % divisor;
}

bool divisibleBy(const Value &subject, const Arguments &arguments) {
  return remainder(subject, arguments, arguments.integer(0, "num", 0)) == 0;
}

bool equal(const Value &subject, const Arguments &arguments) {
  return subject.equals(operand(arguments));
}
bool unequal(const Value &subject, const Arguments &arguments) {
  return !equal(subject, arguments);
}

#define TEST(CONDITION)                                                        \
  [](const Value &value, const Arguments &arguments) -> bool {                 \
    return (CONDITION);                                                        \
  }

constexpr std::pair<std::string_view, Test> tests[] = {
    {"defined", TEST(!value.isUndefined())},
    {"undefined", TEST(value.isUndefined())},
    {"none", TEST(value.isNone())},
    {"string", TEST(value.isString())},
    {"mapping", TEST(value.isDict())},
    {"iterable", TEST(value.isList() || value.isDict() || value.isString() ||
                      value.isUndefined())},
    {"sequence", TEST(value.isList() || value.isDict() || value.isString())},
    {"number", TEST(value.isNumber())},
    {"integer", TEST(value.isInt())},
    {"float", TEST(value.isFloat())},
    {"boolean", TEST(value.isBool())},
    {"true", TEST(value.isBool() && value.truth())},
    {"false", TEST(value.isBool() && !value.truth())},
    {"callable", TEST(value.isMacro())},
    {"odd", TEST(remainder(value, arguments, 2) != 0)},
    {"even", TEST(remainder(value, arguments, 2) == 0)},
    {"divisibleby", divisibleBy},
    {"in", TEST(contains(operand(arguments), value, arguments.line))},
    {"equalto", equal},
    {"eq", equal},
    {"sameas", equal},
    {"ne", unequal},
    {"lt", ordered<-1, -1>},
    {"lessthan", ordered<-1, -1>},
    {"le", ordered<-1, 0>},
    {"gt", ordered<1, 1>},
    {"greaterthan", ordered<1, 1>},
    {"ge", ordered<0, 1>},
};
#undef TEST

Test findTest(std::string_view name) {
  for (const auto &[known, test] : tests)
    if (known == name)
      return test;
  return nullptr;
}

} // namespace

bool isTest(std::string_view name) { return findTest(name); }

bool applyTest(std::string_view name, const Value &subject,
               const Arguments &arguments) {
  return findTest(name)(subject, arguments);
}

} // namespace terrazzo::text::jinja
