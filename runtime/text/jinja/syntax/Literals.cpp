// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Literals.h.
#include "text/jinja/syntax/Literals.h"

#include "support/Utf8.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace terrazzo::text::jinja {
namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// -1 where `c` is no digit of any base.
int digitOf(char c) {
  char lower = char(c | 32);
  return isDigit(c)                     ? c - '0'
         : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10
                                        : -1;
}

/// End of digits that single underlines may stand between.
size_t digitsEnd(std::string_view source, size_t begin, int base) {
  size_t end = begin;
  auto at = [&](size_t i) {
    return i < source.size() && digitOf(source[i]) >= 0 &&
           digitOf(source[i]) < base;
  };
  while (at(end) || (end > begin && end < source.size() && source[end] == '_' &&
                     at(end + 1)))
    ++end;
  return end;
}

std::string withoutUnderlines(std::string_view text) {
  std::string plain(text);
  std::erase(plain, '_');
  return plain;
}

size_t fractionLength(std::string_view source) {
  size_t end = digitsEnd(source, 0, 10);
  if (end == 0)
    return 0;
  size_t whole = end;
  if (end + 1 < source.size() && source[end] == '.' && isDigit(source[end + 1]))
    end = digitsEnd(source, end + 1, 10);
  if (end < source.size() && (source[end] | 32) == 'e') {
    size_t digits = end + 1;
    if (digits < source.size() &&
        (source[digits] == '+' || source[digits] == '-'))
      ++digits;
    if (size_t last = digitsEnd(source, digits, 10); last > digits)
      end = last;
  }
  return end > whole ? end : 0;
}

Value readInteger(std::string_view digits, int base, int line) {
  std::string text = withoutUnderlines(digits);
  int64_t value = 0;
  auto result =
      std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (result.ec == std::errc())
    return value;
  if (base != 10)
    failUnsupported("an integer beyond 64 bits", line);
  return std::make_shared<const BigInteger>(BigInteger{text});
}

} // namespace

NumberLiteral readNumber(std::string_view source, bool afterDot, int line) {
  if (source.empty() || !isDigit(source[0]))
    return {};
  if (size_t length = afterDot ? 0 : fractionLength(source)) {
    std::string text = withoutUnderlines(source.substr(0, length));
    double value = 0;
    auto result =
        std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc())
      failUnsupported("the number " + text, line);
    return {length, value};
  }
  if (source[0] == '0' && source.size() > 2) {
    char kind = char(source[1] | 32);
    int base = kind == 'b' ? 2 : kind == 'o' ? 8 : kind == 'x' ? 16 : 0;
    size_t begin = 2 + (source[2] == '_');
    if (size_t end = base ? digitsEnd(source, begin, base) : 0; end > begin)
      return {end, readInteger(source.substr(begin, end - begin), base, line)};
  }
  size_t end = digitsEnd(source, 0, source[0] == '0' ? 1 : 10);
  return {end, readInteger(source.substr(0, end), 10, line)};
}

static uint32_t readHex(std::string_view body, size_t &at, size_t digits,
                        int line) {
  uint32_t code = 0;
  for (size_t i = 0; i < digits; ++i, ++at) {
    int digit = at < body.size() ? digitOf(body[at]) : -1;
    if (digit < 0)
      failSyntax(line, "a string has a malformed escape");
    code = code << 4 | uint32_t(digit);
  }
  if (code >= 0x110000)
    failSyntax(line, "a string has an escape beyond U+10FFFF");
  if (code >= 0xD800 && code < 0xE000)
    failUnsupported("the escape of a surrogate", line);
  return code;
}

/// `at` is behind the backslash.
static void readEscape(std::string_view body, size_t &at, int line,
                       std::string &text) {
  static constexpr std::string_view from = "\\'\"abfnrtv";
  static constexpr std::string_view to = "\\'\"\a\b\f\n\r\t\v";
  Utf8Char c = decodeUtf8(body.substr(at));
  if (size_t known = c.code < 0x80 ? from.find(char(c.code)) : from.npos;
      known != from.npos) {
    ++at;
    text += to[known];
  } else if (c.code == '\n') {
    ++at;
  } else if (c.code == 'x' || c.code == 'u' || c.code == 'U') {
    ++at;
    appendUtf8(text, readHex(body, at,
                             c.code == 'x'   ? 2
                             : c.code == 'u' ? 4
                                             : 8,
                             line));
  } else if (c.code >= '0' && c.code <= '7') {
    uint32_t code = 0;
    for (int i = 0;
         i < 3 && at < body.size() && body[at] >= '0' && body[at] <= '7';
         ++i, ++at)
      code = code << 3 | uint32_t(body[at] - '0');
    appendUtf8(text, code);
  } else if (c.code == 'N') {
    failUnsupported("an escape by a character's name", line);
  } else if (c.code < 0x80) {
    ++at;
    text += '\\';
    text += char(c.code);
  } else {
    // Jinja escapes what is not ASCII before it reads escapes, so the
    // backslash meets another one.
    char code[16];
    std::snprintf(code, sizeof(code),
                  c.code < 0x100     ? "\\x%02x"
                  : c.code < 0x10000 ? "\\u%04x"
                                     : "\\U%08x",
                  unsigned(c.code));
    text += code;
    at += c.length;
  }
}

std::string unescape(std::string_view body, int line) {
  std::string text;
  for (size_t at = 0; at < body.size();) {
    if (body[at] == '\\')
      readEscape(body, ++at, line, text);
    else
      text += body[at++];
  }
  return text;
}

} // namespace terrazzo::text::jinja
