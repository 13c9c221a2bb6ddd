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
  if (modelName != "gpt2" && modelName != "llama" && modelName != "bert")
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
  for (auto [key, id] : {std::pair("bos_token_id", &bosToken),
                         std::pair("eos_token_id", &eosToken),
                         std::pair("cls_token_id", &beforeSentence),
                         std::pair("seperator_token_id", &behindSentence)}) {
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
  for (bool normalized : {false, true})
    if (Status status = specials[normalized].load(file, vocabulary, normalized);
        !status)
      return status;
  if (Status status = loadSplitter(file); !status)
    return status;
  return loadBos(file);
}

Status Tokenizer::loadSplitter(const formats::ModelFile &file) {
  if (modelName == "gpt2") {
    byteLevel = std::make_unique<ByteLevelBpe>();
    return byteLevel->load(file, vocabulary);
  }
  if (modelName == "bert") {
    wordPiece = std::make_unique<WordPiece>();
    return wordPiece->load(file, vocabulary);
  }
  sentencePiece = std::make_unique<SentencePiece>();
  return sentencePiece->load(file, vocabulary);
}

Status Tokenizer::loadBos(const formats::ModelFile &file) {
  bool usual = sentencePiece || (byteLevel && byteLevel->rule().addBos);
  Expected<bool> add = file.getBool("tokenizer.ggml.add_bos_token", usual);
  if (!add)
    return add.takeError();
  wantsBos = *add && bosToken != noToken;
  return {};
}

bool Tokenizer::endsGeneration(TokenId id) const {
  return std::binary_search(ends.begin(), ends.end(), id);
}

bool Tokenizer::addsSpacePrefix() const {
  return wordPiece || (sentencePiece && sentencePiece->addsSpacePrefix());
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

Expected<std::vector<TokenId>>
Tokenizer::encodeSentence(std::string_view text, size_t most, bool &cut) const {
  constexpr size_t around = 2;
  if (beforeSentence == noToken || behindSentence == noToken)
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
  ids->insert(ids->begin(), beforeSentence);
  ids->push_back(behindSentence);
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
  if (options.addBos && bosToken != noToken &&
      (ids.empty() || ids.front() != bosToken))
    ids.insert(ids.begin(), bosToken);
  return ids;
}

void Tokenizer::appendBytes(TokenId id, bool special,
                            std::string &bytes) const {
  if (!vocabulary.contains(id))
    return;
  std::string_view text = vocabulary.text(id);
  switch (TokenType type = vocabulary.type(id)) {
  case TokenType::Control:
  case TokenType::Unknown:
    if (special)
      bytes.append(text);
    return;
  case TokenType::UserDefined:
    if (byteLevel)
      return void(bytes.append(text));
    [[fallthrough]];
  default:
    if (byteLevel)
      return ByteLevelBpe::appendBytes(text, bytes);
    if (wordPiece)
      return WordPiece::appendBytes(text, bytes);
    return SentencePiece::appendBytes(text, type, bytes);
  }
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
