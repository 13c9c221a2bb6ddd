// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ModelTemplate.h.
#include "text/ModelTemplate.h"

namespace terrazzo::text {

static constexpr std::string_view key = "tokenizer.chat_template";

bool hasChatTemplate(const formats::GgufFile &file) {
  return file.find(key) != nullptr;
}

Expected<ChatTemplate> readChatTemplate(const formats::GgufFile &file) {
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

static std::string tokenText(const formats::GgufFile &file, const char *name) {
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

ChatOptions chatOptionsOf(const formats::GgufFile &file) {
  ChatOptions options;
  options.bosToken = tokenText(file, "tokenizer.ggml.bos_token_id");
  options.eosToken = tokenText(file, "tokenizer.ggml.eos_token_id");
  return options;
}

} // namespace terrazzo::text
