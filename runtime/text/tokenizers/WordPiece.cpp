// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See WordPiece.h.
#include "text/tokenizers/WordPiece.h"

#include "support/Utf8.h"
#include "text/UnicodeClasses.h"
#include "text/tokenizers/UnicodeForms.h"

#include <utf8proc.h>

namespace terrazzo::text {

namespace {

constexpr std::string_view wordMark = "\xE2\x96\x81"; // U+2581

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

/// Every printable ASCII character that is no letter and no digit counts.
bool isPunctuation(uint32_t c) {
  if (c < 0x80)
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') ||
           (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
  utf8proc_category_t category = utf8proc_category(int32_t(c));
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
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

template <typename Body> void eachCharacter(std::string_view text, Body body) {
  while (!text.empty()) {
    Utf8Char c = decodeUtf8(text);
    size_t length = c.length ? c.length : 1;
    body(c.length ? c.code : 0xFFFD);
    text.remove_prefix(length);
  }
}

/// Canonical decomposition without the marks that take no room.
std::string withoutAccents(const std::string &text) {
  std::string result;
  eachCharacter(decomposed(text), [&](uint32_t c) {
    if (utf8proc_category(int32_t(c)) != UTF8PROC_CATEGORY_MN)
      appendUtf8(result, c);
  });
  return result;
}

std::string lowered(const std::string &text) {
  constexpr uint32_t dottedCapitalI = 0x130, dotAbove = 0x307;
  std::string result;
  eachCharacter(text, [&](uint32_t c) {
    if (c == dottedCapitalI) {
      appendUtf8(result, 'i');
      appendUtf8(result, dotAbove);
    } else {
      appendUtf8(result, uint32_t(utf8proc_tolower(int32_t(c))));
    }
  });
  return result;
}

} // namespace

Status WordPiece::load(const formats::ModelFile &file,
                       const Vocabulary &tokens) {
  vocabulary = &tokens;
  bool *flags[] = {&lowercase, &stripAccents, &cleanText, &splitChinese};
  const char *names[] = {"lowercase", "strip_accents", "clean_text",
                         "split_chinese"};
  for (size_t i = 0; i < std::size(flags); ++i) {
    Expected<bool> flag =
        file.getBool(std::string("tokenizer.wordpiece.") + names[i], true);
    if (!flag)
      return flag.takeError();
    *flags[i] = *flag;
  }
  Expected<uint64_t> longest =
      file.getUInt("tokenizer.wordpiece.longest_word", longestWord);
  Expected<uint64_t> id = file.getUInt("tokenizer.ggml.unknown_token_id", 100);
  if (!longest || !id)
    return !longest ? longest.takeError() : id.takeError();
  longestWord = *longest;
  if (*id >= tokens.size())
    return malformedVocabulary(
        file, "a WordPiece vocabulary needs a token for unknown words");
  unknown = TokenId(*id);
  return {};
}

std::string WordPiece::clean(std::string_view text) const {
  std::string result;
  eachCharacter(text, [&](uint32_t c) {
    if (cleanText && (c == 0 || c == 0xFFFD || isControl(c)))
      return;
    bool apart = splitChinese && isChinese(c);
    if (apart)
      result += ' ';
    if (cleanText && isSpace(c))
      result += ' ';
    else
      appendUtf8(result, c);
    if (apart)
      result += ' ';
  });
  if (stripAccents)
    result = withoutAccents(result);
  return lowercase ? lowered(result) : result;
}

void WordPiece::encode(std::string_view text, std::vector<TokenId> &ids) const {
  std::string cleaned = clean(text), word;
  auto endWord = [&] {
    if (!word.empty())
      encodeWord(word, ids);
    word.clear();
  };
  eachCharacter(cleaned, [&](uint32_t c) {
    bool alone = isPunctuation(c);
    if (alone || isSpace(c))
      endWord();
    if (!isSpace(c))
      appendUtf8(word, c);
    if (alone)
      endWord();
  });
  endWord();
}

void WordPiece::encodeWord(std::string_view word,
                           std::vector<TokenId> &ids) const {
  uint64_t characters = 0;
  eachCharacter(word, [&](uint32_t) { ++characters; });
  size_t before = ids.size();
  std::string piece;
  for (size_t begin = 0; begin < word.size();) {
    TokenId found = noToken;
    size_t end = word.size();
    for (; characters <= longestWord && end > begin; --end) {
      if (end < word.size() && (uint8_t(word[end]) & 0xC0) == 0x80)
        continue;
      piece = begin == 0 ? wordMark : std::string_view();
      piece += word.substr(begin, end - begin);
      // A mark of the text's own begins no word.
      if (begin > 0 && piece.starts_with(wordMark))
        continue;
      if (found = vocabulary->find(piece); found != noToken)
        break;
    }
    if (found == noToken) {
      ids.resize(before);
      ids.push_back(unknown);
      return;
    }
    ids.push_back(found);
    begin = end;
  }
}

void WordPiece::appendBytes(std::string_view piece, std::string &bytes) {
  if (piece.starts_with(wordMark)) {
    bytes += ' ';
    piece.remove_prefix(wordMark.size());
  }
  bytes += piece;
}

} // namespace terrazzo::text
