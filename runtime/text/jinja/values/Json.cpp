// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values as Python's json.dumps writes them.
#include "support/Utf8.h"
#include "text/jinja/values/Value.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace terrazzo::text::jinja {
namespace {

class Writer {
public:
  Writer(const JsonStyle &style, TextBuilder &out) : style(style), out(out) {}

  void value(const Value &value, int depth) {
    if (value.isText())
      string(value.text());
    else if (value.isSequence() && !value.sequence().isView() &&
             value.sequence().kind != Sequence::Kind::Range)
      list(value.sequence().items, depth);
    else if (value.isDict())
      mapping(value.dict(), depth);
    else
      out.own(scalar(value));
  }

private:
  static std::string scalar(const Value &value) {
    if (value.isNone())
      return "null";
    if (value.isBool())
      return value.integer() ? "true" : "false";
    if (value.isFloat() && std::isnan(value.number()))
      return "NaN";
    if (value.isFloat() && std::isinf(value.number()))
      return value.number() > 0 ? "Infinity" : "-Infinity";
    if (value.isNumber() || value.isBig())
      return value.printed()->bytes;
    failRun(value.kindName() + " cannot be written as JSON");
  }

  void escaped(uint32_t unit, bool foreign) {
    char code[sizeof("\\u") + 8];
    std::snprintf(code, sizeof(code), "\\u%04x", unit);
    out.add(code, foreign);
  }

  void string(const Text &text) {
    static constexpr std::string_view marks = "\"\\\n\r\t\b\f";
    static constexpr std::string_view letters = "\"\\nrtbf";
    out.own("\"");
    for (size_t i = 0; i < text.bytes.size();) {
      Utf8Char c = decodeUtf8(text.view().substr(i));
      size_t length = std::max<size_t>(c.length, 1);
      bool foreign = text.isForeign(i);
      size_t known = c.code < 0x80 ? marks.find(char(c.code)) : marks.npos;
      if (known != marks.npos)
        out.add("\\", foreign).add(letters.substr(known, 1), foreign);
      else if (c.code < 0x20 || (style.ascii && c.code > 0x7E)) {
        if (c.code >= 0x10000) {
          escaped(0xD800 + ((c.code - 0x10000) >> 10), foreign);
          escaped(0xDC00 + (c.code & 0x3FF), foreign);
        } else {
          escaped(c.code, foreign);
        }
      } else
        out.add(text, i, i + length);
      i += length;
    }
    out.own("\"");
  }

  void newLine(int depth) {
    if (!style.lines)
      return;
    out.own("\n");
    for (int i = 0; i < depth; ++i)
      out.own(style.indent);
  }

  void separate(bool &first, int depth) {
    if (!std::exchange(first, false))
      out.add(*style.itemSeparator);
    newLine(depth);
  }

  void list(const List &items, int depth) {
    if (items.empty())
      return void(out.own("[]"));
    out.own("[");
    bool first = true;
    for (const Value &item : items) {
      separate(first, depth + 1);
      value(item, depth + 1);
    }
    newLine(depth);
    out.own("]");
  }

  void mapping(const Dict &dict, int depth) {
    if (dict.entries.empty())
      return void(out.own("{}"));
    auto entries = dict.entries;
    if (style.sortKeys)
      std::sort(
          entries.begin(), entries.end(),
          [](const auto &a, const auto &b) { return a.first.less(b.first); });
    out.own("{");
    bool first = true;
    for (const auto &[key, item] : entries) {
      separate(first, depth + 1);
      if (key.isText())
        string(key.text());
      else
        out.own("\"" + scalar(key) + "\"");
      out.add(*style.keySeparator);
      value(item, depth + 1);
    }
    newLine(depth);
    out.own("}");
  }

  const JsonStyle &style;
  TextBuilder &out;
};

} // namespace

TextPtr toJson(const Value &value, const JsonStyle &style) {
  TextBuilder out;
  Writer(style, out).value(value, 0);
  return out.take();
}

} // namespace terrazzo::text::jinja
