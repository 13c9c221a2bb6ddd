// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tests: `value is name(arguments)`.
#include "support/Utf8.h"
#include "text/jinja/Interpreter.h"
#include "text/jinja/values/Unicode.h"

namespace terrazzo::text::jinja {
namespace {

Value remainder(const Value &value, const Value &divisor) {
  if (value.isText())
    failUnsupported("testing whether a string can be divided");
  return applyOperator("%", value, divisor);
}

Value odd(const Bound &bound) {
  return remainder(bound.self, int64_t(2)).equals(int64_t(1));
}
Value even(const Bound &bound) {
  return remainder(bound.self, int64_t(2)).equals(int64_t(0));
}
Value divisible(const Bound &bound) {
  return remainder(bound.self, bound[0]).equals(int64_t(0));
}

Value isSequenceTest(const Bound &bound) {
  const Value &value = bound.self;
  return value.isText() || value.isDict() || value.isUndefined() ||
         (value.isSequence() && !value.sequence().isView());
}

Value callableTest(const Bound &bound) {
  // Undefined values have a __call__, which fails.
  return bound.self.isUndefined() ||
         (bound.self.isObject() && bound.self.object().callable());
}

Value lowerTest(const Bound &bound) {
  Value text = bound.self.printed();
  return bound.interpreter.call(methodOf(text, "islower"), {});
}
Value upperTest(const Bound &bound) {
  Value text = bound.self.printed();
  return bound.interpreter.call(methodOf(text, "isupper"), {});
}

Value nameTest(const Value &value, bool (*known)(std::string_view)) {
  if (value.isSequence() || value.isDict())
    value.hash();
  return value.isText() && known(value.text().view());
}

#define TEST(CONDITION)                                                        \
  [](const Bound &bound) -> Value {                                            \
    const Value &value = bound.self;                                           \
    return bool(CONDITION);                                                    \
  }

const Entry tests[] = {
    {"defined", "", TEST(!value.isUndefined())},
    {"undefined", "", TEST(value.isUndefined())},
    {"none", "", TEST(value.isNone())},
    {"string", "", TEST(value.isText())},
    {"mapping", "", TEST(value.isDict())},
    {"iterable", "", TEST(canWalk(value))},
    {"sequence", "", isSequenceTest},
    {"number", "", TEST(value.isNumber() || value.isBig())},
    {"integer", "", TEST(value.isInt() || value.isBig())},
    {"float", "", TEST(value.isFloat())},
    {"boolean", "", TEST(value.isBool())},
    {"true", "", TEST(value.isBool() && value.truth())},
    {"false", "", TEST(value.isBool() && !value.truth())},
    {"callable", "", callableTest},
    {"odd", "", odd},
    {"even", "", even},
    {"divisibleby", "num", divisible},
    {"escaped", "", TEST(value.isText() && value.text().markup)},
    {"lower", "", lowerTest},
    {"upper", "", upperTest},
    {"filter", "", TEST(nameTest(value, isFilter).truth())},
    {"test", "", TEST(nameTest(value, isTest).truth())},
    {"in", "seq", TEST(contains(bound[0], value))},
    {"sameas", "other", TEST(value.sameAs(bound[0]))},
    {"==", "/b", TEST(compares("==", value, bound[0]))},
    {"eq", "/b", TEST(compares("==", value, bound[0]))},
    {"equalto", "/b", TEST(compares("==", value, bound[0]))},
    {"!=", "/b", TEST(compares("!=", value, bound[0]))},
    {"ne", "/b", TEST(compares("!=", value, bound[0]))},
    {"<", "/b", TEST(compares("<", value, bound[0]))},
    {"lt", "/b", TEST(compares("<", value, bound[0]))},
    {"lessthan", "/b", TEST(compares("<", value, bound[0]))},
    {"<=", "/b", TEST(compares("<=", value, bound[0]))},
    {"le", "/b", TEST(compares("<=", value, bound[0]))},
    {">", "/b", TEST(compares(">", value, bound[0]))},
    {"gt", "/b", TEST(compares(">", value, bound[0]))},
    {"greaterthan", "/b", TEST(compares(">", value, bound[0]))},
    {">=", "/b", TEST(compares(">=", value, bound[0]))},
    {"ge", "/b", TEST(compares(">=", value, bound[0]))},
};
#undef TEST

} // namespace

Table testTable() { return tests; }

} // namespace terrazzo::text::jinja
