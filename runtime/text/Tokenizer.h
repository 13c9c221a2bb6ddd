// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text to token ids and back, as the model's own tokenizer does it, from the
// settings of a model file: byte-level BPE (`tokenizer.ggml.model` is "gpt2"),
// SentencePiece's BPE ("llama"), WordPiece ("bert"), and what a folder's
// tokenizer.json says ("huggingface"). Anything else is refused by name
// (TZ0201). The file must outlive the tokenizer. Safe to share
// by threads.
#pragma once

#include "formats/ModelFile.h"
#include "support/Error.h"
#include "text/pipeline/Pipeline.h"
#include "text/tokenizers/ByteLevelBpe.h"
#include "text/tokenizers/SentencePiece.h"
#include "text/tokenizers/SpecialMatcher.h"
#include "text/tokenizers/Vocabulary.h"
#include "text/tokenizers/WordPiece.h"

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace terrazzo::text {

struct EncodeOptions {
  /// Put the BOS token first, or the tokens that the tokenizer has before a text
  /// (where there are any, and unless the text already begins with them).
  bool addBos = false;
  /// Find control tokens ("<|im_end|>") in the text. User-defined tokens are
  /// always found, they are ordinary text.
  bool parseSpecial = true;
  /// Parts of the text in which none is looked for, though they are read as
  /// one text with what is around them.
  TextSpans foreign = {};
};

class Tokenizer {
public:
  /// Errors: TZ0110, TZ0111, TZ0201 to TZ0203.
  static Expected<std::unique_ptr<Tokenizer>>
  create(const formats::ModelFile &file);

  /// Bytes that are not UTF-8 are read as U+FFFD. Errors: TZ0204.
  Expected<std::vector<TokenId>> encode(std::string_view text,
                                        const EncodeOptions &options) const;

  /// One text for an encoder: between the tokens that its model puts around
  /// each, and cut so that there are at most `most` of them; `cut` says whether
  /// any was left out. Errors: TZ0201 for a model without such tokens, TZ0204.
  Expected<std::vector<TokenId>> encodeSentence(std::string_view text,
                                                size_t most, bool &cut) const;

  /// Appends the bytes of one token; those of control tokens only with
  /// `special`. They may end inside a UTF-8 sequence: see StreamDecoder.
  /// Ids outside of the vocabulary append nothing. `first`: it begins a text, so
  /// that a space that was put in front when the text was encoded goes.
  void appendBytes(TokenId id, bool special, bool first,
                   std::string &bytes) const;

  /// The text of ids, control tokens included with `special`; bytes that are
  /// not UTF-8 become U+FFFD.
  std::string decode(std::span<const TokenId> ids, bool special) const;

  size_t vocabularySize() const { return vocabulary.size(); }
  const Vocabulary &tokens() const { return vocabulary; }
  /// noToken where the file names none.
  TokenId bos() const { return bosToken; }
  TokenId eos() const { return eosToken; }
  /// Whether prompts of this model begin with BOS.
  bool addsBos() const { return wantsBos; }
  /// Whether generation ends at this token: see EndTokens.h.
  bool endsGeneration(TokenId id) const;
  const std::vector<TokenId> &endTokens() const { return ends; }
  /// Whether the first token of a text is just that, or the first that has any
  /// bytes and is no control token.
  bool countsTokens() const { return pipeline != nullptr; }
  /// "gpt2", "llama", "bert" or "huggingface".
  std::string_view model() const { return modelName; }

private:
  Tokenizer() = default;
  Status load(const formats::ModelFile &file);
  Status loadBos(const formats::ModelFile &file);
  Status loadSplitter(const formats::ModelFile &file);
  Status loadSpecials(const formats::ModelFile &file);
  Status encodePlain(std::string_view text, std::vector<TokenId> &ids) const;
  /// A part of a text in which the matchers from `stage` on look.
  Status encodePart(std::string_view text, TextSpan part, size_t stage,
                    const EncodeOptions &options,
                    std::vector<TokenId> &ids) const;
  /// A part that the pipeline normalizes before the second matcher looks at it.
  Status encodeNormalized(std::string_view text, TextSpan part,
                          const EncodeOptions &options,
                          std::vector<TokenId> &ids) const;
  void appendPlainBytes(TokenId id, TokenType type, bool first,
                        std::string &bytes) const;

  std::string_view modelName;
  Vocabulary vocabulary;
  /// The second looks in what the first leaves.
  std::array<SpecialMatcher, 2> specials;
  std::unique_ptr<ByteLevelBpe> byteLevel;
  std::unique_ptr<SentencePiece> sentencePiece;
  std::unique_ptr<WordPiece> wordPiece;
  std::unique_ptr<Pipeline> pipeline;
  TokenId bosToken = noToken;
  TokenId eosToken = noToken;
  Frame sentence;                 ///< what stands around a text for an encoder
  std::vector<TokenId> beginning; ///< of a prompt
  bool wantsBos = false;
  std::vector<TokenId> ends; ///< sorted
};

} // namespace terrazzo::text
