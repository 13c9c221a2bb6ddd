// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See LongestPieces.h.
#include "text/tokenizers/LongestPieces.h"

#include "text/tokenizers/TextForms.h"

namespace terrazzo::text {

void LongestPieces::encode(std::string_view word,
                           std::vector<TokenId> &ids) const {
  uint64_t characters = 0;
  eachCharacter(word, [&](uint32_t, std::string_view) { ++characters; });
  size_t before = ids.size();
  std::string piece;
  for (size_t begin = 0; begin < word.size();) {
    TokenId found = noToken;
    size_t end = word.size();
    for (; characters <= longestWord && end > begin; --end) {
      if (end < word.size() && (uint8_t(word[end]) & 0xC0) == 0x80)
        continue;
      piece = begin == 0 ? beginning : continuing;
      piece += word.substr(begin, end - begin);
      // A mark of the text's own begins no word.
      if (begin > 0 && !beginning.empty() && piece.starts_with(beginning))
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

} // namespace terrazzo::text
