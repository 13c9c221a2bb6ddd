// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo chat-template: the prompt that the model's template makes of a
// conversation.
#include "Output.h"
#include "ReadInput.h"
#include "open/OpenPackage.h"
#include "verbs/Verbs.h"

#include "text/ModelTemplate.h"

#include <nlohmann/json.hpp>

#include <memory>

using namespace terrazzo;

static int runChatTemplate(bool addGenerationPrompt,
                           const CommonOptions &common) {
  auto file = openWords(common.model);
  if (!file)
    return report(file.error());
  auto chat = text::readChatTemplate(**file);
  if (!chat)
    return report(chat.error());
  Expected<std::string> input = readInput("-");
  if (!input)
    return report(input.error());
  text::ChatOptions options = text::chatOptionsOf(**file);
  options.addGenerationPrompt = addGenerationPrompt;
  auto prompt = chat->renderJson(*input, options);
  if (!prompt)
    return report(prompt.error());
  if (common.json)
    return report(writeJson({{"text", prompt->text}}));
  // Exactly the prompt: no line's end is added.
  return report(writeResult(prompt->text));
}

void addChatTemplateVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb = app.add_subcommand(
      "chat-template", "the prompt of a conversation: stdin is a JSON array of "
                       "{\"role\", \"content\"}");
  auto without = std::make_shared<bool>(false);
  addModelOption(*verb, common);
  addOutputOptions(*verb, common);
  verb->add_flag("--no-generation-prompt", *without,
                 "leave the opening of the answer out");
  verb->callback([=, &common, &exitCode] {
    exitCode = runChatTemplate(!*without, common);
  });
}
