// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Unicode.h. Categories and simple mappings are libutf8proc's.
#include "text/jinja/values/Unicode.h"

#include "support/Utf8.h"
#include "text/UnicodeClasses.h"
#include "text/jinja/values/UnicodeTables.h"

#include <algorithm>
#include <utf8proc.h>

namespace terrazzo::text::jinja {

static bool within(const CodeRange *ranges, size_t count, uint32_t code) {
  auto after = std::upper_bound(
      ranges, ranges + count, code,
      [](uint32_t c, const CodeRange &range) { return c < range.first; });
  return after != ranges && code <= after[-1].last;
}

static const char *special(const SpecialCase *cases, size_t count,
                           uint32_t code) {
  auto found = std::lower_bound(
      cases, cases + count, code,
      [](const SpecialCase &one, uint32_t c) { return one.code < c; });
  return found != cases + count && found->code == code ? found->text : nullptr;
}

static utf8proc_category_t category(uint32_t code) {
  return utf8proc_category(utf8proc_int32_t(code));
}

bool isSpace(uint32_t code) {
  return text::isSpace(code) || (code >= 0x1C && code <= 0x1F);
}

bool isPrintable(uint32_t code) {
  switch (category(code)) {
  case UTF8PROC_CATEGORY_CN:
  case UTF8PROC_CATEGORY_CC:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_CS:
  case UTF8PROC_CATEGORY_CO:
  case UTF8PROC_CATEGORY_ZL:
  case UTF8PROC_CATEGORY_ZP:
    return false;
  case UTF8PROC_CATEGORY_ZS:
    return code == ' ';
  default:
    return true;
  }
}

bool isAlpha(uint32_t code) {
  auto kind = category(code);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}
bool isDecimal(uint32_t code) { return category(code) == UTF8PROC_CATEGORY_ND; }
bool isDigit(uint32_t code) {
  return isDecimal(code) || within(digitBeside, digitBesideCount, code);
}
bool isNumeric(uint32_t code) {
  auto kind = category(code);
  return (kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO) ||
         within(numericBeside, numericBesideCount, code);
}
bool isLower(uint32_t code) {
  return category(code) == UTF8PROC_CATEGORY_LL ||
         within(lowerBeside, lowerBesideCount, code);
}
bool isUpper(uint32_t code) {
  return category(code) == UTF8PROC_CATEGORY_LU ||
         within(upperBeside, upperBesideCount, code);
}
bool isTitle(uint32_t code) { return category(code) == UTF8PROC_CATEGORY_LT; }

/// The digits of a script are ten neighbours.
int decimalValue(uint32_t code) {
  if (code < 0x80)
    return code >= '0' && code <= '9' ? int(code - '0') : -1;
  if (!isDecimal(code))
    return -1;
  // The mathematical digits are five such rows without a gap.
  if (code >= 0x1D7CE && code <= 0x1D7FF)
    return int((code - 0x1D7CE) % 10);
  uint32_t first = code;
  while (isDecimal(first - 1))
    --first;
  return int((code - first) % 10);
}

bool isIdentifierStart(uint32_t code) {
  return code == '_' || isAlpha(code) || category(code) == UTF8PROC_CATEGORY_NL;
}
bool isIdentifierPart(uint32_t code) {
  auto kind = category(code);
  return isIdentifierStart(code) || isDecimal(code) ||
         kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_MC ||
         kind == UTF8PROC_CATEGORY_PC;
}

static bool isCased(uint32_t code) {
  return isLower(code) || isUpper(code) || isTitle(code);
}

static bool isIgnorable(uint32_t code) {
  switch (category(code)) {
  case UTF8PROC_CATEGORY_MN:
  case UTF8PROC_CATEGORY_ME:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_SK:
    return true;
  default:
    return within(ignorableBeside, ignorableBesideCount, code);
  }
}

namespace {

struct Char {
  uint32_t code;
  size_t begin;
};

std::vector<Char> decode(const Text &text) {
  std::vector<Char> all;
  for (size_t i = 0; i < text.bytes.size();) {
    Utf8Char c = decodeUtf8(text.view().substr(i));
    all.push_back({c.code, i});
    i += std::max<size_t>(c.length, 1);
  }
  return all;
}

/// A sigma behind a cased character and before none.
bool endsWord(const std::vector<Char> &all, size_t at) {
  size_t before = at;
  while (before > 0 && isIgnorable(all[before - 1].code))
    --before;
  if (before == 0 || !isCased(all[before - 1].code))
    return false;
  size_t after = at + 1;
  while (after < all.size() && isIgnorable(all[after].code))
    ++after;
  return after == all.size() || !isCased(all[after].code);
}

std::string folded(uint32_t code) {
  utf8proc_int32_t codes[8];
  int last = 0;
  auto count = utf8proc_decompose_char(utf8proc_int32_t(code), codes, 8,
                                       UTF8PROC_CASEFOLD, &last);
  std::string result;
  for (utf8proc_ssize_t i = 0; i < count; ++i)
    appendUtf8(result, uint32_t(codes[i]));
  return result;
}

std::string mapped(const std::vector<Char> &all, size_t at, Case to) {
  uint32_t code = all[at].code;
  if (to == Case::Fold)
    return folded(code);
  if (to == Case::Swap)
    to = isUpper(code) ? Case::Lower : isLower(code) ? Case::Upper : Case::Swap;
  const char *several =
      to == Case::Upper   ? special(upperSpecial, upperSpecialCount, code)
      : to == Case::Title ? special(titleSpecial, titleSpecialCount, code)
      : to == Case::Lower && code == 0x130 ? "i\u0307"
                                           : nullptr;
  if (several)
    return several;
  auto plain = utf8proc_int32_t(code);
  if (to == Case::Lower && code == 0x3A3)
    plain = endsWord(all, at) ? 0x3C2 : 0x3C3;
  else if (to == Case::Lower)
    plain = utf8proc_tolower(plain);
  else if (to == Case::Upper)
    plain = utf8proc_toupper(plain);
  else if (to == Case::Title)
    plain = utf8proc_totitle(plain);
  std::string result;
  appendUtf8(result, uint32_t(plain));
  return result;
}

template <typename Choose> TextPtr mapEach(const Text &text, Choose choose) {
  std::vector<Char> all = decode(text);
  TextBuilder out;
  for (size_t i = 0; i < all.size(); ++i)
    out.add(mapped(all, i, choose(all, i)), text.isForeign(all[i].begin));
  return out.take();
}

} // namespace

TextPtr mapCase(const Text &text, Case to) {
  return mapEach(text, [to](const auto &, size_t) { return to; });
}

TextPtr capitalize(const Text &text) {
  return mapEach(text, [](const auto &, size_t i) {
    return i == 0 ? Case::Title : Case::Lower;
  });
}

TextPtr titleCase(const Text &text) {
  return mapEach(text, [](const auto &all, size_t i) {
    return i > 0 && isCased(all[i - 1].code) ? Case::Lower : Case::Title;
  });
}

} // namespace terrazzo::text::jinja
