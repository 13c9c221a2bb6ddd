// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations on strings that filters and methods share.
#include "support/Utf8.h"
#include "text/jinja/library/Library.h"
#include "text/jinja/values/Unicode.h"

#include <algorithm>

namespace terrazzo::text::jinja {

std::vector<size_t> characterOffsets(std::string_view text) {
  std::vector<size_t> offsets;
  for (size_t i = 0; i < text.size(); ++i)
    if ((uint8_t(text[i]) & 0xC0) != 0x80)
      offsets.push_back(i);
  offsets.push_back(text.size());
  return offsets;
}

TextPtr subjectText(const Value &value) {
  if (value.isText() && value.text().markup)
    failUnsupported("working on escaped text");
  return value.printed();
}

TextPtr strip(const Text &text, const Value &characters, bool left,
              bool right) {
  if (!characters.isMissing() && !characters.isNone() && !characters.isText())
    failRun("a string was expected, not " + characters.kindName());
  auto drops = [&](size_t begin, size_t end) {
    std::string_view one = text.view().substr(begin, end - begin);
    if (characters.isText())
      return characters.text().view().find(one) != std::string_view::npos;
    return isSpace(decodeUtf8(one).code);
  };
  std::vector<size_t> offsets = characterOffsets(text.bytes);
  size_t begin = 0, end = offsets.size() - 1;
  while (left && begin < end && drops(offsets[begin], offsets[begin + 1]))
    ++begin;
  while (right && begin < end && drops(offsets[end - 1], offsets[end]))
    --end;
  return slice(text, offsets[begin], offsets[end]);
}

/// Replacing nothing puts `to` before each character and at the end.
static TextPtr interleaved(const Text &text, const Text &to, int64_t count) {
  std::vector<size_t> offsets = characterOffsets(text.bytes);
  TextBuilder out;
  for (size_t i = 0; i < offsets.size(); ++i) {
    if (count-- != 0)
      out.add(to);
    else
      count = 0;
    if (i + 1 < offsets.size())
      out.add(text, offsets[i], offsets[i + 1]);
  }
  return out.take();
}

TextPtr replaced(const Text &text, const Text &from, const Text &to,
                 int64_t count) {
  if (from.bytes.empty())
    return interleaved(text, to, count);
  TextBuilder out;
  size_t begin = 0, found;
  while (count-- != 0 &&
         (found = text.bytes.find(from.bytes, begin)) != std::string::npos) {
    out.add(text, begin, found).add(to);
    begin = found + from.bytes.size();
  }
  return out.add(text, begin, text.bytes.size()).take();
}

static bool isLineEnd(uint32_t code) {
  return (code >= 0xA && code <= 0xD) || (code >= 0x1C && code <= 0x1E) ||
         code == 0x85 || code == 0x2028 || code == 0x2029;
}

List splitLines(const Text &text, bool keepEnds) {
  List lines;
  size_t begin = 0;
  for (size_t i = 0; i < text.bytes.size();) {
    Utf8Char c = decodeUtf8(text.view().substr(i));
    size_t end = i + std::max<size_t>(c.length, 1);
    if (isLineEnd(c.code)) {
      if (c.code == '\r' && end < text.bytes.size() && text.bytes[end] == '\n')
        ++end;
      lines.push_back(slice(text, begin, keepEnds ? end : i));
      begin = end;
    }
    i = end;
  }
  if (begin < text.bytes.size())
    lines.push_back(slice(text, begin, text.bytes.size()));
  return lines;
}

TextPtr joined(const Text &separator, const std::vector<TextPtr> &parts) {
  TextBuilder out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i)
      out.add(separator);
    out.add(*parts[i]);
  }
  return out.take();
}

TextPtr repeated(const Text &text, int64_t count) {
  TextBuilder out;
  if (!text.bytes.empty() && count > 0) {
    if (uint64_t(count) > largestSize / text.bytes.size())
      failRun("a string became too long");
    if (text.foreign.empty() && text.bytes.size() == 1)
      out.own(std::string(size_t(count), text.bytes[0]));
    else
      for (int64_t i = 0; i < count; ++i)
        out.add(text);
  }
  return out.take(text.markup);
}

TextPtr escaped(const Text &text) {
  TextBuilder out;
  for (size_t i = 0; i < text.bytes.size(); ++i) {
    const char *code = nullptr;
    switch (text.bytes[i]) {
    case '&':
      code = "&amp;";
      break;
    case '<':
      code = "&lt;";
      break;
    case '>':
      code = "&gt;";
      break;
    case '\'':
      code = "&#39;";
      break;
    case '"':
      code = "&#34;";
      break;
    default:
      out.add(text, i, i + 1);
      continue;
    }
    out.add(code, text.isForeign(i));
  }
  return out.take(true);
}

} // namespace terrazzo::text::jinja
