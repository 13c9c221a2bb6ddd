// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Methods of strings that take them apart or put them together.
#include "support/Utf8.h"
#include "text/jinja/Interpreter.h"
#include "text/jinja/values/Unicode.h"

#include <algorithm>

namespace terrazzo::text::jinja {
namespace {

/// Words: runs without white space, as byte ranges.
std::vector<TextSpan> wordsOf(const Text &text) {
  std::vector<TextSpan> words;
  bool inWord = false;
  for (size_t i = 0; i < text.bytes.size();) {
    Utf8Char c = decodeUtf8(text.view().substr(i));
    size_t end = i + std::max<size_t>(c.length, 1);
    bool space = isSpace(c.code);
    if (!space && !inWord)
      words.push_back({i, end});
    else if (!space)
      words.back().end = end;
    inWord = !space;
    i = end;
  }
  return words;
}

/// At most `most` cuts (any number below 0), from the right or the left; what
/// is left whole keeps the white space inside of it and at its far end.
List splitWords(const Text &text, int64_t most, bool right) {
  std::vector<TextSpan> words = wordsOf(text);
  size_t count = words.size();
  bool limited = most >= 0 && uint64_t(most) < count;
  size_t first = 0, last = count;
  List parts;
  if (limited && right)
    first = count - size_t(most);
  if (limited && !right)
    last = size_t(most);
  if (first > 0)
    parts.push_back(slice(text, 0, words[first - 1].end));
  for (size_t i = first; i < last; ++i)
    parts.push_back(slice(text, words[i].begin, words[i].end));
  if (last < count)
    parts.push_back(slice(text, words[last].begin, text.bytes.size()));
  return parts;
}

List splitAt(const Text &text, const Text &separator, int64_t most,
             bool right) {
  if (separator.bytes.empty())
    failRun("the separator of a split is empty");
  std::vector<TextSpan> found;
  const std::string &bytes = text.bytes, &cut = separator.bytes;
  if (right) {
    size_t end = bytes.size();
    while (most-- != 0 && end >= cut.size()) {
      size_t at = bytes.rfind(cut, end - cut.size());
      if (at == bytes.npos)
        break;
      found.push_back({at, at + cut.size()});
      end = at;
    }
    std::reverse(found.begin(), found.end());
  } else {
    for (size_t at = 0; most-- != 0 && (at = bytes.find(cut, at)) != bytes.npos;
         at += cut.size())
      found.push_back({at, at + cut.size()});
  }
  List parts;
  size_t begin = 0;
  for (const TextSpan &span : found) {
    parts.push_back(slice(text, begin, span.begin));
    begin = span.end;
  }
  parts.push_back(slice(text, begin, bytes.size()));
  return parts;
}

template <bool Right> Value split(const Bound &bound) {
  int64_t most = bound.integer(1, -1);
  if (!bound.hasValue(0))
    return splitWords(bound.self.text(), most, Right);
  return splitAt(bound.self.text(), bound.text(0), most, Right);
}

Value splitLinesMethod(const Bound &bound) {
  return splitLines(bound.self.text(), bound.flag(0));
}

template <bool Right> Value partition(const Bound &bound) {
  const Text &text = bound.self.text(), &separator = bound.text(0);
  if (separator.bytes.empty())
    failRun("the separator of a partition is empty");
  size_t size = text.bytes.size();
  size_t at = Right ? text.bytes.rfind(separator.bytes)
                    : text.bytes.find(separator.bytes);
  if (at == std::string::npos) {
    Value whole = slice(text, 0, size);
    return Right ? Value::tuple({"", "", whole})
                 : Value::tuple({whole, "", ""});
  }
  size_t end = at + separator.bytes.size();
  return Value::tuple(
      {slice(text, 0, at), bound[0].textPtr(), slice(text, end, size)});
}

Value join(const Bound &bound) {
  std::vector<TextPtr> parts;
  Cursor next = walk(bound[0]);
  for (Value item; next(item);) {
    bound.interpreter.step();
    if (!item.isText())
      failRun("'join' needs strings, not " + item.kindName());
    parts.push_back(item.textPtr());
  }
  return joined(bound.self.text(), parts);
}

constexpr Entry methods[] = {
    {"split", "sep= maxsplit=", split<false>},
    {"rsplit", "sep= maxsplit=", split<true>},
    {"splitlines", "keepends=", splitLinesMethod},
    {"partition", "/sep", partition<false>},
    {"rpartition", "/sep", partition<true>},
    {"join", "/iterable", join},
};

} // namespace

Table splitMethods() { return methods; }

} // namespace terrazzo::text::jinja
