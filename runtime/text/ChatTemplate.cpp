// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ChatTemplate.h.
#include "text/ChatTemplate.h"

#include "support/Utf8.h"
#include "text/jinja/Interpreter.h"
#include "text/jinja/Parser.h"

#include <nlohmann/json.hpp>

namespace terrazzo::text {

using nlohmann::ordered_json;

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

Expected<std::string>
ChatTemplate::renderValue(jinja::Value messages,
                          const ChatOptions &options) const {
  jinja::Dict globals;
  globals.set("messages", std::move(messages));
  globals.set("add_generation_prompt", options.addGenerationPrompt);
  globals.set("bos_token", options.bosToken);
  globals.set("eos_token", options.eosToken);
  globals.set("tools", jinja::None{});
  globals.set("documents", jinja::None{});
  try {
    return jinja::Interpreter(std::move(globals)).render(*program);
  } catch (const jinja::Failure &failure) {
    return toError(failure, where);
  }
}

Expected<std::string>
ChatTemplate::render(const std::vector<ChatMessage> &messages,
                     const ChatOptions &options) const {
  jinja::List list;
  for (const ChatMessage &message : messages) {
    jinja::Dict entry;
    entry.set("role", repairUtf8(message.role));
    entry.set("content", repairUtf8(message.content));
    list.push_back(std::move(entry));
  }
  return renderValue(std::move(list), options);
}

/// Sets `sound` to false where the JSON is nested too deeply.
static jinja::Value fromJson(const ordered_json &json, int depth, bool &sound) {
  if (depth > 100) {
    sound = false;
    return {};
  }
  if (json.is_string())
    return json.get<std::string>();
  if (json.is_boolean())
    return json.get<bool>();
  if (json.is_number_integer())
    return json.get<int64_t>();
  if (json.is_number())
    return json.get<double>();
  if (json.is_array()) {
    jinja::List list;
    for (const ordered_json &item : json)
      list.push_back(fromJson(item, depth + 1, sound));
    return list;
  }
  if (json.is_object()) {
    jinja::Dict dict;
    for (const auto &[key, value] : json.items())
      dict.set(key, fromJson(value, depth + 1, sound));
    return dict;
  }
  return jinja::None{};
}

Expected<std::string>
ChatTemplate::renderJson(std::string_view messages,
                         const ChatOptions &options) const {
  ordered_json json = ordered_json::parse(messages, nullptr, false);
  bool sound = json.is_array();
  for (size_t i = 0; sound && i < json.size(); ++i)
    sound = json[i].is_object() && json[i].contains("role") &&
            json[i]["role"].is_string();
  jinja::Value list;
  if (sound)
    list = fromJson(json, 0, sound);
  if (!sound)
    return Error{ExitCode::Usage,
                 "TZ0215",
                 "the conversation is not a JSON array of messages",
                 "",
                 "each must be an object with 'role' and 'content'",
                 "for example [{\"role\": \"user\", \"content\": \"Hello\"}]"};
  return renderValue(std::move(list), options);
}

} // namespace terrazzo::text
