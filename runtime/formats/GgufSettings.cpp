// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "formats/GgufSettings.h"
#include "formats/Hash.h"

#include <algorithm>
#include <cstdio>

namespace terrazzo::formats {

namespace {

constexpr std::string_view separator = " = ";

/// As many digits as tell any two values of the type apart.
std::string digits(double value, GgufType type) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.*g", type == GgufType::Float32 ? 9 : 17,
                value);
  return text;
}

/// What a terminal may show; other bytes as \\x and two digits.
std::string printable(std::string_view raw) {
  std::string text;
  for (char c : raw) {
    char code[8];
    std::snprintf(code, sizeof(code), "\\x%02x", unsigned(uint8_t(c)));
    text += c >= ' ' && c <= '~' && c != '\\' ? std::string(1, c) : code;
  }
  return text;
}

std::string textOf(const GgufArray &array) {
  std::string text;
  constexpr uint64_t longest = 8;
  bool plain = ggufTypeSize(array.elementType) != 0;
  if (plain && array.count <= longest) {
    for (uint64_t i = 0; i < array.count; ++i)
      text += (i ? ", " : "") + digits(array.number(i), array.elementType);
    return "[" + text + "]";
  }
  if (plain)
    for (uint64_t i = 0; i < array.count; ++i)
      text += digits(array.number(i), array.elementType) + ",";
  else if (array.elementType == GgufType::String)
    array.forEachString([&](std::string_view element) {
      text += std::to_string(element.size()) + ":";
      text += element;
    });
  return std::to_string(array.count) + " elements of hash " +
         hash128(text.data(), text.size()).hex();
}

std::string textOf(const GgufValue &value) {
  switch (value.type) {
  case GgufType::String:
    return "'" + printable(value.string()) + "'";
  case GgufType::Array:
    return textOf(value.array);
  case GgufType::Bool:
    return value.boolean() ? "true" : "false";
  case GgufType::Float32:
  case GgufType::Float64:
    return digits(value.number(), value.type);
  default:
    return value.fitsUnsigned() ? std::to_string(value.unsignedInteger())
                                : std::to_string(value.integer());
  }
}

std::string keyOf(const std::string &line) {
  return line.substr(0, line.find(separator));
}

std::string valueOf(const std::string &line) {
  size_t at = line.find(separator);
  return at == std::string::npos ? line : line.substr(at + separator.size());
}

} // namespace

std::vector<std::string> settingsOf(const ModelFile &file) {
  auto architecture = file.getString("general.architecture");
  if (!architecture)
    return {};
  std::string prefix = std::string(*architecture) + ".";
  std::vector<std::string> lines;
  for (const GgufValue &value : file.metadata())
    if (value.key == "general.architecture" || value.key.starts_with(prefix))
      lines.push_back(printable(value.key) + std::string(separator) +
                      textOf(value));
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string differenceOfSettings(const std::vector<std::string> &first,
                                 const std::string &here,
                                 const std::vector<std::string> &second,
                                 const std::string &there) {
  auto find = [](const std::vector<std::string> &lines,
                 const std::string &key) {
    for (const std::string &line : lines)
      if (keyOf(line) == key)
        return valueOf(line);
    return std::string("not given");
  };
  for (const auto *lines : {&first, &second})
    for (const std::string &line : *lines) {
      std::string key = keyOf(line), a = find(first, key),
                  b = find(second, key);
      if (a != b)
        return "'" + key + "' is " + a + " in " + here + " and " + b + " in " +
               there;
    }
  return {};
}

} // namespace terrazzo::formats
