// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See StreamDecoder.h.
#include "text/StreamDecoder.h"

#include "support/Utf8.h"
#include "text/Tokenizer.h"

namespace terrazzo::text {

StreamDecoder::StreamDecoder(const Tokenizer &tokenizer, bool special)
    : tokenizer(tokenizer), special(special) {
  pending.reserve(256);
  complete.reserve(256);
}

std::string_view StreamDecoder::push(TokenId id) {
  size_t before = pending.size();
  tokenizer.appendBytes(id, special, first, pending);
  bool control = tokenizer.tokens().contains(id) &&
                 tokenizer.tokens().type(id) == TokenType::Control;
  if (tokenizer.countsTokens() ? !control || special
                               : !control && pending.size() > before)
    first = false;
  return emit(completeUtf8Prefix(pending));
}

std::string_view StreamDecoder::finish() { return emit(pending.size()); }

std::string_view StreamDecoder::emit(size_t bytes) {
  std::string_view text = std::string_view(pending).substr(0, bytes);
  complete.clear();
  while (!text.empty()) {
    Utf8Char character = decodeUtf8(text);
    if (character.length)
      complete.append(text.substr(0, character.length));
    else
      complete.append("\xEF\xBF\xBD");
    text.remove_prefix(character.length ? character.length : 1);
  }
  pending.erase(0, bytes);
  return complete;
}

} // namespace terrazzo::text
