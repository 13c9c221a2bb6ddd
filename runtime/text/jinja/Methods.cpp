// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Python's methods of strings and mappings that templates call. Case mapping
// is ASCII's.
#include "text/jinja/Builtins.h"

#include <algorithm>

namespace terrazzo::text::jinja {
namespace {

using Method = Value (*)(const Value &, const Arguments &);

const std::string &stringOf(const Value &value, const Arguments &arguments) {
  if (!value.isString())
    fail("TZ0213", arguments.line,
         "a method of strings was called on " + std::string(value.kindName()));
  return value.string();
}

const Dict &dictOf(const Value &value, const Arguments &arguments) {
  if (!value.isDict())
    fail("TZ0213", arguments.line,
         "a method of mappings was called on " + std::string(value.kindName()));
  return value.dict();
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; }
char upper(char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; }

std::string mapped(std::string text, char (*map)(char)) {
  std::transform(text.begin(), text.end(), text.begin(), map);
  return text;
}

template <bool Left, bool Right>
Value stripMethod(const Value &subject, const Arguments &arguments) {
  return strip(stringOf(subject, arguments),
               arguments.string(0, "chars", " \t\n\r\f\v"), Left, Right);
}

Value lowerMethod(const Value &subject, const Arguments &arguments) {
  return mapped(stringOf(subject, arguments), lower);
}
Value upperMethod(const Value &subject, const Arguments &arguments) {
  return mapped(stringOf(subject, arguments), upper);
}

Value capitalize(const Value &subject, const Arguments &arguments) {
  std::string text = mapped(stringOf(subject, arguments), lower);
  if (!text.empty())
    text[0] = upper(text[0]);
  return text;
}

Value title(const Value &subject, const Arguments &arguments) {
  std::string text = mapped(stringOf(subject, arguments), lower);
  bool inWord = false;
  for (char &c : text) {
    bool letter = (c >= 'a' && c <= 'z') || uint8_t(c) >= 0x80;
    if (letter && !inWord)
      c = upper(c);
    inWord = letter;
  }
  return text;
}

Value split(const Value &subject, const Arguments &arguments) {
  std::string_view text = stringOf(subject, arguments);
  std::string separator = arguments.string(0, "sep", "");
  int64_t most = arguments.integer(1, "maxsplit", -1);
  List parts;
  constexpr std::string_view blanks = " \t\n\r\f\v";
  if (const Value *given = arguments.find(0, "sep");
      given && given->isString() && separator.empty())
    fail("TZ0213", arguments.line, "the separator of split is empty");
  while (separator.empty()) {
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    if (text.empty())
      return parts;
    size_t end = most-- == 0 ? text.npos : text.find_first_of(blanks);
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end, text.size()));
  }
  size_t end;
  while (most-- != 0 && (end = text.find(separator)) != text.npos) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + separator.size());
  }
  parts.push_back(text);
  return parts;
}

Value replace(const Value &subject, const Arguments &arguments) {
  std::string_view text = stringOf(subject, arguments);
  std::string from = arguments.string(0, "old", "");
  std::string to = arguments.string(1, "new", "");
  int64_t most = arguments.integer(2, "count", -1);
  if (from.empty())
    failUnsupported(arguments.line, "replacing an empty string");
  std::string result;
  size_t found;
  while (most-- != 0 && (found = text.find(from)) != text.npos) {
    result.append(text.substr(0, found)).append(to);
    if (result.size() > largestSize)
      fail("TZ0213", arguments.line, "a string became too long");
    text.remove_prefix(found + from.size());
  }
  return result.append(text);
}

template <bool Start>
Value affix(const Value &subject, const Arguments &arguments) {
  const std::string &text = stringOf(subject, arguments);
  const Value *wanted = arguments.find(0, "prefix");
  if (!wanted)
    fail("TZ0213", arguments.line, "an argument is missing");
  List all = wanted->isList() ? wanted->list() : List{*wanted};
  for (const Value &one : all)
    if (one.isString() &&
        (Start ? text.starts_with(one.string()) : text.ends_with(one.string())))
      return true;
  return false;
}

template <bool Start>
Value removeAffix(const Value &subject, const Arguments &arguments) {
  std::string text = stringOf(subject, arguments);
  std::string cut = arguments.string(0, "prefix", "");
  if (Start ? text.starts_with(cut) : text.ends_with(cut))
    return Start ? text.substr(cut.size())
                 : text.substr(0, text.size() - cut.size());
  return text;
}

Value findMethod(const Value &subject, const Arguments &arguments) {
  const std::string &text = stringOf(subject, arguments);
  size_t found = text.find(arguments.string(0, "sub", ""));
  if (found == text.npos)
    return int64_t(-1);
  return int64_t(characters(std::string_view(text).substr(0, found)).size());
}

Value countMethod(const Value &subject, const Arguments &arguments) {
  std::string_view text = stringOf(subject, arguments);
  std::string wanted = arguments.string(0, "sub", "");
  if (wanted.empty())
    return lengthOf(subject, arguments.line) + 1;
  int64_t count = 0;
  for (size_t at = 0; (at = text.find(wanted, at)) != text.npos;
       at += wanted.size())
    ++count;
  return count;
}

Value joinMethod(const Value &subject, const Arguments &arguments) {
  const std::string &separator = stringOf(subject, arguments);
  const Value *items = arguments.find(0, "iterable");
  std::string text;
  bool first = true;
  for (const Value &item : itemsOf(items ? *items : Value(), arguments.line)) {
    text += (std::exchange(first, false) ? "" : separator) + item.print();
    if (text.size() > largestSize)
      fail("TZ0213", arguments.line, "a string became too long");
  }
  return text;
}

Value splitLines(const Value &subject, const Arguments &arguments) {
  std::string_view text = stringOf(subject, arguments);
  List lines;
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    lines.push_back(line);
  }
  return lines;
}

template <bool Keys, bool Values>
Value entries(const Value &subject, const Arguments &arguments) {
  List result;
  for (const auto &[key, value] : dictOf(subject, arguments).entries) {
    if (Keys && Values)
      result.push_back(List{key, value});
    else
      result.push_back(Keys ? Value(key) : value);
  }
  return result;
}

Value get(const Value &subject, const Arguments &arguments) {
  const Dict &dict = dictOf(subject, arguments);
  const Value *key = arguments.find(0, "key");
  const Value *found =
      key && key->isString() ? dict.find(key->string()) : nullptr;
  const Value *otherwise = arguments.find(1, "default");
  return found ? *found : otherwise ? *otherwise : Value(None{});
}

template <bool (*Is)(char)>
Value every(const Value &subject, const Arguments &arguments) {
  const std::string &text = stringOf(subject, arguments);
  return !text.empty() && std::all_of(text.begin(), text.end(), Is);
}
bool digit(char c) { return c >= '0' && c <= '9'; }
bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr std::pair<std::string_view, Method> methods[] = {
    {"strip", stripMethod<true, true>},
    {"lstrip", stripMethod<true, false>},
    {"rstrip", stripMethod<false, true>},
    {"lower", lowerMethod},
    {"upper", upperMethod},
    {"capitalize", capitalize},
    {"title", title},
    {"split", split},
    {"splitlines", splitLines},
    {"replace", replace},
    {"startswith", affix<true>},
    {"endswith", affix<false>},
    {"removeprefix", removeAffix<true>},
    {"removesuffix", removeAffix<false>},
    {"find", findMethod},
    {"count", countMethod},
    {"join", joinMethod},
    {"isdigit", every<digit>},
    {"isspace", every<blank>},
    {"items", entries<true, true>},
    {"keys", entries<true, false>},
    {"values", entries<false, true>},
    {"get", get},
};

Method findMethodByName(std::string_view name) {
  for (const auto &[known, method] : methods)
    if (known == name)
      return method;
  return nullptr;
}

} // namespace

bool isMethod(std::string_view name) { return findMethodByName(name); }

Value callMethod(std::string_view name, const Value &subject,
                 const Arguments &arguments) {
  return findMethodByName(name)(subject, arguments);
}

} // namespace terrazzo::text::jinja
