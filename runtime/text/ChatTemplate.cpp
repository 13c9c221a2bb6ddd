// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ChatTemplate.h.
#include "text/ChatTemplate.h"

#include "support/Utf8.h"
#include "text/ChatJson.h"
#include "text/jinja/Interpreter.h"
#include "text/jinja/syntax/Parser.h"

namespace terrazzo::text {

static Error toError(const jinja::Failure &failure, const std::string &where) {
  std::string_view code = failure.code;
  Error error;
  error.exit = code == "TZ0214" ? ExitCode::Usage : ExitCode::ModelNotSupported;
  error.code = failure.code;
  error.where = where + ", line " + std::to_string(failure.line);
  error.why = failure.what;
  error.help = "use --no-chat and write the prompt in the model's own form";
  if (code == "TZ0211") {
    error.what = "the chat template uses what Terrazzo's Jinja does not have";
  } else if (code == "TZ0212") {
    error.what = "the chat template is malformed";
  } else if (code == "TZ0213") {
    error.what = "the chat template failed";
  } else {
    error.what = "the model's chat template refuses this conversation";
    error.help = "";
  }
  return error;
}

ChatTemplate::ChatTemplate(std::unique_ptr<jinja::Template> program,
                           std::string where)
    : program(std::move(program)), where(std::move(where)) {}
ChatTemplate::ChatTemplate(ChatTemplate &&) noexcept = default;
ChatTemplate &ChatTemplate::operator=(ChatTemplate &&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Expected<ChatTemplate> ChatTemplate::parse(std::string_view source,
                                           const std::string &where) {
  try {
    return ChatTemplate(jinja::parseTemplate(repairUtf8(source)), where);
  } catch (const jinja::Failure &failure) {
    return toError(failure, where);
  }
}

static std::tm localTime() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  return parts;
}

Expected<ChatPrompt>
ChatTemplate::renderValue(jinja::Value messages,
                          const ChatOptions &options) const {
  try {
    jinja::Dict variables;
    for (const auto &[name, text] : options.specialTokens)
      variables.set(name, text);
    variables.set("messages", std::move(messages));
    variables.set("add_generation_prompt", options.addGenerationPrompt);
    variables.set("tools", jinja::None{});
    variables.set("documents", jinja::None{});
    jinja::Interpreter interpreter(std::move(variables),
                                   options.now ? options.now : localTime);
    jinja::TextPtr prompt = interpreter.render(*program);
    return ChatPrompt{prompt->bytes, prompt->foreign};
  } catch (const jinja::Failure &failure) {
    return toError(failure, where);
  }
}

Expected<ChatPrompt>
ChatTemplate::render(const std::vector<ChatMessage> &messages,
                     const ChatOptions &options) const {
  jinja::List list;
  for (const ChatMessage &message : messages) {
    jinja::Dict entry;
    entry.set("role", repairUtf8(message.role));
    entry.set(
        "content",
        jinja::TextBuilder().add(repairUtf8(message.content), true).take());
    list.push_back(std::make_shared<const jinja::Dict>(std::move(entry)));
  }
  return renderValue(std::move(list), options);
}

/// Missing, too, where it does not fit the bounds of values.
static jinja::Value readBounded(std::string_view messages) {
  try {
    return readMessages(messages);
  } catch (const jinja::Failure &) {
    return {};
  }
}

Expected<ChatPrompt>
ChatTemplate::renderJson(std::string_view messages,
                         const ChatOptions &options) const {
  jinja::Value list = readBounded(messages);
  if (list.isMissing())
    return Error{ExitCode::Usage,
                 "TZ0215",
                 "the conversation is not a JSON array of messages",
                 "",
                 "each must be an object with 'role' and 'content'",
                 "for example [{\"role\": \"user\", \"content\": \"Hello\"}]"};
  return renderValue(std::move(list), options);
}

} // namespace terrazzo::text
