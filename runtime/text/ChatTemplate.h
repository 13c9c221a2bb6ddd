// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chat templates: the Jinja program in a model file that turns a conversation
// into the prompt the model was trained on. The language is a subset of Jinja
// 3 (jinja.palletsprojects.com), with trim_blocks and lstrip_blocks on, as
// the models' authors run it; what is not supported is refused by name and
// line (TZ0211) when the template is read. A template is input from outside:
// its nesting, steps and output are bounded.
#pragma once

#include "support/Error.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace terrazzo::text {

namespace jinja {
struct Template;
class Value;
} // namespace jinja

struct ChatMessage {
  std::string role;
  std::string content;
};

struct ChatOptions {
  bool addGenerationPrompt = true;
  std::string bosToken; ///< text of the BOS token, for templates that print it
  std::string eosToken;
};

class ChatTemplate {
public:
  /// Reads a template. `where` is named in errors. Errors: TZ0211
  /// (unsupported), TZ0212 (syntax).
  static Expected<ChatTemplate> parse(std::string_view source,
                                      const std::string &where);
  ChatTemplate(ChatTemplate &&) noexcept;
  ChatTemplate &operator=(ChatTemplate &&) noexcept;
  ~ChatTemplate();

  /// The prompt of a conversation. Errors: TZ0213 (the template failed),
  /// TZ0214 (it refused the conversation by raise_exception).
  Expected<std::string> render(const std::vector<ChatMessage> &messages,
                               const ChatOptions &options) const;

  /// The same with messages as a JSON array of objects, whose further keys
  /// (tool calls, parts of content) the template sees too. Errors: TZ0215
  /// (not such an array).
  Expected<std::string> renderJson(std::string_view messages,
                                   const ChatOptions &options) const;

private:
  explicit ChatTemplate(std::unique_ptr<jinja::Template> program,
                        std::string where);
  Expected<std::string> renderValue(jinja::Value messages,
                                    const ChatOptions &options) const;

  std::unique_ptr<jinja::Template> program;
  std::string where;
};

} // namespace terrazzo::text
