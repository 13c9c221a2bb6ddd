// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Vocabulary.h.
#include "text/tokenizers/Vocabulary.h"

#include "formats/Hash.h"

#include <bit>

namespace terrazzo::text {

using formats::GgufArray;
using formats::GgufType;

Error malformedVocabulary(const formats::ModelFile &file, std::string why) {
  return {ExitCode::ModelNotSupported,
          "TZ0202",
          "the file's vocabulary is malformed",
          file.path(),
          std::move(why),
          "convert the model again with a current converter"};
}

Status Vocabulary::load(const formats::ModelFile &file) {
  Expected<GgufArray> tokens =
      file.getArray("tokenizer.ggml.tokens", GgufType::String);
  if (!tokens)
    return tokens.takeError();
  if (tokens->count == 0 || tokens->count > (1u << 28))
    return malformedVocabulary(file, "it has " + std::to_string(tokens->count) +
                                         " tokens; 1 to 2^28 are allowed");
  auto optionalArray = [&](const char *key, GgufType type,
                           const uint8_t *&data) -> Status {
    if (!file.find(key))
      return {};
    Expected<GgufArray> array = file.getArray(key, type);
    if (!array)
      return array.takeError();
    if (array->count != tokens->count)
      return malformedVocabulary(
          file, std::string(key) + " has " + std::to_string(array->count) +
                    " entries for " + std::to_string(tokens->count) +
                    " tokens");
    data = array->data;
    return {};
  };
  if (Status status =
          optionalArray("tokenizer.ggml.token_type", GgufType::Int32, types);
      !status)
    return status;
  if (Status status =
          optionalArray("tokenizer.ggml.scores", GgufType::Float32, scores);
      !status)
    return status;

  base = tokens->data;
  offsets.reserve(tokens->count);
  slots.assign(std::bit_ceil(tokens->count * 2), 0);
  const uint8_t *cursor = base;
  for (uint64_t i = 0; i < tokens->count; ++i) {
    uint64_t offset = uint64_t(cursor - base);
    if (offset > UINT32_MAX)
      return malformedVocabulary(file, "its texts take more than 4 GiB");
    offsets.push_back(uint32_t(offset));
    formats::readGgufString(cursor);
    insert(TokenId(i));
  }
  return {};
}

void Vocabulary::insert(TokenId id) {
  std::string_view token = text(id);
  uint64_t hash = formats::hash64(token.data(), token.size());
  uint64_t tag = hash >> 32 << 32;
  size_t mask = slots.size() - 1;
  size_t slot = hash & mask;
  for (; slots[slot]; slot = (slot + 1) & mask)
    if (slots[slot] >> 32 == tag >> 32 &&
        text(TokenId(uint32_t(slots[slot]) - 1)) == token)
      return;
  slots[slot] = tag | (uint32_t(id) + 1);
}

TokenId Vocabulary::find(std::string_view token) const {
  uint64_t hash = formats::hash64(token.data(), token.size());
  size_t mask = slots.size() - 1;
  for (size_t slot = hash & mask; slots[slot]; slot = (slot + 1) & mask) {
    TokenId id = TokenId(uint32_t(slots[slot]) - 1);
    if (slots[slot] >> 32 == hash >> 32 && text(id) == token)
      return id;
  }
  return noToken;
}

TokenType Vocabulary::fileType(TokenId id) const {
  if (!types)
    return TokenType::Normal;
  return TokenType(
      formats::readLittleEndian<int32_t>(types + size_t(id) * sizeof(int32_t)));
}

float Vocabulary::score(TokenId id) const {
  if (!scores)
    return 0.0f;
  return formats::readLittleEndian<float>(scores + size_t(id) * sizeof(float));
}

} // namespace terrazzo::text
