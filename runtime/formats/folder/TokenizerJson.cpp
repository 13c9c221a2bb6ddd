// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See TokenizerJson.h.
#include "formats/folder/TokenizerJson.h"

#include <array>
#include <optional>

namespace terrazzo::formats {

namespace {

constexpr size_t mostTokens = 1u << 24;

/// The numbers of tokenizer.ggml.token_type.
enum TokenKind : int32_t { Normal = 1, Control = 3, UserDefined = 4 };

std::string textOf(const Json &object, const char *key) {
  auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string();
}

bool flagOf(const Json &object, const char *key, bool otherwise) {
  auto found = object.find(key);
  return found != object.end() && found->is_boolean() ? found->get<bool>()
                                                      : otherwise;
}

class Converter {
public:
  Converter(const Json &tokenizer, const std::string &where, MetadataWriter &to)
      : tokenizer(tokenizer), where(where), to(to) {}

  Status run() {
    if (!tokenizer.is_object() || !part("model").is_object())
      return malformedJson(where, "it has no 'model'");
    std::string type = textOf(part("model"), "type");
    std::string unknown = type == "WordPiece" ? whyNotWordPiece()
                          : type == "BPE"     ? whyNotByteLevel()
                                              : type;
    if (unknown.empty())
      if (Status status = readVocabulary(type == "WordPiece"); !status)
        return status;
    bool framed = unknown.empty() && findFrame();
    // What generates text may have other tokens around it, or none.
    if (unknown.empty() && !framed && type == "WordPiece")
      unknown = type + " with a post_processor that is not 'CLS text SEP'";
    if (!unknown.empty()) {
      to.string("tokenizer.ggml.model", unknown);
      return {};
    }
    to.strings("tokenizer.ggml.tokens", tokens);
    to.integers("tokenizer.ggml.token_type", kinds);
    for (const auto &[key, ids] : edges)
      if (!ids.empty())
        to.integers(std::string("tokenizer.added_tokens.") + key, ids);
    if (framed) {
      to.number("tokenizer.ggml.cls_token_id", uint32_t(before));
      to.number("tokenizer.ggml.seperator_token_id", uint32_t(behind));
    }
    return type == "WordPiece" ? writeWordPiece() : writeByteLevel(framed);
  }

private:
  const Json &part(const char *key) const {
    static const Json none;
    auto found = tokenizer.find(key);
    return found == tokenizer.end() ? none : *found;
  }

  std::string whyNotWordPiece() const {
    std::string normalizer = textOf(part("normalizer"), "type"),
                words = textOf(part("pre_tokenizer"), "type");
    if (normalizer != "BertNormalizer")
      return "WordPiece with the normalizer '" + normalizer + "'";
    if (words != "BertPreTokenizer")
      return "WordPiece with the pre_tokenizer '" + words + "'";
    if (textOf(part("model"), "continuing_subword_prefix") != "##")
      return "WordPiece with another prefix than '##'";
    // They are looked for in the text as the normalizer leaves it.
    if (const Json &added = part("added_tokens"); added.is_array())
      for (const Json &token : added)
        if (token.is_object() && flagOf(token, "normalized", false))
          return "WordPiece with the normalized token '" +
                 inOneLine(textOf(token, "content")) + "'";
    return {};
  }

  bool composes() const { return textOf(part("normalizer"), "type") == "NFC"; }

  std::string whyNotByteLevel() const {
    const Json &words = part("pre_tokenizer"), &model = part("model");
    if (!part("normalizer").is_null() && !composes())
      return "BPE with the normalizer '" + textOf(part("normalizer"), "type") +
             "'";
    if (textOf(words, "type") != "ByteLevel" ||
        flagOf(words, "add_prefix_space", true) ||
        !flagOf(words, "use_regex", true))
      return "BPE with the pre_tokenizer '" + textOf(words, "type") + "'";
    for (const char *key :
         {"dropout", "continuing_subword_prefix", "end_of_word_suffix"})
      if (auto found = model.find(key);
          found != model.end() && !found->is_null() && *found != "")
        return std::string("BPE with '") + key + "'";
    return {};
  }

  /// Texts and kinds by id. In GGUF a piece that begins a word carries a mark,
  /// and one that continues it has lost its prefix.
  Status readVocabulary(bool pieces) {
    const Json &model = part("model");
    auto vocabulary = model.find("vocab");
    if (vocabulary == model.end() || !vocabulary->is_object() ||
        vocabulary->size() > mostTokens)
      return malformedJson(where, "its model has no 'vocab'");
    for (const auto &[text, id] : vocabulary->items())
      if (Status status = place(id, text, Normal); !status)
        return status;
    const Json &added = part("added_tokens");
    if (!added.is_null() && !added.is_array())
      return malformedJson(where, "its 'added_tokens' are no list");
    for (const Json &token : added) {
      auto id = token.is_object() ? token.find("id") : token.end();
      if (!token.is_object() || id == token.end())
        return malformedJson(where, "one of its 'added_tokens' has no id");
      if (Status status =
              place(*id, textOf(token, "content"),
                    flagOf(token, "special", false) ? Control : UserDefined);
          !status)
        return status;
      for (auto &[key, ids] : edges)
        if (flagOf(token, key, false))
          ids.push_back(id->get<int32_t>());
    }
    for (size_t id = 0; id < tokens.size(); ++id) {
      if (kinds[id] == 0)
        return malformedJson(where,
                             "no token has the id " + std::to_string(id));
      if (pieces && kinds[id] == Normal)
        tokens[id] = tokens[id].starts_with("##") ? tokens[id].substr(2)
                                                  : "\xE2\x96\x81" + tokens[id];
    }
    return {};
  }

  Status place(const Json &id, const std::string &text, TokenKind kind) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= mostTokens)
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

  std::optional<int32_t> idOf(const std::string &text) const {
    for (size_t id = 0; id < tokens.size(); ++id)
      if (kinds[id] != Normal && tokens[id] == text)
        return int32_t(id);
    return std::nullopt;
  }

  /// The tokens before and behind a text.
  bool findFrame() {
    const Json &post = part("post_processor");
    std::string type = textOf(post, "type"), first, last;
    if (type == "BertProcessing" || type == "RobertaProcessing") {
      auto nameIn = [&](const char *key) {
        auto pair = post.find(key);
        return pair != post.end() && pair->is_array() && pair->size() == 2 &&
                       (*pair)[0].is_string()
                   ? (*pair)[0].get<std::string>()
                   : std::string();
      };
      first = nameIn("cls");
      last = nameIn("sep");
    } else if (type == "TemplateProcessing") {
      auto single = post.find("single");
      if (single == post.end() || !single->is_array() || single->size() != 3 ||
          !(*single)[1].contains("Sequence"))
        return false;
      auto special = [&](size_t at) {
        const Json &entry = (*single)[at];
        return entry.is_object() && entry.contains("SpecialToken")
                   ? textOf(entry["SpecialToken"], "id")
                   : std::string();
      };
      first = special(0);
      last = special(2);
    }
    auto a = idOf(first), b = idOf(last);
    if (!a || !b)
      return false;
    before = *a;
    behind = *b;
    return true;
  }

  Status writeWordPiece() {
    const Json &normalizer = part("normalizer"), &model = part("model");
    auto unknown = idOf(textOf(model, "unk_token"));
    if (!unknown)
      return malformedJson(where, "its model's 'unk_token' is no token");
    bool lowercase = flagOf(normalizer, "lowercase", true);
    to.string("tokenizer.ggml.model", "bert");
    to.number("tokenizer.ggml.unknown_token_id", uint32_t(*unknown));
    to.boolean("tokenizer.wordpiece.lowercase", lowercase);
    // Said by nobody, accents go with the capitals.
    to.boolean("tokenizer.wordpiece.strip_accents",
               flagOf(normalizer, "strip_accents", lowercase));
    to.boolean("tokenizer.wordpiece.clean_text",
               flagOf(normalizer, "clean_text", true));
    to.boolean("tokenizer.wordpiece.split_chinese",
               flagOf(normalizer, "handle_chinese_chars", true));
    auto longest = model.find("max_input_chars_per_word");
    if (longest != model.end() && longest->is_number_unsigned())
      to.number(
          "tokenizer.wordpiece.longest_word",
          uint32_t(std::min<uint64_t>(longest->get<uint64_t>(), 1u << 20)));
    return {};
  }

  Status writeByteLevel(bool framed) {
    std::vector<std::string> merges;
    const Json &model = part("model");
    auto list = model.find("merges");
    if (list == model.end() || !list->is_array())
      return malformedJson(where, "its model has no 'merges'");
    for (const Json &merge : *list) {
      bool pair = merge.is_array() && merge.size() == 2 &&
                  merge[0].is_string() && merge[1].is_string();
      if (!pair && !merge.is_string())
        return malformedJson(where, "one of its 'merges' is no pair");
      merges.push_back(pair ? merge[0].get<std::string>() + " " +
                                  merge[1].get<std::string>()
                            : merge.get<std::string>());
    }
    to.string("tokenizer.ggml.model", "gpt2");
    to.string("tokenizer.ggml.pre", "gpt-2");
    to.strings("tokenizer.ggml.merges", merges);
    to.boolean("tokenizer.bpe.compose", composes());
    if (framed) {
      to.number("tokenizer.ggml.bos_token_id", uint32_t(before));
      to.number("tokenizer.ggml.eos_token_id", uint32_t(behind));
    }
    return {};
  }

  const Json &tokenizer;
  const std::string &where;
  MetadataWriter &to;
  std::vector<std::string> tokens;
  std::vector<int32_t> kinds; ///< 0: no token has this id so far
  /// The added tokens that want something of the text around them.
  std::array<std::pair<const char *, std::vector<int32_t>>, 4> edges = {
      {{"lstrip", {}},
       {"rstrip", {}},
       {"single_word", {}},
       {"normalized", {}}}};
  int32_t before = 0, behind = 0;
};

} // namespace

Status writeTokenizer(const Json &tokenizer, const std::string &where,
                      MetadataWriter &to) {
  return Converter(tokenizer, where, to).run();
}

} // namespace terrazzo::formats
