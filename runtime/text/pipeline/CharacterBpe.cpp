// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Byte-pair encoding over the characters of a piece, as Hugging Face's
// tokenizers have it; bytes are characters by then where it is byte-level.
#include "text/pipeline/PieceModel.h"
#include "text/tokenizers/PairMerges.h"
#include "text/tokenizers/TextForms.h"

namespace terrazzo::text {

namespace {

class CharacterBpe : public PieceModel {
public:
  explicit CharacterBpe(const Vocabulary &vocabulary)
      : vocabulary(vocabulary) {}

  Status load(const Json &model, const formats::ModelFile &file) {
    // With dropout tokens are drawn by lot, which is for training.
    if (const Json &dropout = memberOf(model, "dropout");
        !dropout.is_null() && dropout != 0.0)
      return unsupportedPart("BPE's 'dropout'");
    if (!textOf(model, "continuing_subword_prefix").empty())
      return unsupportedPart("BPE's 'continuing_subword_prefix'");
    suffix = textOf(model, "end_of_word_suffix");
    byteFallback = flagOf(model, "byte_fallback", false);
    wholePieces = flagOf(model, "ignore_merges", false);
    fusesUnknown = flagOf(model, "fuse_unk", false);
    if (memberOf(model, "unk_token").is_string())
      unknown = vocabulary.find(textOf(model, "unk_token"));
    return merges.load(file, vocabulary);
  }

  void encode(std::string_view piece,
              std::vector<TokenId> &ids) const override {
    if (wholePieces)
      if (TokenId id = vocabulary.find(piece); id != noToken)
        return ids.push_back(id);
    PairMerges::Work work;
    bool afterUnknown = false;
    size_t at = 0;
    eachCharacter(piece, [&](uint32_t, std::string_view character) {
      at += character.size();
      bool known = addCharacter(character, at == piece.size(), work.word);
      // Without a token for what is unknown nothing is left of it.
      if (!known && unknown != noToken && !(fusesUnknown && afterUnknown))
        work.word.push_back(unknown);
      afterUnknown = !known;
    });
    merges.join(work.word, work, ids);
  }

private:
  bool addCharacter(std::string_view character, bool last,
                    std::vector<TokenId> &word) const {
    TokenId id = last && !suffix.empty()
                     ? vocabulary.find(std::string(character) + suffix)
                     : vocabulary.find(character);
    if (id == noToken)
      return byteFallback && appendByteTokens(character, vocabulary, word);
    word.push_back(id);
    return true;
  }

  const Vocabulary &vocabulary;
  PairMerges merges;
  std::string suffix;
  TokenId unknown = noToken;
  bool byteFallback = false, wholePieces = false, fusesUnknown = false;
};

} // namespace

Expected<std::unique_ptr<PieceModel>>
readCharacterBpe(const Json &model, const formats::ModelFile &file,
                 const Vocabulary &vocabulary) {
  auto bpe = std::make_unique<CharacterBpe>(vocabulary);
  if (Status status = bpe->load(model, file); !status)
    return status.takeError();
  return std::unique_ptr<PieceModel>(std::move(bpe));
}

} // namespace terrazzo::text
