// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic, comparison and slicing as Python does them.
#include "text/jinja/Objects.h"

#include <algorithm>
#include <cmath>

namespace terrazzo::text::jinja {
namespace {

[[noreturn]] void overflow() { failUnsupported("an integer beyond 64 bits"); }

int64_t power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  for (int64_t i = 0; i < exponent; ++i) {
    if (base == 0 || base == 1)
      return base;
    if (base == -1)
      return exponent % 2 ? -1 : 1;
    if (__builtin_mul_overflow(result, base, &result))
      overflow();
  }
  return result;
}

Value integerArithmetic(std::string_view operation, int64_t left,
                        int64_t right) {
  int64_t result = 0;
  bool tooLarge = false;
  if (operation == "+")
    tooLarge = __builtin_add_overflow(left, right, &result);
  else if (operation == "-")
    tooLarge = __builtin_sub_overflow(left, right, &result);
  else if (operation == "*")
    tooLarge = __builtin_mul_overflow(left, right, &result);
  else if (operation == "**")
    result = power(left, right);
  else if (left == INT64_MIN && right == -1) {
    if (operation == "%")
      return int64_t(0);
    tooLarge = true;
  } else {
    // Python rounds down, so the remainder has the divisor's sign.
    bool down = left % right != 0 && (left < 0) != (right < 0);
    result = operation == "%" ? left % right + (down ? right : 0)
                              : left / right - down;
  }
  if (tooLarge)
    overflow();
  return result;
}

double floorDivision(double a, double b, bool remainder) {
  double mod = std::fmod(a, b);
  double quotient = (a - mod) / b;
  if (mod != 0) {
    if ((b < 0) != (mod < 0)) {
      mod += b;
      quotient -= 1;
    }
  } else {
    mod = std::copysign(0.0, b);
  }
  if (remainder)
    return mod;
  if (quotient == 0)
    return std::copysign(0.0, a / b);
  double floor = std::floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

double powerOf(double a, double b) {
  if (a == 0 && b < 0)
    failRun("0 to a negative power");
  if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b))
    failUnsupported("a complex number");
  double result = std::pow(a, b);
  if (std::isinf(result) && std::isfinite(a) && std::isfinite(b))
    failRun("a power is too large");
  return result;
}

Value divide(const Value &left, const Value &right) {
  constexpr int64_t exact = int64_t(1) << 53;
  for (const Value *side : {&left, &right})
    if (!side->isFloat() && !right.isFloat() && !left.isFloat() &&
        (side->integer() > exact || side->integer() < -exact))
      failUnsupported("dividing integers beyond 53 bits");
  return left.number() / right.number();
}

Value arithmetic(std::string_view operation, const Value &left,
                 const Value &right) {
  bool divides = operation == "/" || operation == "//" || operation == "%";
  if (divides && right.number() == 0)
    failRun("division by zero");
  if (operation == "/")
    return divide(left, right);
  bool whole = !left.isFloat() && !right.isFloat();
  if (whole && !(operation == "**" && right.integer() < 0))
    return integerArithmetic(operation, left.integer(), right.integer());
  double a = left.number(), b = right.number();
  if (operation == "+")
    return a + b;
  if (operation == "-")
    return a - b;
  if (operation == "*")
    return a * b;
  if (operation == "**")
    return powerOf(a, b);
  return floorDivision(a, b, operation == "%");
}

Value addTexts(const Text &left, const Text &right) {
  TextBuilder out;
  bool markup = left.markup || right.markup;
  out.add(markup && !left.markup ? *escaped(left) : left);
  out.add(markup && !right.markup ? *escaped(right) : right);
  return out.take(markup);
}

Value makeSequence(bool tuple, List items) {
  if (items.size() > largestSize / sizeof(Value))
    failRun("a list became too long");
  return tuple ? Value::tuple(std::move(items)) : Value(std::move(items));
}

bool isListOrTuple(const Value &value) {
  return value.isSequence() && value.sequence().kind <= Sequence::Kind::Group;
}

Value repeatedSequence(const Sequence &sequence, int64_t count) {
  List items;
  size_t size = sequence.items.size();
  if (size && count > 0 && uint64_t(count) > largestSize / sizeof(Value) / size)
    failRun("a list became too long");
  for (int64_t i = 0; size && i < count; ++i)
    items.insert(items.end(), sequence.items.begin(), sequence.items.end());
  return makeSequence(sequence.isTuple(), std::move(items));
}

/// Python's rules for one end of a slice.
int64_t sliceEnd(const Value &value, int64_t size, bool up, int64_t otherwise) {
  if (value.isNone())
    return otherwise;
  int64_t index = integerOf(value);
  if (index < 0)
    index = std::max<int64_t>(index, -size - 1) + size;
  return std::clamp<int64_t>(index, up ? 0 : -1, up ? size : size - 1);
}

} // namespace

Value negated(const Value &value) {
  if (value.isUndefined())
    failRun(value.undefinedMessage());
  if (value.isBig())
    failUnsupported("computing with integers beyond 64 bits");
  if (!value.isNumber())
    failRun(value.kindName() + " has no sign");
  if (value.isFloat())
    return -value.number();
  return integerArithmetic("-", 0, value.integer());
}

Value applyOperator(std::string_view operation, const Value &left,
                    const Value &right) {
  for (const Value *side : {&left, &right})
    if (side->isUndefined())
      failRun(side->undefinedMessage());
  for (const Value *side : {&left, &right})
    if (side->isBig())
      failUnsupported("computing with integers beyond 64 bits");
  if (left.isNumber() && right.isNumber())
    return arithmetic(operation, left, right);
  if (operation == "+" && left.isText() && right.isText())
    return addTexts(left.text(), right.text());
  if (operation == "+" && isListOrTuple(left) && isListOrTuple(right) &&
      left.sequence().isTuple() == right.sequence().isTuple()) {
    List items = left.sequence().items;
    items.insert(items.end(), right.sequence().items.begin(),
                 right.sequence().items.end());
    return makeSequence(left.sequence().isTuple(), std::move(items));
  }
  if (operation == "*" && (left.isIntegral() || right.isIntegral())) {
    const Value &many = left.isIntegral() ? right : left;
    int64_t count = (left.isIntegral() ? left : right).integer();
    if (many.isText())
      return repeated(many.text(), count);
    if (isListOrTuple(many))
      return repeatedSequence(many.sequence(), count);
  }
  if (operation == "-" && left.isSequence() && left.sequence().isView())
    failUnsupported("arithmetic with views of mappings");
  failRun("'" + std::string(operation) + "' does not work with " +
          left.kindName() + " and " + right.kindName());
}

bool contains(const Value &haystack, const Value &needle) {
  if (haystack.isText()) {
    if (!needle.isText())
      failRun("'in' of a string needs a string, not " + needle.kindName());
    return haystack.text().view().find(needle.text().view()) !=
           std::string_view::npos;
  }
  if (haystack.isDict())
    return haystack.dict().find(needle);
  if (haystack.isSequence() && haystack.sequence().kind == Sequence::Kind::Keys)
    needle.hash();
  Cursor next = walk(haystack);
  for (Value item; next(item);)
    if (item.equals(needle))
      return true;
  return false;
}

bool compares(std::string_view operation, const Value &left,
              const Value &right) {
  if (operation == "==")
    return left.equals(right);
  if (operation == "!=")
    return !left.equals(right);
  if (operation == "in")
    return contains(right, left);
  if (operation == "not in")
    return !contains(right, left);
  if (operation == "<")
    return left.less(right);
  if (operation == ">")
    return right.less(left);
  bool less = operation == "<=" ? left.less(right) : right.less(left);
  return less || left.equals(right);
}

Value sliced(const Value &value, const Value &from, const Value &to,
             const Value &stride) {
  if (value.isUndefined())
    failRun(value.undefinedMessage());
  if (value.isSequence() && value.sequence().kind == Sequence::Kind::Range)
    failUnsupported("a slice of a range");
  if (!value.isText() && !isListOrTuple(value))
    failRun(value.kindName() + " cannot be sliced");
  std::vector<size_t> offsets;
  if (value.isText())
    offsets = characterOffsets(value.text().bytes);
  int64_t size = value.isText() ? int64_t(offsets.size()) - 1
                                : int64_t(value.sequence().items.size());
  int64_t by = stride.isNone() ? 1 : integerOf(stride);
  if (by == 0)
    failRun("a slice's step is 0");
  bool up = by > 0;
  int64_t begin = sliceEnd(from, size, up, up ? 0 : size - 1);
  int64_t end = sliceEnd(to, size, up, up ? size : -1);
  by = std::clamp<int64_t>(by, -size - 1, size + 1);
  List items;
  TextBuilder out;
  if (value.isText() && by == 1 && begin < end)
    out.add(value.text(), offsets[size_t(begin)], offsets[size_t(end)]);
  else
    for (int64_t i = begin; up ? i < end : i > end; i += by) {
      if (value.isText())
        out.add(value.text(), offsets[size_t(i)], offsets[size_t(i) + 1]);
      else
        items.push_back(value.sequence().items[size_t(i)]);
    }
  return value.isText()
             ? Value(out.take(value.text().markup))
             : makeSequence(value.sequence().isTuple(), std::move(items));
}

} // namespace terrazzo::text::jinja
