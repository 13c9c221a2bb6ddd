// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Filters of numbers, and numbers in strings as Python reads them.
#include "support/Utf8.h"
#include "text/jinja/Interpreter.h"
#include "text/jinja/values/Unicode.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace terrazzo::text::jinja {

/// Digits of any script as ASCII, without white space around; underlines stay.
static std::string plainNumber(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size();) {
    Utf8Char c = decodeUtf8(text.substr(i));
    size_t length = std::max<size_t>(c.length, 1);
    if (int digit = decimalValue(c.code); digit >= 0)
      plain += char('0' + digit);
    else if (isSpace(c.code))
      plain += ' ';
    else
      plain += text.substr(i, length);
    i += length;
  }
  size_t begin = std::min(plain.find_first_not_of(' '), plain.size());
  return plain.substr(begin, plain.find_last_not_of(' ') + 1 - begin);
}

/// Takes out underlines between digits; false where one stands elsewhere.
static bool dropUnderlines(std::string &text, bool hex) {
  auto isDigit = [hex](char c) {
    return (c >= '0' && c <= '9') || (hex && std::isalnum(uint8_t(c)));
  };
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] == '_' && (i == 0 || i + 1 == text.size() ||
                           !isDigit(text[i - 1]) || !isDigit(text[i + 1])))
      return false;
  std::erase(text, '_');
  return true;
}

Value parseInteger(std::string_view text, int64_t base) {
  if (base != 0 && (base < 2 || base > 36))
    return {};
  std::string plain = plainNumber(text);
  bool negative = plain.starts_with('-');
  if (negative || plain.starts_with('+'))
    plain.erase(0, 1);
  char kind = plain.size() > 1 && plain[0] == '0' ? char(plain[1] | 32) : 0;
  int64_t prefixed = kind == 'b' ? 2 : kind == 'o' ? 8 : kind == 'x' ? 16 : 0;
  bool zeros = plain.find_first_not_of("0_") == plain.npos;
  if (prefixed && (base == 0 || base == prefixed)) {
    base = prefixed;
    plain.erase(0, plain.size() > 2 && plain[2] == '_' ? 3 : 2);
  } else if (base == 0) {
    if (plain.starts_with('0') && !zeros)
      return {};
    base = 10;
  }
  if (!dropUnderlines(plain, true) || plain.empty() || plain[0] == '-')
    return {};
  if (negative)
    plain.insert(0, 1, '-');
  int64_t value = 0;
  const char *end = plain.data() + plain.size();
  auto result = std::from_chars(plain.data(), end, value, int(base));
  if (result.ptr != end || result.ec == std::errc::invalid_argument)
    return {};
  if (result.ec != std::errc())
    failUnsupported("an integer beyond 64 bits");
  return value;
}

Value parseFloat(std::string_view text) {
  std::string plain = plainNumber(text);
  if (!dropUnderlines(plain, false) || plain.empty())
    return {};
  std::string_view digits = plain;
  bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+'))
    digits.remove_prefix(1);
  std::string lower(digits);
  for (char &c : lower)
    c = char(std::tolower(uint8_t(c)));
  double value = 0;
  if (lower == "inf" || lower == "infinity") {
    value = HUGE_VAL;
  } else if (lower == "nan") {
    value = NAN;
  } else {
    if (lower.find_first_not_of("0123456789.e+-") != lower.npos ||
        lower.starts_with('-') || lower.starts_with('+'))
      return {};
    char *end = nullptr;
    value = std::strtod(lower.c_str(), &end);
    if (*end || end == lower.c_str())
      return {};
  }
  return negative ? -value : value;
}

static Value integerOfFloat(double number) {
  if (std::fabs(number) >= 9.2e18)
    failUnsupported("an integer beyond 64 bits");
  return int64_t(number);
}

Value roundTo(const Value &value, int64_t digits) {
  if (!value.isFloat()) {
    int64_t number = integerOf(value), unit = 1;
    for (int64_t i = digits; i < 0; ++i)
      if (__builtin_mul_overflow(unit, 10, &unit))
        return int64_t(0);
    int64_t rest = ((number % unit) + unit) % unit, low = number - rest;
    bool up = rest > unit - rest ||
              (rest == unit - rest && rest && (low / unit) % 2 != 0);
    return up ? low + unit : low;
  }
  double number = value.number();
  if (!std::isfinite(number) || digits > 330)
    return number;
  if (digits < 0)
    failUnsupported("rounding a fraction to tens");
  char text[700];
  std::snprintf(text, sizeof(text), "%.*f", int(digits), number);
  return std::strtod(text, nullptr);
}

namespace {

Value toInteger(const Bound &bound) {
  Value otherwise = bound.has(0) ? bound[0] : Value(int64_t(0));
  const Value &self = bound.self;
  if (self.isUndefined())
    failRun(self.undefinedMessage());
  if (self.isIntegral())
    return self.integer();
  if (self.isBig())
    return self;
  if (self.isText())
    if (Value value = parseInteger(self.text().view(), bound.integer(1, 10));
        !value.isMissing())
      return value;
  Value number = self.isFloat()  ? self
                 : self.isText() ? parseFloat(self.text().view())
                                 : Value();
  if (!number.isMissing() && std::isinf(number.number()) && self.isFloat())
    failRun("an infinite number is no integer");
  if (number.isMissing() || !std::isfinite(number.number()))
    return otherwise;
  return integerOfFloat(std::trunc(number.number()));
}

Value toFloat(const Bound &bound) {
  const Value &self = bound.self;
  if (self.isUndefined())
    failRun(self.undefinedMessage());
  if (self.isNumber())
    return self.number();
  if (self.isBig())
    return std::strtod(self.bigDigits().c_str(), nullptr);
  if (self.isText())
    if (Value value = parseFloat(self.text().view()); !value.isMissing())
      return value;
  return bound.has(0) ? bound[0] : Value(0.0);
}

Value absolute(const Bound &bound) {
  if (bound.self.isFloat())
    return std::fabs(bound.self.number());
  int64_t value = integerOf(bound.self);
  return value < 0 ? negated(value) : Value(value);
}

Value round(const Bound &bound) {
  std::string method = bound.has(1) ? bound[1].printed()->bytes : "common";
  if (method != "common" && method != "ceil" && method != "floor")
    failRun("'round' has no method '" + method + "'");
  if (method == "common")
    return roundTo(bound.self, bound.integer(0, 0));
  Value scale = applyOperator("**", int64_t(10), Value(bound.integer(0, 0)));
  Value scaled = applyOperator("*", bound.self, scale);
  if (scaled.isFloat()) {
    if (!std::isfinite(scaled.number()))
      failRun("an infinite number is no integer");
    scaled = integerOfFloat(method == "ceil" ? std::ceil(scaled.number())
                                             : std::floor(scaled.number()));
  }
  return applyOperator("/", scaled, scale);
}

Value fileSize(const Bound &bound) {
  double bytes = 0;
  if (bound.self.isNumber())
    bytes = bound.self.number();
  else if (Value value = bound.self.isText()
                             ? parseFloat(bound.self.text().view())
                             : Value();
           !value.isMissing())
    bytes = value.number();
  else
    failRun("'filesizeformat' needs a number");
  bool binary = bound.flag(0);
  double base = binary ? 1024 : 1000;
  if (bytes == 1)
    return "1 Byte";
  if (!std::isfinite(bytes))
    failRun("'filesizeformat' needs a finite number");
  char text[400];
  if (bytes < base) {
    std::snprintf(text, sizeof(text), "%.0f Bytes", std::trunc(bytes));
    return text[0] == '-' && text[1] == '0' ? text + 1 : text;
  }
  double unit = base;
  const char *letters = binary ? "KMGTPEZY" : "kMGTPEZY";
  for (size_t i = 0; i < 8; ++i) {
    unit *= base;
    if (bytes >= unit && i < 7)
      continue;
    std::snprintf(text, sizeof(text), "%.1f %c%sB", base * bytes / unit,
                  letters[i], binary ? "i" : "");
    break;
  }
  return text;
}

constexpr Entry filters[] = {
    {"int", "default= base=", toInteger},
    {"float", "default=", toFloat},
    {"abs", "/", absolute},
    {"round", "precision= method=", round},
    {"filesizeformat", "binary=", fileSize},
};

} // namespace

Table numberFilters() { return filters; }

} // namespace terrazzo::text::jinja
