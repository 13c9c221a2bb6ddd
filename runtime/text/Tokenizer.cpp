// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Tokenizer.h.
#include "text/Tokenizer.h"

#include "support/Utf8.h"
#include "text/EndTokens.h"
#include "text/StreamDecoder.h"

#include <algorithm>

namespace terrazzo::text {

Expected<std::unique_ptr<Tokenizer>>
Tokenizer::create(const formats::ModelFile &file) {
  std::unique_ptr<Tokenizer> tokenizer(new Tokenizer);
  if (Status status = tokenizer->load(file); !status)
    return status.takeError();
  return tokenizer;
}

Status Tokenizer::load(const formats::ModelFile &file) {
  Expected<std::string_view> name = file.getString("tokenizer.ggml.model");
  if (!name)
    return name.takeError();
  modelName = *name;
  if (modelName != "gpt2" && modelName != "llama" && modelName != "bert" &&
      modelName != "huggingface")
    return Error{ExitCode::ModelNotSupported,
                 "TZ0201",
                 "the tokenizer '" + std::string(modelName) +
                     "' is not supported",
                 file.path() + ": tokenizer.ggml.model",
                 "byte-level BPE ('gpt2'), SentencePiece BPE ('llama') and "
                 "WordPiece ('bert') are",
                 "give token ids with --ids"};
  if (Status status = vocabulary.load(file); !status)
    return status;
  TokenId cls = noToken, separator = noToken;
  for (auto [key, id] :
       {std::pair("bos_token_id", &bosToken),
        std::pair("eos_token_id", &eosToken), std::pair("cls_token_id", &cls),
        std::pair("seperator_token_id", &separator)}) {
    auto read = readTokenId(file, vocabulary, key);
    if (!read)
      return read.takeError();
    *id = *read;
  }
  // Before anything looks at the tokens' types.
  auto found = findEndTokens(file, vocabulary);
  if (!found)
    return found.takeError();
  ends = std::move(*found);
  if (cls != noToken && separator != noToken)
    sentence = {{cls}, {separator}};
  for (auto step : {&Tokenizer::loadSplitter, &Tokenizer::loadSpecials,
                    &Tokenizer::loadBos})
    if (Status status = (this->*step)(file); !status)
      return status;
  return {};
}

Status Tokenizer::loadSpecials(const formats::ModelFile &file) {
  SpecialMatcher::Normalize normalize;
  if (pipeline && pipeline->normalizes())
    normalize = [&](std::string_view text) {
      bool atStart = true;
      return pipeline->normalize(text, atStart);
    };
  if (Status status = specials[0].load(file, vocabulary, false); !status)
    return status;
  return specials[1].load(file, vocabulary, true, normalize);
}

Status Tokenizer::loadSplitter(const formats::ModelFile &file) {
  if (modelName == "gpt2") {
    byteLevel = std::make_unique<ByteLevelBpe>();
    return byteLevel->load(file, vocabulary);
  }
  if (modelName == "huggingface") {
    auto read = Pipeline::read(file, vocabulary);
    if (!read)
      return read.takeError();
    pipeline = std::move(*read);
    sentence = pipeline->frame();
    return {};
  }
  if (modelName == "bert") {
    wordPiece = std::make_unique<WordPiece>();
    return wordPiece->load(file, vocabulary);
  }
  sentencePiece = std::make_unique<SentencePiece>();
  return sentencePiece->load(file, vocabulary);
}

Status Tokenizer::loadBos(const formats::ModelFile &file) {
  if (bosToken != noToken)
    beginning = {bosToken};
  bool usual = sentencePiece || (byteLevel && byteLevel->rule().addBos);
  if (pipeline && !sentence.before.empty()) {
    beginning = sentence.before;
    usual = true;
  }
  Expected<bool> add = file.getBool("tokenizer.ggml.add_bos_token", usual);
  if (!add)
    return add.takeError();
  wantsBos = *add && !beginning.empty();
  return {};
}

bool Tokenizer::endsGeneration(TokenId id) const {
  return std::binary_search(ends.begin(), ends.end(), id);
}

Status Tokenizer::encodePlain(std::string_view text,
                              std::vector<TokenId> &ids) const {
  if (text.empty())
    return {};
  if (byteLevel)
    return byteLevel->encode(text, ids);
  if (wordPiece)
    wordPiece->encode(text, ids);
  else
    sentencePiece->encode(text, ids);
  return {};
}

Status Tokenizer::encodePart(std::string_view text, TextSpan part, size_t stage,
                             const EncodeOptions &options,
                             std::vector<TokenId> &ids) const {
  if (stage == 1 && pipeline)
    return encodeNormalized(text, part, options, ids);
  if (stage == specials.size())
    return encodePlain(text.substr(part.begin, part.end - part.begin), ids);
  size_t position = part.begin;
  while (position < part.end) {
    SpecialMatcher::Match match = specials[stage].find(
        text, part, position, options.parseSpecial, options.foreign);
    size_t end = match.length ? match.begin : part.end;
    if (Status status =
            encodePart(text, {position, end}, stage + 1, options, ids);
        !status)
      return status;
    if (!match.length)
      break;
    ids.push_back(match.id);
    position = match.begin + match.length;
  }
  return {};
}

Status Tokenizer::encodeNormalized(std::string_view text, TextSpan part,
                                   const EncodeOptions &options,
                                   std::vector<TokenId> &ids) const {
  std::string_view raw = text.substr(part.begin, part.end - part.begin);
  bool atStart = part.begin == 0;
  auto normal = pipeline->normalize(raw, atStart);
  if (!normal)
    return normal.takeError();
  TextSpans foreign;
  for (auto [begin, end] : options.foreign)
    if (end > part.begin && begin < part.end)
      foreign.push_back({std::max(begin, part.begin) - part.begin,
                         std::min(end, part.end) - part.begin});
  // Where the text became another one, any of it may be what is foreign.
  if (!foreign.empty() && *normal != raw)
    foreign = {{0, normal->size()}};
  for (size_t position = 0; position < normal->size();) {
    SpecialMatcher::Match match = specials[1].find(
        *normal, {0, normal->size()}, position, options.parseSpecial, foreign);
    size_t end = match.length ? match.begin : normal->size();
    Status status = pipeline->encode(normal->substr(position, end - position),
                                     atStart && position == 0, ids);
    if (!status)
      return status;
    if (!match.length)
      break;
    ids.push_back(match.id);
    position = match.begin + match.length;
  }
  return {};
}

Expected<std::vector<TokenId>>
Tokenizer::encodeSentence(std::string_view text, size_t most, bool &cut) const {
  size_t around = sentence.before.size() + sentence.behind.size();
  if (around == 0)
    return Error{ExitCode::ModelNotSupported,
                 "TZ0201",
                 "the tokenizer puts nothing around a text",
                 std::string(modelName),
                 "the model names no token before and behind sentences",
                 "give a model that was made for sentence vectors"};
  auto ids = encode(text, {});
  if (!ids)
    return ids;
  cut = ids->size() + around > most;
  if (cut)
    ids->resize(most > around ? most - around : 0);
  ids->insert(ids->begin(), sentence.before.begin(), sentence.before.end());
  ids->insert(ids->end(), sentence.behind.begin(), sentence.behind.end());
  return ids;
}

Expected<std::vector<TokenId>>
Tokenizer::encode(std::string_view text, const EncodeOptions &options) const {
  std::string repaired;
  // Repairing moves what the foreign parts refer to; they then cover all.
  TextSpans foreign = options.foreign;
  if (!isUtf8(text)) {
    repaired = repairUtf8(text);
    text = repaired;
    if (!foreign.empty())
      foreign = {{0, text.size()}};
  }
  // Positions inside of the text are kept in 32 bits.
  if (text.size() > (1u << 29))
    return Error{ExitCode::Usage,
                 "TZ0204",
                 "the text is too long",
                 "",
                 "it has " + std::to_string(text.size()) +
                     " bytes, the limit is 2^29",
                 "split the text into smaller parts"};
  std::vector<TokenId> ids;
  if (Status status =
          encodePart(text, {0, text.size()}, 0,
                     {options.addBos, options.parseSpecial, foreign}, ids);
      !status)
    return status.takeError();
  if (options.addBos &&
      !std::equal(beginning.begin(), beginning.end(), ids.begin(),
                  ids.begin() + std::min(ids.size(), beginning.size())))
    ids.insert(ids.begin(), beginning.begin(), beginning.end());
  return ids;
}

void Tokenizer::appendBytes(TokenId id, bool special, bool first,
                            std::string &bytes) const {
  if (!vocabulary.contains(id))
    return;
  std::string_view text = vocabulary.text(id);
  switch (TokenType type = vocabulary.type(id)) {
  case TokenType::Control:
  case TokenType::Unknown:
    if (special && pipeline)
      pipeline->tokenText().appendAdded(text, first, bytes);
    else if (special)
      bytes.append(text);
    return;
  case TokenType::UserDefined:
    if (pipeline)
      return pipeline->tokenText().appendAdded(text, first, bytes);
    if (byteLevel)
      return void(bytes.append(text));
    [[fallthrough]];
  default:
    appendPlainBytes(id, type, first, bytes);
  }
}

void Tokenizer::appendPlainBytes(TokenId id, TokenType type, bool first,
                                 std::string &bytes) const {
  std::string_view text = vocabulary.text(id);
  if (pipeline)
    return pipeline->tokenText().append(text, first, bytes);
  if (byteLevel)
    return ByteLevelBpe::appendBytes(text, bytes);
  size_t before = bytes.size();
  if (wordPiece)
    WordPiece::appendBytes(text, bytes);
  else
    SentencePiece::appendBytes(text, type, bytes);
  bool prefix = wordPiece || sentencePiece->addsSpacePrefix();
  if (first && prefix && bytes.size() > before && bytes[before] == ' ')
    bytes.erase(before, 1);
}

std::string Tokenizer::decode(std::span<const TokenId> ids,
                              bool special) const {
  StreamDecoder decoder(*this, special);
  std::string text;
  for (TokenId id : ids)
    text += decoder.push(id);
  text += decoder.finish();
  return text;
}

} // namespace terrazzo::text
