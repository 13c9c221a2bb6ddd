// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ModelTemplate.h.
#include "text/ModelTemplate.h"

namespace terrazzo::text {

static constexpr std::string_view key = "tokenizer.chat_template";

bool hasChatTemplate(const formats::ModelFile &file) {
  return file.find(key) != nullptr;
}

Expected<ChatTemplate> readChatTemplate(const formats::ModelFile &file) {
  if (!hasChatTemplate(file))
    return Error{ExitCode::ModelNotSupported,
                 "TZ0210",
                 "the model's file has no chat template",
                 file.path(),
                 "its metadata has no '" + std::string(key) + "'",
                 "use --no-chat and write the prompt in the model's own form"};
  Expected<std::string_view> source = file.getString(key);
  if (!source)
    return source.takeError();
  return ChatTemplate::parse(*source, file.path() + ": " + std::string(key));
}

static std::string tokenText(const formats::ModelFile &file, const char *name) {
  const formats::GgufValue *id = file.find(name);
  auto tokens =
      file.getArray("tokenizer.ggml.tokens", formats::GgufType::String);
  if (!id || !id->fitsUnsigned() || !tokens)
    return "";
  std::string text;
  uint64_t wanted = id->unsignedInteger(), index = 0;
  tokens->forEachString([&](std::string_view token) {
    if (index++ == wanted)
      text = token;
  });
  return text;
}

ChatOptions chatOptionsOf(const formats::ModelFile &file) {
  // The formats spell one of these in two ways.
  static constexpr std::pair<const char *, const char *> names[] = {
      {"bos_token", "bos"},       {"eos_token", "eos"},
      {"unk_token", "unknown"},   {"pad_token", "padding"},
      {"sep_token", "seperator"}, {"sep_token", "separator"},
      {"cls_token", "cls"},       {"mask_token", "mask"}};
  ChatOptions options;
  for (const auto &[variable, key] : names) {
    std::string full = std::string("tokenizer.ggml.") + key + "_token_id";
    if (std::string text = tokenText(file, full.c_str()); !text.empty())
      options.specialTokens[variable] = std::move(text);
  }
  return options;
}

} // namespace terrazzo::text
