// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Python's format(value, spec): [[fill]align][sign][#][0][width][,][.digits]
// [type].
#include "support/Utf8.h"
#include "text/jinja/Interpreter.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace terrazzo::text::jinja {
namespace {

struct Spec {
  std::string fill = " ";
  char align = 0, sign = '-', grouping = 0, type = 0;
  bool alternate = false, zero = false, hasSign = false;
  int64_t width = 0, precision = -1;
};

int64_t readNumber(std::string_view &rest) {
  int64_t value = 0;
  while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') {
    value = value * 10 + (rest[0] - '0');
    if (value > int64_t(largestSize))
      failRun("a format's width is too large");
    rest.remove_prefix(1);
  }
  return value;
}

Spec parseSpec(std::string_view rest) {
  static constexpr std::string_view aligns = "<>=^";
  Spec spec;
  auto take = [&](std::string_view any) -> char {
    if (rest.empty() || any.find(rest[0]) == any.npos)
      return 0;
    char c = rest[0];
    rest.remove_prefix(1);
    return c;
  };
  size_t first = std::max<size_t>(decodeUtf8(rest).length, 1);
  bool filled = rest.size() > first && aligns.find(rest[first]) != aligns.npos;
  if (filled) {
    spec.fill = rest.substr(0, first);
    rest.remove_prefix(first);
  }
  spec.align = take(aligns);
  if (char sign = take("+- ")) {
    spec.sign = sign;
    spec.hasSign = true;
  }
  spec.alternate = take("#");
  if (take("0")) {
    spec.zero = true;
    if (!filled)
      spec.fill = "0";
  }
  spec.width = readNumber(rest);
  spec.grouping = take(",_");
  if (take(".")) {
    if (rest.empty() || rest[0] < '0' || rest[0] > '9')
      failRun("a format's precision is missing");
    spec.precision = readNumber(rest);
  }
  // Python takes the digits of other scripts, too.
  if (!rest.empty() && uint8_t(rest[0]) >= 0x80)
    failUnsupported("a format beyond ASCII");
  if (rest.size() > 1)
    failRun("a format is malformed");
  spec.type = rest.empty() ? 0 : rest[0];
  return spec;
}

TextPtr pad(const Spec &spec, const Text &head, const Text &body,
            char otherwise) {
  int64_t missing = spec.width -
                    lengthOf(Value(slice(head, 0, head.bytes.size()))) -
                    lengthOf(Value(slice(body, 0, body.bytes.size())));
  missing = std::max<int64_t>(missing, 0);
  char align = spec.align ? spec.align : otherwise;
  int64_t before = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  Text fill(spec.fill, {});
  TextBuilder out;
  if (align == '=')
    out.add(head);
  out.add(*repeated(fill, before));
  if (align != '=')
    out.add(head);
  out.add(body);
  return out.add(*repeated(fill, missing - before)).take();
}

TextPtr formatText(const Text &text, const Spec &spec) {
  if (spec.hasSign || spec.alternate || spec.grouping || spec.align == '=' ||
      (spec.type && spec.type != 's'))
    failRun("the format does not fit a string");
  auto offsets = characterOffsets(text.bytes);
  size_t size = offsets.size() - 1;
  if (spec.precision >= 0)
    size = std::min(size, size_t(spec.precision));
  return pad(spec, *ownText(""), *slice(text, 0, offsets[size]), '<');
}

std::string grouped(std::string digits, char mark, size_t each) {
  size_t end = std::min(digits.find_first_not_of("0123456789abcdefABCDEF"),
                        digits.size());
  for (size_t at = end; at > each;) {
    at -= each;
    digits.insert(at, 1, mark);
  }
  return digits;
}

TextPtr finishNumber(const Spec &spec, bool negative, const std::string &prefix,
                     std::string digits) {
  bool decimal =
      prefix.empty() && !std::isalpha(uint8_t(spec.type))
          ? true
          : std::string_view("bBoxX").find(spec.type) == std::string_view::npos;
  if (spec.grouping) {
    if (spec.zero || (spec.fill == "0" && spec.align == '='))
      failUnsupported("a format with groups of digits and leading zeros");
    if (!decimal && spec.grouping == ',')
      failRun("the format does not allow ','");
    digits = grouped(std::move(digits), spec.grouping, decimal ? 3 : 4);
  }
  std::string head = negative           ? "-"
                     : spec.sign == '-' ? ""
                                        : std::string(1, spec.sign);
  return pad(spec, *ownText(head + prefix), *ownText(digits),
             spec.zero ? '=' : '>');
}

TextPtr formatFloat(double number, Spec spec) {
  if (spec.type == 'n')
    failUnsupported("a format of type 'n'");
  if (spec.precision > 500)
    failUnsupported("a precision of more than 500 digits");
  bool negative = std::signbit(number);
  double size = std::fabs(number);
  if (!std::isfinite(number) || spec.alternate)
    failUnsupported("this format of a number");
  if (spec.type == 0 && spec.precision < 0)
    return finishNumber(spec, negative, "", printFloat(size));
  if (spec.type == 0)
    failUnsupported("a format with a precision and without a type");
  bool percent = spec.type == '%';
  if (!percent &&
      std::string_view("eEfFgG").find(spec.type) == std::string_view::npos)
    failRun("the format does not fit a number");
  char pattern[] = {'%', '.', '*', percent ? 'f' : spec.type, 0};
  char text[1024];
  std::snprintf(text, sizeof(text), pattern,
                spec.precision < 0 ? 6 : int(spec.precision),
                percent ? size * 100 : size);
  return finishNumber(spec, negative, "",
                      std::string(text) + (percent ? "%" : ""));
}

std::string digitsOf(uint64_t value, unsigned base, bool upper) {
  std::string digits;
  do {
    digits.insert(digits.begin(), (upper ? "0123456789ABCDEF"
                                         : "0123456789abcdef")[value % base]);
    value /= base;
  } while (value);
  return digits;
}

TextPtr formatInteger(int64_t number, const Spec &spec) {
  if (spec.type &&
      std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos)
    return formatFloat(double(number), spec);
  if (spec.precision >= 0)
    failRun("an integer's format has no precision");
  if (spec.type == 'c' || spec.type == 'n')
    failUnsupported("a format of type 'c' or 'n'");
  unsigned base = spec.type == 'b'                       ? 2
                  : spec.type == 'o'                     ? 8
                  : spec.type == 'x' || spec.type == 'X' ? 16
                  : spec.type == 0 || spec.type == 'd'   ? 10
                                                         : 0;
  if (!base)
    failRun("the format does not fit an integer");
  uint64_t size = number < 0 ? 0 - uint64_t(number) : uint64_t(number);
  std::string prefix =
      spec.alternate && base != 10 ? std::string("0") + spec.type : "";
  return finishNumber(spec, number < 0, prefix,
                      digitsOf(size, base, spec.type == 'X'));
}

} // namespace

TextPtr formatValue(const Value &value, const Text &specText) {
  if (specText.bytes.empty())
    return value.printed();
  Spec spec = parseSpec(specText.view());
  if (value.isText())
    return formatText(*subjectText(value), spec);
  if (value.isIntegral())
    return formatInteger(value.integer(), spec);
  if (value.isFloat())
    return formatFloat(value.number(), spec);
  if (value.isBig())
    failUnsupported("formatting an integer beyond 64 bits");
  failRun(value.kindName() + " has no such format");
}

} // namespace terrazzo::text::jinja
