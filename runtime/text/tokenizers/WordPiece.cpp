// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See WordPiece.h.
#include "text/tokenizers/WordPiece.h"

#include "text/UnicodeClasses.h"
#include "text/tokenizers/TextForms.h"

namespace terrazzo::text {

static constexpr std::string_view wordMark = "\xE2\x96\x81"; // U+2581

Status WordPiece::load(const formats::ModelFile &file,
                       const Vocabulary &tokens) {
  Expected<uint64_t> id = file.getUInt("tokenizer.ggml.unknown_token_id", 100);
  if (!id)
    return id.takeError();
  if (*id >= tokens.size())
    return malformedVocabulary(
        file, "a WordPiece vocabulary needs a token for unknown words");
  pieces = {&tokens, TokenId(*id), std::string(wordMark), ""};
  return {};
}

void WordPiece::encode(std::string_view text, std::vector<TokenId> &ids) const {
  std::string plain = cleaned(text, {}), word;
  auto endWord = [&] {
    if (!word.empty())
      pieces.encode(word, ids);
    word.clear();
  };
  eachCharacter(plain, [&](uint32_t c, std::string_view bytes) {
    bool alone = isPunctuation(c);
    if (alone || isSpace(c))
      endWord();
    if (!isSpace(c))
      word += bytes;
    if (alone)
      endWord();
  });
  endWord();
}

void WordPiece::appendBytes(std::string_view piece, std::string &bytes) {
  if (piece.starts_with(wordMark)) {
    bytes += ' ';
    piece.remove_prefix(wordMark.size());
  }
  bytes += piece;
}

} // namespace terrazzo::text
