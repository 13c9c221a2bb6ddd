// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo tokenize: token ids of a text, special tokens parsed.
#include "Output.h"
#include "ReadInput.h"
#include "open/OpenPackage.h"
#include "options/Flags.h"
#include "verbs/Verbs.h"

#include "text/Tokenizer.h"

#include <nlohmann/json.hpp>

#include <memory>

using namespace terrazzo;
using nlohmann::ordered_json;

namespace {

struct TokenizeOptions {
  std::string prompt;
  std::string file;
  bool hasPrompt = false;
  bool lines = false;
  bool addBos = false;
};

/// --jsonl: a JSON string a line in, an array of ids a line out.
Status tokenizeLines(const text::Tokenizer &tokenizer, bool addBos) {
  auto texts = readJsonLines();
  if (!texts)
    return texts.takeError();
  std::string output;
  for (const std::string &text : *texts) {
    auto ids = tokenizer.encode(text, {addBos, true});
    if (!ids)
      return ids.takeError();
    output += ordered_json(*ids).dump() + "\n";
    if (output.size() > (1 << 16)) {
      if (Status status = writeResult(output); !status)
        return status;
      output.clear();
    }
  }
  return writeResult(output);
}

int runTokenize(const TokenizeOptions &options, const CommonOptions &common) {
  auto file = openWords(common.model);
  if (!file)
    return report(file.error());
  auto tokenizer = text::Tokenizer::create(**file);
  if (!tokenizer)
    return report(tokenizer.error());
  if (options.addBos && (*tokenizer)->bos() == text::noToken)
    return report(noEffect("--add-bos", "on this model",
                           "its vocabulary has no BOS token", "leave it out"));
  if (options.lines)
    return report(tokenizeLines(**tokenizer, options.addBos));

  std::string input = options.prompt;
  if (!options.hasPrompt) {
    Expected<std::string> text =
        readInput(options.file.empty() ? "-" : options.file);
    if (!text)
      return report(text.error());
    input = std::move(*text);
  }
  auto ids = (*tokenizer)->encode(input, {options.addBos, true});
  if (!ids)
    return report(ids.error());
  if (common.json)
    return report(writeJson({{"ids", *ids}}));
  std::string line;
  for (text::TokenId id : *ids)
    line += (line.empty() ? "" : " ") + std::to_string(id);
  return report(writeResult(line + "\n"));
}

} // namespace

void addTokenizeVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb = app.add_subcommand("tokenize", "token ids of a text");
  auto options = std::make_shared<TokenizeOptions>();
  addModelOption(*verb, common);
  addOutputOptions(*verb, common);
  CLI::Option *prompt =
      verb->add_option("-p,--prompt", options->prompt, "the text")
          ->type_name("TEXT");
  CLI::Option *file = addName(*verb, "-f,--file", options->file,
                              "a file with the text (default: stdin)", "FILE")
                          ->excludes(prompt);
  verb->add_flag("--jsonl", options->lines,
                 "a JSON string a line on stdin, an array a line on stdout")
      ->excludes(prompt)
      ->excludes(file);
  verb->add_flag("--add-bos", options->addBos, "begin with the BOS token");
  verb->callback([=, &common, &exitCode] {
    options->hasPrompt = prompt->count() > 0;
    exitCode = runTokenize(*options, common);
  });
}
