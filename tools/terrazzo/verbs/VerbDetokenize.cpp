// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo detokenize: text of token ids, control tokens included.
#include "Output.h"
#include "ReadInput.h"
#include "open/OpenPackage.h"
#include "verbs/Verbs.h"

#include "text/Tokenizer.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <memory>

using namespace terrazzo;

/// Appends the ids in whitespace- or comma-separated text.
static Status parseIds(std::string_view text, size_t vocabulary,
                       std::vector<text::TokenId> &ids) {
  constexpr std::string_view separators = " \t\r\n,[]";
  while (true) {
    size_t begin = text.find_first_not_of(separators);
    if (begin == text.npos)
      return {};
    text.remove_prefix(begin);
    std::string_view word =
        text.substr(0, std::min(text.size(), text.find_first_of(separators)));
    text.remove_prefix(word.size());
    text::TokenId id = 0;
    auto [end, error] =
        std::from_chars(word.data(), word.data() + word.size(), id);
    bool number = end == word.data() + word.size();
    if (number && error == std::errc::result_out_of_range)
      id = -1;
    else if (!number || error != std::errc())
      return Error{ExitCode::Usage,
                   "TZ0013",
                   "a token id is not a number",
                   "'" + std::string(word.substr(0, 40)) + "'",
                   "",
                   "give whitespace-separated integers from 0 on"};
    if (id < 0 || size_t(id) >= vocabulary)
      return Error{ExitCode::Usage,
                   "TZ0013",
                   "a token id lies outside of the vocabulary",
                   "'" + std::string(word.substr(0, 40)) + "'",
                   "the model's ids go from 0 to " +
                       std::to_string(vocabulary - 1),
                   "give ids of this model's tokens; `terrazzo tokenize` "
                   "makes some"};
    ids.push_back(id);
  }
}

static int runDetokenize(const std::vector<std::string> &words,
                         const CommonOptions &common) {
  auto file = openWords(common.model);
  if (!file)
    return report(file.error());
  auto tokenizer = text::Tokenizer::create(**file);
  if (!tokenizer)
    return report(tokenizer.error());
  std::string input;
  for (const std::string &word : words)
    input += word + " ";
  if (words.empty()) {
    Expected<std::string> text = readInput("-");
    if (!text)
      return report(text.error());
    input = std::move(*text);
  }
  std::vector<text::TokenId> ids;
  if (Status status = parseIds(input, (*tokenizer)->vocabularySize(), ids);
      !status)
    return report(status);
  std::string text = (*tokenizer)->decode(ids, true);
  if (common.json)
    return report(writeJson({{"text", text}}));
  return report(writeResult(text + "\n"));
}

void addDetokenizeVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb = app.add_subcommand("detokenize", "text of token ids");
  auto words = std::make_shared<std::vector<std::string>>();
  addModelOption(*verb, common);
  addOutputOptions(*verb, common);
  verb->add_option("ids", *words, "token ids (default: from stdin)")
      ->type_name("IDS");
  verb->callback(
      [=, &common, &exitCode] { exitCode = runDetokenize(*words, common); });
}
