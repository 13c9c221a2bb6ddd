// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Value.h.
#include "text/jinja/Value.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace terrazzo::text::jinja {

const Value *Dict::find(std::string_view key) const {
  for (const auto &[name, value] : entries)
    if (name == key)
      return &value;
  return nullptr;
}

void Dict::set(std::string_view key, Value value) {
  for (auto &[name, old] : entries)
    if (name == key)
      return void(old = std::move(value));
  entries.emplace_back(std::string(key), std::move(value));
}

int64_t Value::integer() const {
  return isBool() ? std::get<bool>(state) : std::get<int64_t>(state);
}

double Value::number() const {
  return isFloat() ? std::get<double>(state) : double(integer());
}

const char *Value::kindName() const {
  static constexpr const char *names[] = {
      "undefined", "none",   "a truth value", "an integer", "a number",
      "a string",  "a list", "a mapping",     "a macro"};
  return names[state.index()];
}

bool Value::truth() const {
  if (isUndefined() || isNone())
    return false;
  if (isNumber())
    return number() != 0;
  if (isString())
    return !string().empty();
  if (isList())
    return !list().empty();
  if (isDict())
    return dict().isNamespace || !dict().entries.empty();
  return true;
}

bool Value::equals(const Value &other) const {
  if (isNumber() && other.isNumber())
    return compare(other) == 0;
  if (state.index() != other.state.index())
    return false;
  if (isString())
    return string() == other.string();
  if (isList()) {
    if (list().size() != other.list().size())
      return false;
    for (size_t i = 0; i < list().size(); ++i)
      if (!list()[i].equals(other.list()[i]))
        return false;
    return true;
  }
  if (isDict()) {
    if (dict().entries.size() != other.dict().entries.size())
      return false;
    for (const auto &[key, value] : dict().entries) {
      const Value *match = other.dict().find(key);
      if (!match || !value.equals(*match))
        return false;
    }
    return true;
  }
  if (isMacro())
    return macro() == other.macro();
  return true;
}

int Value::compare(const Value &other) const {
  auto order = [](const auto &a, const auto &b) {
    return a < b ? -1 : a > b ? 1 : a == b ? 0 : 2;
  };
  if (isNumber() && other.isNumber())
    return isFloat() || other.isFloat() ? order(number(), other.number())
                                        : order(integer(), other.integer());
  // UTF-8 sorts as its code points do.
  if (isString() && other.isString())
    return order(string(), other.string());
  return 2;
}

/// Shortest form that reads back the same, always with a point or an exponent.
static std::string printFloat(double number) {
  if (std::isnan(number))
    return "nan";
  if (std::isinf(number))
    return number > 0 ? "inf" : "-inf";
  char text[40];
  double size = std::fabs(number);
  bool plain = size == 0 || (size >= 1e-4 && size < 1e16);
  auto result = std::to_chars(text, text + sizeof(text), number,
                              plain ? std::chars_format::fixed
                                    : std::chars_format::scientific);
  std::string printed(text, result.ptr);
  if (printed.find_first_of(".e") == printed.npos)
    printed += ".0";
  return printed;
}

std::string Value::print() const {
  if (isUndefined())
    return "";
  if (isString())
    return string();
  return repr();
}

static std::string quote(std::string_view text) {
  char mark =
      text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  std::string quoted(1, mark);
  for (char c : text) {
    char code[8];
    if (c == mark || c == '\\')
      quoted += '\\', quoted += c;
    else if (c == '\n')
      quoted += "\\n";
    else if (c == '\r')
      quoted += "\\r";
    else if (c == '\t')
      quoted += "\\t";
    else if (uint8_t(c) < 0x20 || c == 0x7F)
      std::snprintf(code, sizeof(code), "\\x%02x", c), quoted += code;
    else
      quoted += c;
  }
  return quoted + mark;
}

std::string Value::repr() const {
  if (isUndefined())
    return "Undefined";
  if (isNone())
    return "None";
  if (isBool())
    return integer() ? "True" : "False";
  if (isInt())
    return std::to_string(integer());
  if (isFloat())
    return printFloat(number());
  if (isString())
    return quote(string());
  std::string text;
  if (isList()) {
    for (const Value &item : list())
      text += (text.empty() ? "" : ", ") + item.repr();
    return "[" + text + "]";
  }
  if (isDict()) {
    for (const auto &[key, value] : dict().entries)
      text += (text.empty() ? "" : ", ") + quote(key) + ": " + value.repr();
    return "{" + text + "}";
  }
  return "<macro>";
}

static std::string jsonString(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    char code[8];
    switch (c) {
    case '"':
      quoted += "\\\"";
      break;
    case '\\':
      quoted += "\\\\";
      break;
    case '\n':
      quoted += "\\n";
      break;
    case '\r':
      quoted += "\\r";
      break;
    case '\t':
      quoted += "\\t";
      break;
    case '\b':
      quoted += "\\b";
      break;
    case '\f':
      quoted += "\\f";
      break;
    default:
      if (uint8_t(c) < 0x20)
        std::snprintf(code, sizeof(code), "\\u%04x", c), quoted += code;
      else
        quoted += c;
    }
  }
  return quoted + "\"";
}

std::string Value::json(int indent, int depth) const {
  if (isNone() || isUndefined() || isMacro())
    return "null";
  if (isBool())
    return integer() ? "true" : "false";
  if (isString())
    return jsonString(string());
  if (isNumber())
    return repr();
  auto newLine = [&](int level) {
    return indent < 0 ? std::string()
                      : "\n" + std::string(size_t(indent * level), ' ');
  };
  std::string text;
  auto add = [&](const std::string &item) {
    text += (text.empty() ? ""
             : indent < 0 ? ", "
                          : ",") +
            newLine(depth + 1) + item;
  };
  if (isList()) {
    for (const Value &item : list())
      add(item.json(indent, depth + 1));
    return text.empty() ? "[]" : "[" + text + newLine(depth) + "]";
  }
  for (const auto &[key, value] : dict().entries)
    add(jsonString(key) + ": " + value.json(indent, depth + 1));
  return text.empty() ? "{}" : "{" + text + newLine(depth) + "}";
}

} // namespace terrazzo::text::jinja
