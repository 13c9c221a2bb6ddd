// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chat templates: the Jinja program in a model file that turns a conversation
// into the prompt the model was trained on. The language is Jinja 3's as
// transformers sets it up: trim_blocks, lstrip_blocks, its immutable sandbox,
// break and continue, `generation`, `tojson`, `raise_exception` and
// `strftime_now`. The few things of it that are not supported are refused by
// name and line (TZ0211). A template is input from outside: its nesting,
// steps, output and memory are bounded.
#pragma once

#include "support/Error.h"
#include "text/TextSpan.h"

#include <ctime>
#include <functional>
#include <map>
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
  /// Texts of the model's special tokens by the names that templates know:
  /// "bos_token", "eos_token", …; those that the model has.
  std::map<std::string, std::string> specialTokens;
  /// The clock of strftime_now; the local time where there is none.
  std::function<std::tm()> now;
};

struct ChatPrompt {
  std::string text;
  /// What came from the conversation and not from the template: contents,
  /// names, arguments, and everything made of them. Roles, special tokens and
  /// the template's own text are not foreign.
  TextSpans foreign;
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
  Expected<ChatPrompt> render(const std::vector<ChatMessage> &messages,
                              const ChatOptions &options) const;

  /// The same with messages as a JSON array of objects, whose further keys
  /// (tool calls, parts of content) the template sees too. Errors: TZ0215
  /// (not such an array).
  Expected<ChatPrompt> renderJson(std::string_view messages,
                                  const ChatOptions &options) const;

private:
  explicit ChatTemplate(std::unique_ptr<jinja::Template> program,
                        std::string where);
  Expected<ChatPrompt> renderValue(jinja::Value messages,
                                   const ChatOptions &options) const;

  std::unique_ptr<jinja::Template> program;
  std::string where;
};

} // namespace terrazzo::text
