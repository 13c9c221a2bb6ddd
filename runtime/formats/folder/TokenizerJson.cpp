// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See TokenizerJson.h.
#include "formats/folder/TokenizerJson.h"

#include <array>

namespace terrazzo::formats {

namespace {

constexpr size_t mostTokens = 1u << 24;
/// So many ids may be left out.
constexpr size_t mostHoles = 1u << 16;

/// The numbers of tokenizer.ggml.token_type.
enum TokenKind : int32_t {
  Normal = 1,
  Control = 3,
  UserDefined = 4,
  Unused = 5
};

class Converter {
public:
  Converter(Json tokenizer, const std::string &where, MetadataWriter &to,
            AddedTokens &added)
      : tokenizer(std::move(tokenizer)), where(where), to(to), added(added) {}

  Status run() {
    auto found =
        tokenizer.is_object() ? tokenizer.find("model") : tokenizer.end();
    if (!tokenizer.is_object() || found == tokenizer.end() ||
        !found->is_object())
      return malformedJson(where, "it has no 'model'");
    model = &*found;
    for (auto step : {&Converter::readVocabulary, &Converter::readAdded,
                      &Converter::checkTokens, &Converter::writeMerges})
      if (Status status = (this->*step)(); !status)
        return status;
    to.string("tokenizer.ggml.model", "huggingface");
    to.strings("tokenizer.ggml.tokens", tokens);
    to.integers("tokenizer.ggml.token_type", kinds);
    if (!scores.empty())
      to.reals("tokenizer.unigram.scores", scores);
    for (const auto &[key, ids] : edges)
      if (!ids.empty())
        to.integers(std::string("tokenizer.added_tokens.") + key, ids);
    for (const char *list : {"vocab", "merges"})
      model->erase(list);
    tokenizer.erase("added_tokens");
    to.string("tokenizer.huggingface.json",
              tokenizer.dump(-1, ' ', false, Json::error_handler_t::replace));
    return {};
  }

private:
  /// Texts by id: an object of ids by text, or a list of texts and scores.
  Status readVocabulary() {
    auto vocabulary = model->find("vocab");
    bool list = textOf(*model, "type") == "Unigram";
    if (vocabulary == model->end() ||
        !(list ? vocabulary->is_array() : vocabulary->is_object()) ||
        vocabulary->size() > mostTokens)
      return malformedJson(where, "its model has no 'vocab'");
    most = vocabulary->size() + mostHoles;
    if (!list) {
      for (const auto &[text, id] : vocabulary->items())
        if (Status status = place(id, text, Normal); !status)
          return status;
      return {};
    }
    for (const Json &entry : *vocabulary) {
      if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() ||
          !entry[1].is_number())
        return malformedJson(where, "one of its 'vocab' is no text and score");
      tokens.push_back(entry[0].get<std::string>());
      kinds.push_back(Normal);
      scores.push_back(entry[1].get<double>());
    }
    return {};
  }

  Status readAdded() {
    auto found = tokenizer.find("added_tokens");
    if (found == tokenizer.end() || found->is_null())
      return {};
    if (!found->is_array() || found->size() > mostTokens)
      return malformedJson(where, "its 'added_tokens' are no list");
    most += found->size();
    for (const Json &token : *found) {
      auto id = token.is_object() ? token.find("id") : token.end();
      if (!token.is_object() || id == token.end())
        return malformedJson(where, "one of its 'added_tokens' has no id");
      bool special = flagOf(token, "special", false);
      std::string text = textOf(token, "content");
      if (Status status = place(*id, text, special ? Control : UserDefined);
          !status)
        return status;
      added.emplace(text, id->get<uint32_t>());
      for (auto &[key, ids] : edges)
        if (flagOf(token, key, false))
          ids.push_back(id->get<int32_t>());
    }
    return {};
  }

  Status checkTokens() {
    if (tokens.empty())
      return malformedJson(where, "it has no tokens");
    for (int32_t &kind : kinds)
      if (kind == 0)
        kind = Unused;
    return {};
  }

  Status place(const Json &id, const std::string &text, TokenKind kind) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= most)
      return malformedJson(where, "a token's id is no small whole number");
    size_t at = id.get<size_t>();
    if (at >= tokens.size()) {
      tokens.resize(at + 1);
      kinds.resize(at + 1);
    }
    if (kinds[at] && tokens[at] != text)
      return malformedJson(where,
                           "two tokens have the id " + std::to_string(at));
    tokens[at] = text;
    kinds[at] = kind;
    return {};
  }

  /// In GGUF both parts of a merge are one text, with a space between them.
  Status writeMerges() {
    auto list = model->find("merges");
    if (list == model->end())
      return textOf(*model, "type") == "BPE"
                 ? malformedJson(where, "its model has no 'merges'")
                 : Status();
    if (!list->is_array())
      return malformedJson(where, "its 'merges' are no list");
    std::vector<std::string> merges;
    for (const Json &merge : *list) {
      bool pair = merge.is_array() && merge.size() == 2 &&
                  merge[0].is_string() && merge[1].is_string();
      if (!pair && !merge.is_string())
        return malformedJson(where, "one of its 'merges' is no pair");
      std::string left = pair ? merge[0].get<std::string>() : "";
      if (pair && left.find(' ', 1) != left.npos)
        return malformedJson(where, "one of its 'merges' has a space inside of "
                                    "its first part");
      merges.push_back(pair ? left + " " + merge[1].get<std::string>()
                            : merge.get<std::string>());
    }
    to.strings("tokenizer.ggml.merges", merges);
    return {};
  }

  Json tokenizer;
  Json *model = nullptr;
  const std::string &where;
  MetadataWriter &to;
  AddedTokens &added;
  std::vector<std::string> tokens;
  std::vector<int32_t> kinds; ///< 0: no token has this id so far
  std::vector<double> scores;
  size_t most = 0; ///< ids are smaller
  /// The added tokens that want something of the text around them.
  std::array<std::pair<const char *, std::vector<int32_t>>, 4> edges = {
      {{"lstrip", {}},
       {"rstrip", {}},
       {"single_word", {}},
       {"normalized", {}}}};
};

} // namespace

Status writeTokenizer(Json tokenizer, const std::string &where,
                      MetadataWriter &to, AddedTokens &added) {
  return Converter(std::move(tokenizer), where, to, added).run();
}

} // namespace terrazzo::formats
