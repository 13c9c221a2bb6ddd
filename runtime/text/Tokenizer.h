// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text to token ids and back, as the model's own tokenizer does it, from the
// settings of a model file: byte-level BPE (`tokenizer.ggml.model` is "gpt2"),
// SentencePiece's BPE ("llama") and WordPiece ("bert"). Anything else is
// refused by name (TZ0201). The file must outlive the tokenizer. Safe to share
// by threads.
#pragma once

#include "formats/ModelFile.h"
#include "support/Error.h"
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
  /// Put the BOS token first (where the vocabulary has one, and unless the
  /// text already begins with it).
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
  /// Ids outside of the vocabulary append nothing.
  void appendBytes(TokenId id, bool special, std::string &bytes) const;

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
  /// Whether a space was put before the text when it was encoded, so that
  /// decoding takes it away.
  bool addsSpacePrefix() const;
  /// "gpt2", "llama" or "bert".
  std::string_view model() const { return modelName; }

private:
  Tokenizer() = default;
  Status load(const formats::ModelFile &file);
  Status loadBos(const formats::ModelFile &file);
  Status loadSplitter(const formats::ModelFile &file);
  Status encodePlain(std::string_view text, std::vector<TokenId> &ids) const;
  /// A part of a text in which the matchers from `stage` on look.
  Status encodePart(std::string_view text, TextSpan part, size_t stage,
                    const EncodeOptions &options,
                    std::vector<TokenId> &ids) const;

  std::string_view modelName;
  Vocabulary vocabulary;
  /// The second looks in what the first leaves.
  std::array<SpecialMatcher, 2> specials;
  std::unique_ptr<ByteLevelBpe> byteLevel;
  std::unique_ptr<SentencePiece> sentencePiece;
  std::unique_ptr<WordPiece> wordPiece;
  TokenId bosToken = noToken;
  TokenId eosToken = noToken;
  TokenId beforeSentence = noToken, behindSentence = noToken;
  bool wantsBos = false;
  std::vector<TokenId> ends; ///< sorted
};

} // namespace terrazzo::text
