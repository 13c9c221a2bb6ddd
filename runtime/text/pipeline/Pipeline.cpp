// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Pipeline.h.
#include "text/pipeline/Pipeline.h"

namespace terrazzo::text {

namespace {

/// Takes what reading a part gave.
template <typename T> Status take(Expected<T> read, T &place) {
  if (!read)
    return read.takeError();
  place = std::move(*read);
  return {};
}

/// "[CLS]" of ["[CLS]", 101].
Status addPair(const Json &pair, const Vocabulary &vocabulary,
               std::vector<TokenId> &ids) {
  TokenId id = pair.is_array() && pair.size() == 2 && pair[0].is_string()
                   ? vocabulary.find(pair[0].get<std::string>())
                   : noToken;
  if (id == noToken)
    return unsupportedPart("a post_processor whose token is none");
  ids.push_back(id);
  return {};
}

/// The tokens that "special_tokens" has for a name.
Status addSpecial(const Json &part, const std::string &name,
                  const Vocabulary &vocabulary, std::vector<TokenId> &ids) {
  const Json &entry = memberOf(memberOf(part, "special_tokens"), name.c_str());
  const Json &listed = memberOf(entry, "ids");
  if (!listed.is_array()) {
    ids.push_back(vocabulary.find(name));
    return vocabulary.contains(ids.back())
               ? Status()
               : unsupportedPart("a post_processor whose token is none");
  }
  for (const Json &id : listed) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= vocabulary.size())
      return unsupportedPart("a post_processor whose token is none");
    ids.push_back(id.get<TokenId>());
  }
  return {};
}

Status readTemplate(const Json &part, const Vocabulary &vocabulary,
                    Frame &frame) {
  bool text = false;
  for (const Json &entry : memberOf(part, "single")) {
    const Json &special = memberOf(entry, "SpecialToken");
    if (special.is_object()) {
      Status status = addSpecial(part, textOf(special, "id"), vocabulary,
                                 text ? frame.behind : frame.before);
      if (!status)
        return status;
      continue;
    }
    if (text || textOf(memberOf(entry, "Sequence"), "id") != "A")
      return unsupportedPart("a post_processor of another form than tokens, "
                             "text, tokens");
    text = true;
  }
  return {};
}

} // namespace

Status Pipeline::readFrame(const Json &part, const Vocabulary &vocabulary) {
  std::string type = textOf(part, "type");
  // It moves offsets alone.
  if (type == "ByteLevel")
    return {};
  if (!around.before.empty() || !around.behind.empty())
    return unsupportedPart("a second post_processor");
  if (type == "TemplateProcessing")
    return readTemplate(part, vocabulary, around);
  if (type != "BertProcessing" && type != "RobertaProcessing")
    return unsupportedPart("the post_processor '" + formats::inOneLine(type) +
                           "'");
  if (Status status = addPair(memberOf(part, "cls"), vocabulary, around.before);
      !status)
    return status;
  return addPair(memberOf(part, "sep"), vocabulary, around.behind);
}

Expected<std::unique_ptr<Pipeline>>
Pipeline::read(const formats::ModelFile &file, const Vocabulary &vocabulary) {
  auto source = file.getString("tokenizer.huggingface.json");
  if (!source)
    return source.takeError();
  auto json = formats::parseJson(
      {reinterpret_cast<const uint8_t *>(source->data()), source->size()},
      file.path() + ": tokenizer.huggingface.json");
  if (!json)
    return json.takeError();
  auto result = std::make_unique<Pipeline>();
  Pipeline &pipeline = *result;
  auto part = [&](const char *key) -> const Json & {
    return memberOf(*json, key);
  };
  Status status =
      take(Normalizer::read(part("normalizer")), pipeline.normalizer);
  if (status)
    status = take(Splitter::read(part("pre_tokenizer")), pipeline.splitter);
  if (status)
    status =
        take(PieceModel::read(part("model"), file, vocabulary), pipeline.model);
  if (status)
    status = take(TokenText::read(part("decoder")), pipeline.decoder);
  if (status)
    status =
        eachPart(part("post_processor"), "processors", [&](const Json &inner) {
          return pipeline.readFrame(inner, vocabulary);
        });
  if (!status)
    return status.takeError();
  return result;
}

Status Pipeline::encode(std::string text, bool first,
                        std::vector<TokenId> &ids) const {
  std::vector<Piece> pieces;
  if (!text.empty())
    pieces.push_back({std::move(text), first});
  if (Status status = splitter.apply(pieces); !status)
    return status;
  for (const Piece &piece : pieces)
    model->encode(piece.text, ids);
  return {};
}

} // namespace terrazzo::text
