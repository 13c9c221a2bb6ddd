// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values as Python's str() and repr() print them.
#include "support/Utf8.h"
#include "text/jinja/values/Unicode.h"
#include "text/jinja/values/Value.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace terrazzo::text::jinja {

std::string printFloat(double number) {
  if (std::isnan(number))
    return "nan";
  if (std::isinf(number))
    return number > 0 ? "inf" : "-inf";
  char text[400];
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

void Value::print(TextBuilder &out) const {
  if (isUndefined() || isMissing())
    return;
  if (isText())
    out.add(text());
  else
    repr(out);
}

TextPtr Value::printed() const {
  if (isText() && !text().markup)
    return textPtr();
  TextBuilder out;
  print(out);
  return out.take();
}

static void quote(const Text &text, TextBuilder &out) {
  const std::string &bytes = text.bytes;
  bool single = bytes.find('\'') != bytes.npos;
  char mark = single && bytes.find('"') == bytes.npos ? '"' : '\'';
  out.own(std::string_view(&mark, 1));
  auto plain = [&](size_t i) {
    return i < bytes.size() && bytes[i] >= ' ' && bytes[i] < 0x7F &&
           bytes[i] != mark && bytes[i] != '\\';
  };
  for (size_t i = 0; i < bytes.size();) {
    size_t run = i;
    while (plain(run))
      ++run;
    if (run > i) {
      out.add(text, i, run);
      i = run;
      continue;
    }
    Utf8Char c = decodeUtf8(text.view().substr(i));
    size_t length = std::max<size_t>(c.length, 1);
    char code[16] = "";
    if (c.code == uint32_t(mark) || c.code == '\\')
      std::snprintf(code, sizeof(code), "\\%c", char(c.code));
    else if (c.code == '\n' || c.code == '\r' || c.code == '\t')
      std::snprintf(code, sizeof(code), "\\%c",
                    c.code == '\n'   ? 'n'
                    : c.code == '\r' ? 'r'
                                     : 't');
    else if (!isPrintable(c.code))
      std::snprintf(code, sizeof(code),
                    c.code < 0x100     ? "\\x%02x"
                    : c.code < 0x10000 ? "\\u%04x"
                                       : "\\U%08x",
                    unsigned(c.code));
    if (code[0])
      out.add(code, text.isForeign(i));
    else
      out.add(text, i, i + length);
    i += length;
  }
  out.own(std::string_view(&mark, 1));
}

static void reprItems(const List &items, TextBuilder &out) {
  bool first = true;
  for (const Value &item : items) {
    if (!std::exchange(first, false))
      out.own(", ");
    item.repr(out);
  }
}

static void reprSequence(const Sequence &sequence, TextBuilder &out) {
  switch (sequence.kind) {
  case Sequence::Kind::List:
    out.own("[");
    reprItems(sequence.items, out);
    out.own("]");
    return;
  case Sequence::Kind::Tuple:
  case Sequence::Kind::Group:
    out.own("(");
    reprItems(sequence.items, out);
    out.own(sequence.items.size() == 1 ? ",)" : ")");
    return;
  case Sequence::Kind::Range:
    out.own("range(" + std::to_string(sequence.start) + ", " +
            std::to_string(sequence.stop) +
            (sequence.step != 1 ? ", " + std::to_string(sequence.step) : "") +
            ")");
    return;
  case Sequence::Kind::Keys:
    out.own("dict_keys([");
    break;
  case Sequence::Kind::Values:
    out.own("dict_values([");
    break;
  case Sequence::Kind::Items:
    out.own("dict_items([");
    break;
  }
  reprItems(sequence.items, out);
  out.own("])");
}

void Value::repr(TextBuilder &out) const {
  if (isUndefined() || isMissing())
    out.own("Undefined");
  else if (isNone())
    out.own("None");
  else if (isBool())
    out.own(integer() ? "True" : "False");
  else if (isInt())
    out.own(std::to_string(integer()));
  else if (isBig())
    out.own(bigDigits());
  else if (isFloat())
    out.own(printFloat(number()));
  else if (isText()) {
    if (text().markup)
      out.own("Markup(");
    quote(text(), out);
    if (text().markup)
      out.own(")");
  } else if (isSequence())
    reprSequence(sequence(), out);
  else if (isDict()) {
    out.own("{");
    bool first = true;
    for (const auto &[key, value] : dict().entries) {
      if (!std::exchange(first, false))
        out.own(", ");
      key.repr(out);
      out.own(": ");
      value.repr(out);
    }
    out.own("}");
  } else
    object().repr(out);
}

} // namespace terrazzo::text::jinja
