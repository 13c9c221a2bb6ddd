// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What tokenizers do to a text's characters before they look for tokens.
#pragma once

#include "support/Utf8.h"

#include <string>
#include <string_view>

namespace terrazzo::text {

/// Every printable ASCII character that is no letter and no digit counts.
bool isPunctuation(uint32_t code);
/// Marks that take no room: Mn.
bool isMark(uint32_t code);

/// Each character as its small letter alone.
std::string lowered(std::string_view text);
std::string withoutMarks(std::string_view text);

/// BERT's (google-research/bert, tokenization.py).
struct BertCleaning {
  bool cleanText = true;    ///< without controls, all white space as spaces
  bool splitChinese = true; ///< spaces around each ideograph
  bool stripAccents = true;
  bool lowercase = true;
};
std::string cleaned(std::string_view text, const BertCleaning &cleaning);

/// `body(code, bytes)` for each character of valid UTF-8.
template <typename Body> void eachCharacter(std::string_view text, Body body) {
  while (!text.empty()) {
    Utf8Char c = decodeUtf8(text);
    size_t length = c.length ? c.length : 1;
    body(c.length ? c.code : 0xFFFD, text.substr(0, length));
    text.remove_prefix(length);
  }
}

} // namespace terrazzo::text
