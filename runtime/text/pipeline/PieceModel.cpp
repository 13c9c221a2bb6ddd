// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See PieceModel.h. What needs no file of its own is here.
#include "text/pipeline/PieceModel.h"

#include "text/tokenizers/LongestPieces.h"

#include <cstdio>

namespace terrazzo::text {

namespace {

class WordPieceModel : public PieceModel {
public:
  WordPieceModel(LongestPieces pieces) : pieces(std::move(pieces)) {}
  void encode(std::string_view piece,
              std::vector<TokenId> &ids) const override {
    pieces.encode(piece, ids);
  }

private:
  LongestPieces pieces;
};

class WordLevel : public PieceModel {
public:
  WordLevel(const Vocabulary &vocabulary, TokenId unknown)
      : vocabulary(vocabulary), unknown(unknown) {}
  void encode(std::string_view piece,
              std::vector<TokenId> &ids) const override {
    TokenId id = vocabulary.find(piece);
    ids.push_back(id == noToken ? unknown : id);
  }

private:
  const Vocabulary &vocabulary;
  TokenId unknown;
};

} // namespace

bool appendByteTokens(std::string_view bytes, const Vocabulary &vocabulary,
                      std::vector<TokenId> &ids) {
  size_t before = ids.size();
  for (char byte : bytes) {
    char name[8];
    std::snprintf(name, sizeof(name), "<0x%02X>", uint8_t(byte));
    ids.push_back(vocabulary.find(name));
    if (ids.back() == noToken) {
      ids.resize(before);
      return false;
    }
  }
  return true;
}

Expected<std::unique_ptr<PieceModel>>
PieceModel::read(const Json &model, const formats::ModelFile &file,
                 const Vocabulary &vocabulary) {
  std::string type = textOf(model, "type");
  if (type == "BPE")
    return readCharacterBpe(model, file, vocabulary);
  if (type == "Unigram")
    return readUnigram(model, file, vocabulary);
  TokenId unknown = vocabulary.find(textOf(model, "unk_token"));
  if (type != "WordPiece" && type != "WordLevel")
    return unsupportedPart("the model '" + formats::inOneLine(type) + "'");
  if (unknown == noToken)
    return malformedVocabulary(file, "its 'unk_token' is no token");
  if (type == "WordLevel")
    return std::unique_ptr<PieceModel>(new WordLevel(vocabulary, unknown));
  return std::unique_ptr<PieceModel>(
      new WordPieceModel({&vocabulary, unknown, "",
                          textOf(model, "continuing_subword_prefix", "##"),
                          numberOf(model, "max_input_chars_per_word", 100)}));
}

} // namespace terrazzo::text
