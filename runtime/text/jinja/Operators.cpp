// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic and comparison as Python does them.
#include "text/jinja/Interpreter.h"

#include <cmath>

namespace terrazzo::text::jinja {

static Value add(const Value &left, const Value &right, int line) {
  if (left.isString() && right.isString()) {
    if (left.string().size() + right.string().size() > largestSize)
      fail("TZ0213", line, "a string became too long");
    return left.string() + right.string();
  }
  List joined = left.list();
  if (joined.size() + right.list().size() > largestSize / sizeof(Value))
    fail("TZ0213", line, "a list became too long");
  joined.insert(joined.end(), right.list().begin(), right.list().end());
  return joined;
}

static Value repeat(const Value &text, int64_t count, int line) {
  if (count <= 0)
    return "";
  if (uint64_t(count) > largestSize / (text.string().size() + 1))
    fail("TZ0213", line, "a string became too long");
  std::string repeated;
  for (int64_t i = 0; i < count; ++i)
    repeated += text.string();
  return repeated;
}

static Value integerArithmetic(char operation, int64_t left, int64_t right,
                               int line) {
  int64_t result = 0;
  bool overflow = false;
  switch (operation) {
  case '+':
    overflow = __builtin_add_overflow(left, right, &result);
    break;
  case '-':
    overflow = __builtin_sub_overflow(left, right, &result);
    break;
  case '*':
    overflow = __builtin_mul_overflow(left, right, &result);
    break;
  default: {
    overflow = left == INT64_MIN && right == -1;
    if (overflow)
      break;
    // Python rounds down, so the remainder has the divisor's sign.
    bool down = left % right != 0 && (left < 0) != (right < 0);
    result = operation == '%' ? left % right + (down ? right : 0)
                              : left / right - down;
  }
  }
  if (overflow)
    fail("TZ0213", line, "an integer became too large");
  return result;
}

static Value arithmetic(std::string_view operation, const Value &left,
                        const Value &right, int line) {
  bool divides = operation == "/" || operation == "//" || operation == "%";
  if (divides && right.number() == 0)
    fail("TZ0213", line, "division by zero");
  if (operation == "/")
    return left.number() / right.number();
  char symbol = operation[0];
  if (!left.isFloat() && !right.isFloat())
    return integerArithmetic(symbol, left.integer(), right.integer(), line);
  double a = left.number(), b = right.number();
  switch (symbol) {
  case '+':
    return a + b;
  case '-':
    return a - b;
  case '*':
    return a * b;
  case '/':
    return std::floor(a / b);
  default:
    return a - b * std::floor(a / b);
  }
}

Value applyOperator(std::string_view operation, const Value &left,
                    const Value &right, int line) {
  if (operation == "==")
    return left.equals(right);
  if (operation == "!=")
    return !left.equals(right);
  if (operation == "~")
    return add(left.print(), right.print(), line);
  for (const Value *side : {&left, &right})
    if (side->isUndefined())
      fail("TZ0213", line, "'" + side->undefined().name + "' is undefined");
  if (operation[0] == '<' || operation[0] == '>') {
    int order = left.compare(right);
    if (order == 2)
      fail("TZ0213", line,
           std::string(left.kindName()) + " and " + right.kindName() +
               " have no order");
    bool orEqual = operation.size() == 2;
    return (orEqual && order == 0) || order == (operation[0] == '<' ? -1 : 1);
  }
  if (operation == "+" && ((left.isString() && right.isString()) ||
                           (left.isList() && right.isList())))
    return add(left, right, line);
  if (left.isNumber() && right.isNumber())
    return arithmetic(operation, left, right, line);
  if (operation == "*" && left.isString() && right.isInt())
    return repeat(left, right.integer(), line);
  if (operation == "%" && left.isString())
    failUnsupported(line, "formatting with '%'");
  fail("TZ0213", line,
       "'" + std::string(operation) + "' does not work with " +
           left.kindName() + " and " + right.kindName());
}

} // namespace terrazzo::text::jinja
