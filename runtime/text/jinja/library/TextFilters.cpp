// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Filters that make strings.
#include "support/Utf8.h"
#include "text/jinja/Interpreter.h"
#include "text/jinja/values/Unicode.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace terrazzo::text::jinja {
namespace {

template <Case To> Value caseFilter(const Bound &bound) {
  return mapCase(*subjectText(bound.self), To);
}
Value capitalizeFilter(const Bound &bound) {
  return capitalize(*subjectText(bound.self));
}

/// Jinja's own: words begin behind white space and opening marks.
Value titleFilter(const Bound &bound) {
  TextPtr text = subjectText(bound.self);
  TextBuilder out;
  auto add = [&](size_t begin, size_t end) {
    if (begin == end)
      return;
    size_t first = begin + decodeUtf8(text->view().substr(begin)).length;
    out.add(*mapCase(*slice(*text, begin, first), Case::Upper));
    out.add(*mapCase(*slice(*text, first, end), Case::Lower));
  };
  size_t begin = 0, i = 0;
  bool inWord = true;
  while (i < text->bytes.size()) {
    Utf8Char c = decodeUtf8(text->view().substr(i));
    bool breaks =
        isSpace(c.code) ||
        (c.code < 0x80 && std::string_view("-({[<").find(char(c.code)) !=
                              std::string_view::npos);
    if (breaks == inWord) {
      add(begin, i);
      begin = i;
      inWord = !breaks;
    }
    i += c.length;
  }
  add(begin, i);
  return out.take();
}

Value trim(const Bound &bound) {
  return strip(*subjectText(bound.self), bound[0], true, true);
}

Value replaceFilter(const Bound &bound) {
  return replaced(*bound.self.printed(), *bound[0].printed(),
                  *bound[1].printed(),
                  bound.hasValue(2) ? bound.integer(2, -1) : -1);
}

Value stringFilter(const Bound &bound) {
  return bound.self.isText() ? bound.self : bound.self.printed();
}

Value safe(const Bound &bound) {
  TextBuilder out;
  bound.self.print(out);
  return out.take(true);
}
Value escapeFilter(const Bound &bound) {
  if (bound.self.isText() && bound.self.text().markup)
    return bound.self;
  return escaped(*bound.self.printed());
}
Value forceEscape(const Bound &bound) { return escaped(*bound.self.printed()); }

Value center(const Bound &bound) {
  Arguments arguments{{bound.has(0) ? bound[0] : Value(int64_t(80))}, {}};
  Value text = subjectText(bound.self);
  return bound.interpreter.call(methodOf(text, "center"), std::move(arguments));
}

Value indent(const Bound &bound) {
  if (!bound.self.isText())
    failRun("'indent' needs a string, not " + bound.self.kindName());
  TextPtr text = subjectText(bound.self);
  TextPtr margin = bound.has(0) && bound[0].isText()
                       ? bound[0].textPtr()
                       : repeated(*ownText(" "), bound.integer(0, 4));
  bool first = bound.flag(1), blank = bound.flag(2);
  TextBuilder whole;
  whole.add(*text).own("\n");
  List lines = splitLines(*whole.take(), false);
  TextBuilder out;
  if (first)
    out.add(*margin);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i)
      out.own("\n");
    if (i && (blank || !lines[i].text().bytes.empty()))
      out.add(*margin);
    out.add(lines[i].text());
  }
  return out.take();
}

Value truncate(const Bound &bound) {
  int64_t length = bound.integer(0, 255);
  TextPtr end =
      bound.has(2) ? (bound.text(2), bound[2].textPtr()) : ownText("...");
  int64_t endLength = lengthOf(Value(end));
  int64_t leeway = bound.hasValue(3) ? bound.integer(3, 5) : 5;
  if (length < endLength || leeway < 0)
    failRun("'truncate' has a length below its end's");
  int64_t size = lengthOf(bound.self);
  if (size >= 0 && size <= length + leeway)
    return bound.self;
  if (!bound.self.isText())
    failRun("'truncate' needs a string, not " + bound.self.kindName());
  TextPtr text = subjectText(bound.self);
  auto offsets = characterOffsets(text->bytes);
  size_t cut = offsets[size_t(length - endLength)];
  if (!bound.flag(1))
    if (size_t space = text->view().substr(0, cut).rfind(' ');
        space != std::string_view::npos)
      cut = space;
  return TextBuilder().add(*text, 0, cut).add(*end).take();
}

Value wordCount(const Bound &bound) {
  TextPtr text = subjectText(bound.self);
  int64_t words = 0;
  bool inWord = false;
  for (size_t i = 0; i < text->bytes.size();) {
    Utf8Char c = decodeUtf8(text->view().substr(i));
    bool word = isAlnum(c.code) || c.code == '_';
    words += word && !inWord;
    inWord = word;
    i += std::max<size_t>(c.length, 1);
  }
  return words;
}

Value format(const Bound &bound) {
  TextPtr text = subjectText(bound.self);
  if (!bound.all.positional.empty() && !bound.all.named.empty())
    failRun("'format' takes values or named values, not both");
  Value values = Value::tuple(bound.all.positional);
  if (!bound.all.named.empty()) {
    Dict dict;
    for (const auto &[name, value] : bound.all.named)
      dict.set(name, value);
    values = std::make_shared<const Dict>(std::move(dict));
  }
  return formatPercent(bound.interpreter, *text, values);
}

void quoteUrl(const Text &text, std::string_view kept, TextBuilder &out) {
  for (size_t i = 0; i < text.bytes.size(); ++i) {
    uint8_t c = uint8_t(text.bytes[i]);
    bool plain = (c < 0x80 && std::isalnum(c)) ||
                 std::string_view("_.-~").find(char(c)) != kept.npos ||
                 kept.find(char(c)) != kept.npos;
    char code[8];
    std::snprintf(code, sizeof(code), "%%%02X", c);
    if (plain)
      out.add(text, i, i + 1);
    else if (c == ' ' && kept.empty())
      out.add("+", text.isForeign(i));
    else
      out.add(code, text.isForeign(i));
  }
}

Value urlEncode(const Bound &bound) {
  TextBuilder out;
  if (bound.self.isText() || !canWalk(bound.self)) {
    quoteUrl(*bound.self.printed(), "/", out);
    return out.take();
  }
  List pairs;
  if (bound.self.isDict()) {
    for (const auto &[key, value] : bound.self.dict().entries)
      pairs.push_back(Value::tuple({key, value}));
  } else {
    pairs = drain(bound.self);
  }
  for (size_t i = 0; i < pairs.size(); ++i) {
    List pair = drain(pairs[i]);
    if (pair.size() != 2)
      failRun("'urlencode' needs pairs");
    if (i)
      out.own("&");
    quoteUrl(*pair[0].printed(), "", out);
    out.own("=");
    quoteUrl(*pair[1].printed(), "", out);
  }
  return out.take();
}

Value toJsonFilter(const Bound &bound) {
  JsonStyle style;
  style.ascii = bound.flag(0);
  style.lines = bound.hasValue(1);
  style.itemSeparator = ownText(style.lines ? "," : ", ");
  style.keySeparator = ownText(": ");
  if (style.lines && bound[1].isText())
    style.indent = bound[1].text().bytes;
  else if (style.lines)
    style.indent = repeated(*ownText(" "), integerOf(bound[1]))->bytes;
  if (bound.hasValue(2)) {
    List both = drain(bound[2]);
    if (both.size() != 2 || !both[0].isText() || !both[1].isText())
      failRun("'tojson' needs two separators");
    style.itemSeparator = both[0].textPtr();
    style.keySeparator = both[1].textPtr();
  }
  style.sortKeys = bound.flag(3);
  return toJson(bound.self, style);
}

Value join(const Bound &bound) {
  Cursor next = walk(bound.self);
  TextPtr separator = bound.has(0) ? bound[0].printed() : ownText("");
  TextBuilder out;
  bool first = true;
  for (Value item; next(item);) {
    bound.interpreter.step();
    if (!std::exchange(first, false))
      out.add(*separator);
    if (bound.hasValue(1))
      item = attributePath(bound.interpreter, item, bound[1]);
    item.print(out);
  }
  return out.take();
}

constexpr Entry filters[] = {
    {"upper", "", caseFilter<Case::Upper>},
    {"lower", "", caseFilter<Case::Lower>},
    {"capitalize", "", capitalizeFilter},
    {"title", "", titleFilter},
    {"trim", "chars=", trim},
    {"replace", "old new count=", replaceFilter},
    {"string", "", stringFilter},
    {"safe", "", safe},
    {"e", "", escapeFilter},
    {"escape", "", escapeFilter},
    {"forceescape", "", forceEscape},
    {"center", "width=", center},
    {"indent", "width= first= blank=", indent},
    {"truncate", "length= killwords= end= leeway=", truncate},
    {"wordcount", "", wordCount},
    {"format", "*", format},
    {"urlencode", "", urlEncode},
    {"tojson", "ensure_ascii= indent= separators= sort_keys=", toJsonFilter},
    {"join", "d= attribute=", join},
};

} // namespace

Table textFilters() { return filters; }

} // namespace terrazzo::text::jinja
