// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ByteLevelBpe.h.
#include "text/tokenizers/ByteLevelBpe.h"

#include "support/Utf8.h"
#include "text/tokenizers/UnicodeForms.h"

namespace terrazzo::text {

namespace {

/// Which character stands for which byte: printable Latin-1 characters for
/// themselves, the rest from U+0100 on, in order.
struct ByteCharacters {
  std::array<uint16_t, 256> character;
  std::array<int16_t, 0x144> byte;

  constexpr ByteCharacters() : character(), byte() {
    byte.fill(-1);
    uint16_t next = 0x100;
    for (int b = 0; b < 256; ++b) {
      bool printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b != 0xAD);
      character[b] = printable ? uint16_t(b) : next++;
      byte[character[b]] = int16_t(b);
    }
  }
};
constexpr ByteCharacters byteCharacters;

} // namespace

Status ByteLevelBpe::load(const formats::ModelFile &file,
                          const Vocabulary &tokens) {
  vocabulary = &tokens;
  Expected<std::string_view> name =
      file.getString("tokenizer.ggml.pre", "default");
  if (!name)
    return name.takeError();
  if (Status status = preTokenizer.load(*name, file.path()); !status)
    return status;
  for (int byte = 0; byte < 256; ++byte) {
    std::string text;
    appendUtf8(text, byteCharacters.character[byte]);
    byteTokens[byte] = tokens.find(text);
  }
  return merges.load(file, tokens);
}

std::string ByteLevelBpe::printable(std::string_view bytes) {
  std::string mapped;
  for (char byte : bytes)
    appendUtf8(mapped, byteCharacters.character[uint8_t(byte)]);
  return mapped;
}

void ByteLevelBpe::encodeWord(std::string_view word, PairMerges::Work &work,
                              std::vector<TokenId> &ids) const {
  if (preTokenizer.rule().wholeWords)
    if (TokenId id = vocabulary->find(printable(word)); id != noToken)
      return ids.push_back(id);
  // A byte that the vocabulary lacks leaves nothing behind, as in the models'
  // own tokenizers.
  work.word.clear();
  for (char byte : word)
    work.word.push_back(byteTokens[uint8_t(byte)]);
  merges.join(work.word, work, ids);
}

Status ByteLevelBpe::encode(std::string_view text,
                            std::vector<TokenId> &ids) const {
  PairMerges::Work work;
  std::string normal;
  if (preTokenizer.rule().composes)
    text = normal = composed(text);
  return preTokenizer.split(
      text, [&](std::string_view word) { encodeWord(word, work, ids); });
}

void ByteLevelBpe::appendBytes(std::string_view token, std::string &bytes) {
  while (!token.empty()) {
    Utf8Char character = decodeUtf8(token);
    size_t length = character.length ? character.length : 1;
    bool mapped = character.length &&
                  character.code < byteCharacters.byte.size() &&
                  byteCharacters.byte[character.code] >= 0;
    if (mapped)
      bytes += char(byteCharacters.byte[character.code]);
    else
      bytes.append(token.substr(0, length));
    token.remove_prefix(length);
  }
}

} // namespace terrazzo::text
