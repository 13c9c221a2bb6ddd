// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `text % values` and text.format(…).
#include "support/Utf8.h"
#include "text/jinja/Interpreter.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace terrazzo::text::jinja {
namespace {

class Percent {
public:
  Percent(const Text &text, const Value &values) : text(text), values(values) {
    tuple = values.isSequence() && values.sequence().isTuple();
    mapping = !tuple && (values.isDict() || values.isUndefined() ||
                         (values.isSequence() && !values.sequence().isView()));
  }

  TextPtr run() {
    const std::string &bytes = text.bytes;
    while (at < bytes.size()) {
      size_t mark = std::min(bytes.find('%', at), bytes.size());
      out.add(text, at, mark);
      at = mark + 1;
      if (mark < bytes.size())
        directive();
    }
    size_t given = tuple ? values.sequence().items.size() : 1;
    if (used < given && !mapping)
      failRun("not all values were used by a format");
    return out.take();
  }

private:
  char peek() const {
    if (at >= text.bytes.size())
      failRun("a format is incomplete");
    return text.bytes[at];
  }

  Value next() {
    if (tuple ? used >= values.sequence().items.size() : used > 0)
      failRun("a format has too few values");
    ++used;
    return tuple ? values.sequence().items[used - 1] : values;
  }

  Value named() {
    size_t begin = ++at;
    for (int depth = 1; depth > 0; ++at)
      depth += peek() == '(' ? 1 : peek() == ')' ? -1 : 0;
    if (!mapping)
      failRun("a format needs a mapping");
    if (values.isUndefined())
      failRun(values.undefinedMessage());
    Value key = slice(text, begin, at - 1);
    const Value *found = values.isDict() ? values.dict().find(key) : nullptr;
    if (!found)
      failRun("a format names a value that is not there");
    used = 1;
    return *found;
  }

  std::string number(bool &left) {
    std::string digits;
    if (peek() == '*') {
      ++at;
      int64_t value = integerOf(next());
      left = left || value < 0;
      return std::to_string(value < 0 ? -value : value);
    }
    while (peek() >= '0' && peek() <= '9')
      digits += text.bytes[at++];
    if (digits.size() > 7)
      failRun("a format's width is too large");
    return digits;
  }

  void directive() {
    Value value;
    if (peek() == '(')
      value = named();
    bool left = false, zero = false, alternate = false;
    std::string sign;
    for (; std::string_view("-+ #0").find(peek()) != std::string_view::npos;
         ++at) {
      left = left || peek() == '-';
      zero = zero || peek() == '0';
      alternate = alternate || peek() == '#';
      if (peek() == '+' || (peek() == ' ' && sign.empty()))
        sign = peek();
    }
    std::string width = number(left), precision;
    bool none = false, exact = false;
    if (peek() == '.') {
      ++at;
      exact = true;
      precision = number(none);
      if (precision.empty() || none)
        precision = "0";
    }
    if (std::string_view("hlL").find(peek()) != std::string_view::npos)
      ++at;
    char type = peek();
    ++at;
    if (type == '%')
      return void(out.own("%"));
    if (value.isMissing())
      value = next();
    convert(value, type, left, zero, alternate, sign, width,
            exact ? "." + precision : "");
  }

  /// By way of the newer form, which says the same in another way.
  void convert(const Value &value, char type, bool left, bool zero,
               bool alternate, const std::string &sign,
               const std::string &width, const std::string &precision) {
    std::string align = left ? "<" : ">";
    if (type == 's' || type == 'r' || type == 'a') {
      Value shown = value.printed();
      if (type == 'a')
        failUnsupported("a format of type 'a'");
      if (type == 'r') {
        TextBuilder quoted;
        value.repr(quoted);
        shown = quoted.take();
      }
      return void(
          out.add(*formatValue(shown, *ownText(align + width + precision))));
    }
    if (type == 'c') {
      if (!value.isText() || lengthOf(value) != 1)
        failUnsupported("a format of type 'c' of a number");
      return void(out.add(*formatValue(value, *ownText(align + width))));
    }
    bool integer =
        std::string_view("diuoxX").find(type) != std::string_view::npos;
    if (!integer &&
        std::string_view("eEfFgG").find(type) == std::string_view::npos)
      failRun("a format has an unknown type");
    if (alternate)
      failUnsupported("a format with '#'");
    Value number = value;
    if (!number.isNumber() && !number.isBig())
      failRun("a format needs a number, not " + value.kindName());
    if (integer && !precision.empty())
      failUnsupported("an integer's format with a precision");
    if (type == 'i' || type == 'u')
      type = 'd';
    if (number.isFloat() && integer) {
      if (type != 'd')
        failRun("a format needs an integer");
      if (!(std::fabs(number.number()) < 9e18))
        failUnsupported("an integer beyond 64 bits");
      number = int64_t(number.number());
    }
    if (number.isBool())
      number = number.integer();
    std::string spec = left ? "<" : zero ? "" : ">";
    spec += sign + (zero && !left ? "0" : "") + width + precision + type;
    out.add(*formatValue(number, *ownText(spec)));
  }

  const Text &text;
  const Value &values;
  bool tuple, mapping;
  size_t at = 0, used = 0;
  TextBuilder out;
};

class Braces {
public:
  Braces(Interpreter &interpreter, const Arguments &arguments,
         const Value *mapping)
      : interpreter(interpreter), arguments(arguments), mapping(mapping) {}

  TextPtr run(const Text &text, int depth) {
    if (depth < 0)
      failRun("a format is nested too deeply");
    TextBuilder out;
    const std::string &bytes = text.bytes;
    for (size_t at = 0; at < bytes.size();) {
      char c = bytes[at];
      bool doubled = at + 1 < bytes.size() && bytes[at + 1] == c;
      if (c != '{' && c != '}') {
        size_t end = std::min(bytes.find_first_of("{}", at), bytes.size());
        out.add(text, at, end);
        at = end;
      } else if (doubled) {
        out.add(text, at, at + 1);
        at += 2;
      } else if (c == '}') {
        failRun("a format has a '}' without '{'");
      } else {
        at = field(text, at + 1, depth, out);
      }
    }
    return out.take();
  }

private:
  /// Behind the field.
  size_t field(const Text &text, size_t begin, int depth, TextBuilder &out) {
    const std::string &bytes = text.bytes;
    size_t end = begin, split = std::string::npos;
    bool bracket = false;
    for (int open = 1;; ++end) {
      if (end >= bytes.size())
        failRun("a format has a '{' without '}'");
      char c = bytes[end];
      if (split == std::string::npos && c == '[')
        bracket = true;
      else if (split == std::string::npos && c == ']')
        bracket = false;
      if (bracket)
        continue;
      open += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (open == 0)
        break;
      if (open == 1 && split == std::string::npos && (c == '!' || c == ':'))
        split = end;
      else if (open > 1 && split == std::string::npos)
        failRun("a format has a '{' in a field's name");
    }
    Value value = lookUp(text, begin, std::min(split, end));
    TextPtr spec = ownText("");
    if (split != std::string::npos) {
      if (bytes[split] == '!') {
        char how = split + 1 < end ? bytes[split + 1] : 0;
        split += 2;
        if (split > end || (split < end && bytes[split] != ':'))
          failRun("a format's conversion is malformed");
        value = converted(value, how);
      }
      if (split < end)
        spec = run(*slice(text, split + 1, end), depth - 1);
    }
    out.add(*formatValue(value, *spec));
    return end + 1;
  }

  static Value converted(const Value &value, char how) {
    if (how == 's')
      return value.printed();
    if (how != 'r')
      failUnsupported("this conversion of a format");
    TextBuilder out;
    value.repr(out);
    return out.take();
  }

  Value lookUp(const Text &text, size_t begin, size_t end) {
    const std::string &bytes = text.bytes;
    size_t at = std::min(bytes.find_first_of(".[", begin), end);
    Value value = first(text, begin, at);
    while (at < end) {
      bool attribute = bytes[at] == '.';
      size_t from = at + 1;
      size_t to = attribute ? std::min(bytes.find_first_of(".[", from), end)
                            : bytes.find(']', from);
      if (to == std::string::npos || to > end || to == from)
        failRun("a format's field is malformed");
      Value name = slice(text, from, to);
      if (attribute) {
        value = interpreter.attribute(value, name.text().view());
        at = to;
      } else {
        value = interpreter.item(value, index(name));
        at = to + 1;
        if (at < end && bytes[at] != '.' && bytes[at] != '[')
          failRun("a format's field is malformed");
      }
    }
    return value;
  }

  static Value index(const Value &name) {
    const std::string &bytes = name.text().bytes;
    int64_t number = 0;
    const char *end = bytes.data() + bytes.size();
    auto result = std::from_chars(bytes.data(), end, number);
    bool plain = !bytes.empty() && bytes[0] >= '0' && bytes[0] <= '9';
    return plain && result.ptr == end && result.ec == std::errc()
               ? Value(number)
               : name;
  }

  Value first(const Text &text, size_t begin, size_t end) {
    Value key = index(slice(text, begin, end));
    if (begin == end || key.isInt()) {
      bool automatic = begin == end;
      if (mode && mode != (automatic ? 'a' : 'm'))
        failRun("a format numbers its fields in two ways");
      mode = automatic ? 'a' : 'm';
      int64_t place = automatic ? counter++ : key.integer();
      if (mapping)
        failRun("a format has no value for a field");
      if (place >= int64_t(arguments.positional.size()))
        failRun("a format has too few values");
      return arguments.positional[size_t(place)];
    }
    if (mapping) {
      if (!mapping->isDict())
        failRun("a format needs a mapping");
      if (const Value *found = mapping->dict().find(key))
        return *found;
    }
    for (const auto &[name, value] : arguments.named)
      if (name == key.text().bytes)
        return value;
    failRun("a format has no value for a field");
  }

  Interpreter &interpreter;
  const Arguments &arguments;
  const Value *mapping;
  int64_t counter = 0;
  char mode = 0;
};

} // namespace

TextPtr formatPercent(Interpreter &, const Text &text, const Value &values) {
  return Percent(text, values).run();
}

TextPtr formatBraces(Interpreter &interpreter, const Text &text,
                     const Arguments &arguments, const Value *mapping) {
  return Braces(interpreter, arguments, mapping).run(text, 2);
}

} // namespace terrazzo::text::jinja
