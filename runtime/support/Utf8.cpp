// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Utf8.h.
#include "support/Utf8.h"

namespace terrazzo {

/// Number of bytes that a sequence with this first byte has; 0 for bytes that
/// begin none.
static uint32_t sequenceLength(uint8_t first) {
  if (first < 0x80)
    return 1;
  if (first >= 0xC2 && first <= 0xDF)
    return 2;
  if (first >= 0xE0 && first <= 0xEF)
    return 3;
  if (first >= 0xF0 && first <= 0xF4)
    return 4;
  return 0;
}

/// Whether `second` may follow `first` (which excludes overlong forms,
/// surrogates and code points out of range).
static bool secondAllowed(uint8_t first, uint8_t second) {
  uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  return second >= low && second <= high;
}

Utf8Char decodeUtf8(std::string_view text) {
  if (text.empty())
    return {};
  uint8_t first = uint8_t(text[0]);
  uint32_t length = sequenceLength(first);
  if (length == 1)
    return {first, 1};
  if (length == 0 || text.size() < length ||
      !secondAllowed(first, uint8_t(text[1])))
    return {};
  uint32_t code = first & (0xFF >> (length + 1));
  for (uint32_t i = 1; i < length; ++i) {
    uint8_t byte = uint8_t(text[i]);
    if ((byte & 0xC0) != 0x80)
      return {};
    code = code << 6 | (byte & 0x3F);
  }
  return {code, length};
}

void appendUtf8(std::string &text, uint32_t code) {
  if (code < 0x80) {
    text += char(code);
  } else if (code < 0x800) {
    text += char(0xC0 | code >> 6);
    text += char(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    text += char(0xE0 | code >> 12);
    text += char(0x80 | (code >> 6 & 0x3F));
    text += char(0x80 | (code & 0x3F));
  } else {
    text += char(0xF0 | code >> 18);
    text += char(0x80 | (code >> 12 & 0x3F));
    text += char(0x80 | (code >> 6 & 0x3F));
    text += char(0x80 | (code & 0x3F));
  }
}

bool isUtf8(std::string_view text) {
  while (!text.empty()) {
    Utf8Char character = decodeUtf8(text);
    if (!character.length)
      return false;
    text.remove_prefix(character.length);
  }
  return true;
}

std::string repairUtf8(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size());
  while (!text.empty()) {
    Utf8Char character = decodeUtf8(text);
    if (character.length)
      repaired.append(text.substr(0, character.length));
    else
      repaired += "\xEF\xBF\xBD";
    text.remove_prefix(character.length ? character.length : 1);
  }
  return repaired;
}

size_t completeUtf8Prefix(std::string_view text) {
  // An unfinished sequence is at most three bytes long.
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    std::string_view tail = text.substr(text.size() - back);
    uint8_t first = uint8_t(tail[0]);
    if ((first & 0xC0) == 0x80)
      continue;
    bool open = sequenceLength(first) > back &&
                (back < 2 || secondAllowed(first, uint8_t(tail[1])));
    return open ? text.size() - back : text.size();
  }
  return text.size();
}

} // namespace terrazzo
