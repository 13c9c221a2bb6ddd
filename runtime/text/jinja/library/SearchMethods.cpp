// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Methods of strings that look for something, and those that take them apart.
#include "support/Utf8.h"
#include "text/jinja/Interpreter.h"
#include "text/jinja/values/Unicode.h"

#include <algorithm>

namespace terrazzo::text::jinja {
namespace {

/// The part of a string between two character places, as `find` takes them.
struct Range {
  std::vector<size_t> offsets;
  size_t begin = 0, end = 0; ///< in bytes
  bool sound = true;         ///< begins before it ends, within the string

  Range(const Bound &bound, size_t first)
      : offsets(characterOffsets(bound.self.text().bytes)) {
    int64_t size = int64_t(offsets.size()) - 1;
    auto place = [&](size_t i, int64_t otherwise) {
      int64_t index = bound.hasValue(i) ? integerOf(bound[i]) : otherwise;
      return index < 0 ? std::max<int64_t>(index + size, 0) : index;
    };
    int64_t from = place(first, 0);
    int64_t to = std::min(place(first + 1, size), size);
    sound = from <= to;
    begin = offsets[size_t(std::min(from, size))];
    end = std::max(begin, offsets[size_t(to)]);
  }
  int64_t characterAt(size_t byte) const {
    return std::lower_bound(offsets.begin(), offsets.end(), byte) -
           offsets.begin();
  }
};

int64_t findIn(const Bound &bound, bool last) {
  Range range(bound, 1);
  std::string_view wanted = bound.text(0).view();
  if (!range.sound)
    return -1;
  std::string_view part =
      bound.self.text().view().substr(range.begin, range.end - range.begin);
  size_t found = last ? part.rfind(wanted) : part.find(wanted);
  return found == part.npos ? -1 : range.characterAt(range.begin + found);
}

template <bool Last> Value find(const Bound &bound) {
  return findIn(bound, Last);
}
template <bool Last> Value index(const Bound &bound) {
  int64_t found = findIn(bound, Last);
  if (found < 0)
    failRun("the string does not hold what 'index' looks for");
  return found;
}

Value count(const Bound &bound) {
  Range range(bound, 1);
  std::string_view wanted = bound.text(0).view();
  if (!range.sound)
    return int64_t(0);
  if (wanted.empty())
    return range.characterAt(range.end) - range.characterAt(range.begin) + 1;
  std::string_view part =
      bound.self.text().view().substr(range.begin, range.end - range.begin);
  int64_t times = 0;
  for (size_t at = 0; (at = part.find(wanted, at)) != part.npos;
       at += wanted.size())
    ++times;
  return times;
}

template <bool Start> Value affix(const Bound &bound) {
  Range range(bound, 1);
  std::string_view part =
      bound.self.text().view().substr(range.begin, range.end - range.begin);
  List all;
  if (bound[0].isSequence() && bound[0].sequence().isTuple())
    all = bound[0].sequence().items;
  else
    all.push_back((bound.text(0), bound[0]));
  for (const Value &one : all) {
    if (!one.isText())
      failRun("a string was expected, not " + one.kindName());
    std::string_view wanted = one.text().view();
    if (range.sound &&
        (Start ? part.starts_with(wanted) : part.ends_with(wanted)))
      return true;
  }
  return false;
}

template <bool All, typename Holds> bool each(const Bound &bound, Holds holds) {
  std::string_view text = bound.self.text().view();
  for (size_t i = 0; i < text.size();) {
    Utf8Char c = decodeUtf8(text.substr(i));
    if (holds(c.code) != All)
      return !All;
    i += std::max<size_t>(c.length, 1);
  }
  return All;
}

template <bool (*Holds)(uint32_t), bool Empty> Value every(const Bound &bound) {
  return bound.self.text().bytes.empty() ? Empty : each<true>(bound, Holds);
}

bool isAscii(uint32_t code) { return code < 0x80; }
bool isAlnumCode(uint32_t code) { return isAlnum(code); }

Value isLowerText(const Bound &bound) {
  return each<false>(bound, isLower) && !each<false>(bound, [](uint32_t code) {
           return isUpper(code) || isTitle(code);
         });
}
Value isUpperText(const Bound &bound) {
  return each<false>(bound, isUpper) && !each<false>(bound, [](uint32_t code) {
           return isLower(code) || isTitle(code);
         });
}

Value isTitleText(const Bound &bound) {
  bool before = false, any = false;
  bool sound = each<true>(bound, [&](uint32_t code) {
    bool upper = isUpper(code) || isTitle(code), lower = isLower(code);
    if ((upper && before) || (lower && !before))
      return false;
    before = upper || lower;
    any = any || before;
    return true;
  });
  return sound && any;
}

Value isIdentifier(const Bound &bound) {
  const std::string &text = bound.self.text().bytes;
  if (!each<true>(bound, isAscii))
    failUnsupported("'isidentifier' beyond ASCII");
  return !text.empty() && isIdentifierStart(uint8_t(text[0])) &&
         each<true>(bound, isIdentifierPart);
}

Value notSupported(const Bound &) {
  failUnsupported("this method of a string");
}

constexpr Entry searches[] = {
    {"find", "/sub start= end=", find<false>},
    {"rfind", "/sub start= end=", find<true>},
    {"index", "/sub start= end=", index<false>},
    {"rindex", "/sub start= end=", index<true>},
    {"count", "/sub start= end=", count},
    {"startswith", "/prefix start= end=", affix<true>},
    {"endswith", "/suffix start= end=", affix<false>},
    {"encode", "*", notSupported},
    {"translate", "*", notSupported},
    {"maketrans", "*", notSupported},
};

constexpr Entry predicates[] = {
    {"isalnum", "", every<isAlnumCode, false>},
    {"isalpha", "", every<isAlpha, false>},
    {"isascii", "", every<isAscii, true>},
    {"isdecimal", "", every<isDecimal, false>},
    {"isdigit", "", every<isDigit, false>},
    {"isnumeric", "", every<isNumeric, false>},
    {"isprintable", "", every<isPrintable, true>},
    {"isspace", "", every<isSpace, false>},
    {"islower", "", isLowerText},
    {"isupper", "", isUpperText},
    {"istitle", "", isTitleText},
    {"isidentifier", "", isIdentifier},
};

} // namespace

Table searchMethods() { return searches; }
Table predicateMethods() { return predicates; }

} // namespace terrazzo::text::jinja
