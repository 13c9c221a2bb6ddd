// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See TextForms.h.
#include "text/tokenizers/TextForms.h"

#include "text/UnicodeClasses.h"
#include "text/tokenizers/UnicodeForms.h"

#include <utf8proc.h>

namespace terrazzo::text {

namespace {

/// What cleaning takes away.
bool isControl(uint32_t c) {
  if (c == '\t' || c == '\n' || c == '\r')
    return false;
  switch (utf8proc_category(int32_t(c))) {
  case UTF8PROC_CATEGORY_CC:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_CO:
    return true;
  default:
    return false;
  }
}

/// Ideographs, of which each is a word.
bool isChinese(uint32_t c) {
  static constexpr uint32_t ranges[][2] = {
      {0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF},
      {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF},
      {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F}};
  for (auto [first, last] : ranges)
    if (c >= first && c <= last)
      return true;
  return false;
}

} // namespace

bool isPunctuation(uint32_t c) {
  if (c < 0x80)
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') ||
           (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
  utf8proc_category_t category = utf8proc_category(int32_t(c));
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

bool isMark(uint32_t c) {
  return utf8proc_category(int32_t(c)) == UTF8PROC_CATEGORY_MN;
}

std::string withoutMarks(std::string_view text) {
  std::string result;
  eachCharacter(text, [&](uint32_t c, std::string_view bytes) {
    if (!isMark(c))
      result += bytes;
  });
  return result;
}

std::string lowered(std::string_view text) {
  constexpr uint32_t dottedCapitalI = 0x130, dotAbove = 0x307;
  std::string result;
  eachCharacter(text, [&](uint32_t c, std::string_view) {
    if (c == dottedCapitalI) {
      appendUtf8(result, 'i');
      appendUtf8(result, dotAbove);
    } else {
      appendUtf8(result, uint32_t(utf8proc_tolower(int32_t(c))));
    }
  });
  return result;
}

std::string cleaned(std::string_view text, const BertCleaning &cleaning) {
  std::string result;
  eachCharacter(text, [&](uint32_t c, std::string_view bytes) {
    if (cleaning.cleanText && (c == 0 || c == 0xFFFD || isControl(c)))
      return;
    bool apart = cleaning.splitChinese && isChinese(c);
    if (apart)
      result += ' ';
    if (cleaning.cleanText && isSpace(c))
      result += ' ';
    else
      result += bytes;
    if (apart)
      result += ' ';
  });
  if (cleaning.stripAccents)
    result = withoutMarks(decomposed(result));
  return cleaning.lowercase ? lowered(result) : result;
}

} // namespace terrazzo::text
