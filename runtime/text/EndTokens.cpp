// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See EndTokens.h.
#include "text/EndTokens.h"

#include "text/ModelTemplate.h"

#include <algorithm>

namespace terrazzo::text {

using formats::ModelFile;

/// Ends of a turn, of a message, of a text.
static constexpr std::string_view endNames[] = {
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|end_of_turn|>",
    "<|END_OF_TURN_TOKEN|>",
    "<end_of_utterance>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "<|EOT|>",
    "<EOT>",
    "_<EOT>",
    "< EOT >",
    "[EOT]",
    "[EOS]",
    "<eos>",
    "</s>",
    "<turn|>",
    "<|return|>",
    "<|call|>",
    "<|calls|>",
    "<|flush|>",
};

/// Between files, and where a text is padded: behind an answer. Only as control
/// tokens, for as text they may be meant.
static constexpr std::string_view fileNames[] = {
    "<|fim_pad|>", "<fim-pad>",     "<fim_pad>",   "<PAD>",
    "[PAD]",       "<|fim_repo|>",  "<fim-repo>",  "<REPO>",
    "<reponame>",  "<|repo_name|>", "<repo_name>", "<|file_sep|>",
};

namespace {

class Finder {
public:
  Finder(const ModelFile &file, Vocabulary &vocabulary)
      : file(file), vocabulary(vocabulary) {}

  Status run() {
    for (const char *key :
         {"eos_token_id", "eot_token_id", "eom_token_id", "fim_pad_token_id",
          "fim_rep_token_id", "fim_sep_token_id"}) {
      auto id = readTokenId(file, vocabulary, key);
      if (!id)
        return id.takeError();
      if (*id != noToken)
        ends.push_back(*id);
    }
    if (Status status = addListed(); !status)
      return status;
    for (std::string_view name : endNames)
      consider(vocabulary.find(name));
    for (std::string_view name : fileNames)
      if (TokenId id = vocabulary.find(name);
          id != noToken && vocabulary.type(id) == TokenType::Control)
        ends.push_back(id);
    considerTemplate();
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    return {};
  }

  std::vector<TokenId> ends;

private:
  /// Those that a folder's generation_config.json or config.json lists.
  Status addListed() {
    constexpr std::string_view key = "tokenizer.end_token_ids";
    if (!file.find(key))
      return {};
    auto list = file.getArray(key, formats::GgufType::Int32);
    if (!list)
      return list.takeError();
    for (uint64_t i = 0; i < list->count; ++i)
      if (TokenId id = TokenId(list->integer(i)); vocabulary.contains(id))
        ends.push_back(id);
    return {};
  }

  bool has(std::string_view name) const {
    return vocabulary.find(name) != noToken;
  }

  void consider(TokenId id) {
    if (id == noToken || goesOn(vocabulary.text(id)))
      return;
    TokenType type = vocabulary.type(id);
    if (type != TokenType::Control && isText(id, type))
      return;
    ends.push_back(id);
    if (type != TokenType::Control)
      vocabulary.treatAsControl(id);
  }

  /// In formats that give an answer in several messages, the end of one of them
  /// is not yet that of the answer.
  bool goesOn(std::string_view name) const {
    return name == "<|end|>" && (has("<|return|>") || has("<|flush|>")) &&
           (has("<|call|>") || has("<|calls|>"));
  }

  /// Whether ordinary text has this token.
  bool isText(TokenId id, TokenType type) const {
    std::string_view name = vocabulary.text(id);
    // A strikethrough's end, in vocabularies that have a token for each tag.
    if (name == "</s>" && has("</b>"))
      return true;
    return type == TokenType::Normal && isMerged(name);
  }

  /// Whether the tokenizer makes this token of smaller ones.
  bool isMerged(std::string_view name) const {
    auto merges =
        file.getArray("tokenizer.ggml.merges", formats::GgufType::String);
    if (!merges) {
      for (size_t at = 1; at < name.size(); ++at)
        if (has(name.substr(0, at)) && has(name.substr(at)))
          return true;
      return false;
    }
    bool found = false;
    merges->forEachString([&](std::string_view merge) {
      if (merge.size() != name.size() + 1)
        return;
      size_t space = merge.find(' ', 1);
      found |= space != merge.npos &&
               merge.substr(0, space) == name.substr(0, space) &&
               merge.substr(space + 1) == name.substr(space);
    });
    return found;
  }

  /// The token that the template writes behind an answer. A template that
  /// cannot be rendered says nothing here; whoever wants it is told why.
  void considerTemplate() {
    if (!hasChatTemplate(file))
      return;
    auto chat = readChatTemplate(file);
    if (!chat)
      return;
    ChatOptions options = chatOptionsOf(file);
    options.addGenerationPrompt = false;
    constexpr std::string_view mark = "Terrazzo-asks-what-follows";
    auto prompt = chat->render({{"user", "Hello"},
                                {"assistant", std::string(mark)},
                                {"user", "Hello"}},
                               options);
    if (!prompt)
      return;
    std::string_view rest = prompt->text;
    size_t at = rest.rfind(mark);
    if (at == rest.npos)
      return;
    rest.remove_prefix(at + mark.size());
    rest.remove_prefix(
        std::min(rest.size(), rest.find_first_not_of(" \n\r\t")));
    // What opens the next turn ends this one too, but for the text's own
    // beginning.
    TokenId id = markupAt(rest);
    if (auto bos = readTokenId(file, vocabulary, "bos_token_id");
        bos && *bos != id)
      consider(id);
  }

  /// The token "<...>" or "[...]" that `text` begins with.
  TokenId markupAt(std::string_view text) const {
    if (!text.starts_with('<') && !text.starts_with('['))
      return noToken;
    size_t end = text.find(text[0] == '<' ? '>' : ']');
    return end == text.npos ? noToken
                            : vocabulary.find(text.substr(0, end + 1));
  }

  const ModelFile &file;
  Vocabulary &vocabulary;
};

} // namespace

Expected<std::vector<TokenId>> findEndTokens(const ModelFile &file,
                                             Vocabulary &vocabulary) {
  Finder finder(file, vocabulary);
  if (Status status = finder.run(); !status)
    return status.takeError();
  return std::move(finder.ends);
}

Expected<TokenId> readTokenId(const ModelFile &file,
                              const Vocabulary &vocabulary, const char *key) {
  std::string full = std::string("tokenizer.ggml.") + key;
  if (!file.find(full))
    return noToken;
  Expected<uint64_t> value = file.getUInt(full);
  if (!value)
    return value.takeError();
  return *value < vocabulary.size() ? TokenId(*value) : noToken;
}

} // namespace terrazzo::text
