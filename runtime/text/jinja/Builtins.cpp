// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers that filters, tests, methods and the interpreter share.
#include "text/jinja/Builtins.h"

#include "support/Utf8.h"

#include <algorithm>

namespace terrazzo::text::jinja {

const Value *Arguments::find(size_t index, std::string_view name) const {
  if (index < positional.size())
    return &positional[index];
  for (const auto &[key, value] : named)
    if (key == name)
      return &value;
  return nullptr;
}

int64_t Arguments::integer(size_t index, std::string_view name,
                           int64_t otherwise) const {
  const Value *value = find(index, name);
  if (!value || value->isNone())
    return otherwise;
  if (!value->isInt() && !value->isBool())
    fail("TZ0213", line,
         "an integer was expected, not " + std::string(value->kindName()));
  return value->integer();
}

std::string Arguments::string(size_t index, std::string_view name,
                              std::string_view otherwise) const {
  const Value *value = find(index, name);
  if (!value || value->isNone())
    return std::string(otherwise);
  if (!value->isString())
    fail("TZ0213", line,
         "a string was expected, not " + std::string(value->kindName()));
  return value->string();
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    size_t length = std::max<size_t>(decodeUtf8(text).length, 1);
    result.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return result;
}

List itemsOf(const Value &value, int line) {
  if (value.isList())
    return value.list();
  List items;
  if (value.isDict()) {
    for (const auto &[key, item] : value.dict().entries)
      items.push_back(key);
  } else if (value.isString()) {
    for (std::string_view character : characters(value.string()))
      items.push_back(character);
  } else if (!value.isUndefined()) {
    fail("TZ0213", line,
         std::string(value.kindName()) + " cannot be walked item by item");
  }
  return items;
}

int64_t lengthOf(const Value &value, int line) {
  if (value.isString())
    return int64_t(characters(value.string()).size());
  if (value.isList())
    return int64_t(value.list().size());
  if (value.isDict())
    return int64_t(value.dict().entries.size());
  if (value.isUndefined())
    return 0;
  fail("TZ0213", line, std::string(value.kindName()) + " has no length");
}

bool contains(const Value &haystack, const Value &needle, int line) {
  if (haystack.isString()) {
    if (!needle.isString())
      fail("TZ0213", line,
           "'in' of a string needs a string, not " +
               std::string(needle.kindName()));
    return haystack.string().find(needle.string()) != std::string::npos;
  }
  if (haystack.isDict())
    return needle.isString() && haystack.dict().find(needle.string());
  if (haystack.isUndefined())
    return false;
  if (!haystack.isList())
    fail("TZ0213", line,
         "'in' does not work with " + std::string(haystack.kindName()));
  return std::any_of(haystack.list().begin(), haystack.list().end(),
                     [&](const Value &item) { return item.equals(needle); });
}

Value lookUp(const Value &value, const Value &key) {
  if (value.isDict() && key.isString()) {
    const Value *found = value.dict().find(key.string());
    return found ? *found : Value(Undefined{key.string()});
  }
  if (key.isInt() && (value.isList() || value.isString())) {
    int64_t index = key.integer();
    if (value.isList()) {
      int64_t size = int64_t(value.list().size());
      index += index < 0 ? size : 0;
      if (index >= 0 && index < size)
        return value.list()[size_t(index)];
    } else {
      auto all = characters(value.string());
      index += index < 0 ? int64_t(all.size()) : 0;
      if (index >= 0 && index < int64_t(all.size()))
        return all[size_t(index)];
    }
  }
  return Undefined{key.print()};
}

std::string strip(std::string_view text, std::string_view set, bool left,
                  bool right) {
  if (left)
    text.remove_prefix(std::min(text.find_first_not_of(set), text.size()));
  if (right)
    text = text.substr(0, text.find_last_not_of(set) + 1);
  return std::string(text);
}

} // namespace terrazzo::text::jinja
