// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The models of a tokenizer.json: the tokens of one piece.
#pragma once

#include "text/pipeline/Parts.h"
#include "text/tokenizers/Vocabulary.h"

#include <memory>

namespace terrazzo::text {

class PieceModel {
public:
  virtual ~PieceModel() = default;
  /// Appends the ids of a piece that is not empty.
  virtual void encode(std::string_view piece,
                      std::vector<TokenId> &ids) const = 0;

  /// Of the model of a tokenizer.json, without its lists, which `file` has under
  /// GGUF's names. Errors: TZ0201, TZ0202.
  static Expected<std::unique_ptr<PieceModel>>
  read(const Json &model, const formats::ModelFile &file,
       const Vocabulary &vocabulary);
};

Expected<std::unique_ptr<PieceModel>>
readCharacterBpe(const Json &model, const formats::ModelFile &file,
                 const Vocabulary &vocabulary);
Expected<std::unique_ptr<PieceModel>>
readUnigram(const Json &model, const formats::ModelFile &file,
            const Vocabulary &vocabulary);

/// The tokens of the bytes ("<0x0A>") of a text; false where one has none.
bool appendByteTokens(std::string_view bytes, const Vocabulary &vocabulary,
                      std::vector<TokenId> &ids);

} // namespace terrazzo::text
