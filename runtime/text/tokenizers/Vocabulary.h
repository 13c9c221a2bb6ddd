// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tokens of a model file: text, type and score by id, and id by text.
// Nothing is copied: texts are views into the mapped file, found through one
// offset per token and one open-addressing table, so that 262 144 tokens load
// in a few milliseconds. The file must outlive the vocabulary.
#pragma once

#include "formats/ModelFile.h"
#include "support/Error.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace terrazzo::text {

/// Index of a token; negative where there is none.
using TokenId = int32_t;
inline constexpr TokenId noToken = -1;

/// The numbers are those of `tokenizer.ggml.token_type`.
enum class TokenType : int32_t {
  Normal = 1,
  Unknown = 2,
  Control = 3,
  UserDefined = 4,
  Unused = 5,
  Byte = 6,
};

/// TZ0202.
Error malformedVocabulary(const formats::ModelFile &file, std::string why);

class Vocabulary {
public:
  /// Reads tokenizer.ggml.{tokens, token_type, scores}. Errors: TZ0202.
  Status load(const formats::ModelFile &file);

  size_t size() const { return offsets.size(); }
  bool contains(TokenId id) const { return id >= 0 && size_t(id) < size(); }
  std::string_view text(TokenId id) const {
    const uint8_t *cursor = base + offsets[size_t(id)];
    return formats::readGgufString(cursor);
  }
  TokenType type(TokenId id) const {
    return std::find(controls.begin(), controls.end(), id) == controls.end()
               ? fileType(id)
               : TokenType::Control;
  }
  /// From now on a control token, whatever the file says.
  void treatAsControl(TokenId id) { controls.push_back(id); }
  /// 0 where the file has no scores.
  float score(TokenId id) const;
  /// The token of exactly this text (the first one, should there be several),
  /// or noToken.
  TokenId find(std::string_view text) const;

private:
  void insert(TokenId id);
  TokenType fileType(TokenId id) const;

  const uint8_t *base = nullptr;
  const uint8_t *types = nullptr;
  const uint8_t *scores = nullptr;
  std::vector<TokenId> controls; ///< few
  std::vector<uint32_t> offsets;
  std::vector<uint64_t> slots; ///< hash's upper half, id + 1; 0 is empty
};

} // namespace terrazzo::text
