// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tokenizer as tokenizer.json has it (github.com/huggingface/tokenizers):
// normalizer, pre-tokenizer, model, post-processor and decoder, each made of
// known parts or refused by name (TZ0201). Its lists are in the model file
// under GGUF's names, the rest is under "tokenizer.huggingface.json".
#pragma once

#include "text/pipeline/Normalizer.h"
#include "text/pipeline/PieceModel.h"
#include "text/pipeline/Splitter.h"
#include "text/pipeline/TokenText.h"

namespace terrazzo::text {

/// The tokens that stand around a text.
struct Frame {
  std::vector<TokenId> before, behind;
};

class Pipeline {
public:
  /// Errors: TZ0118, TZ0201 to TZ0203.
  static Expected<std::unique_ptr<Pipeline>>
  read(const formats::ModelFile &file, const Vocabulary &vocabulary);

  /// What lies between two tokens of the text, or all of it; `first` becomes
  /// false where it begins behind the beginning.
  Expected<std::string> normalize(std::string_view text, bool &first) const {
    return normalizer.apply(text, first);
  }
  bool normalizes() const { return !normalizer.empty(); }
  /// Appends the ids of normalized text without special tokens; `first`: it is
  /// at the beginning. Errors: TZ0204.
  Status encode(std::string text, bool first, std::vector<TokenId> &ids) const;
  const TokenText &tokenText() const { return decoder; }
  const Frame &frame() const { return around; }

private:
  Status readFrame(const Json &part, const Vocabulary &vocabulary);

  Normalizer normalizer;
  Splitter splitter;
  std::unique_ptr<PieceModel> model;
  TokenText decoder;
  Frame around;
};

} // namespace terrazzo::text
