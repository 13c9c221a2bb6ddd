// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo run: a prompt in, text out, streaming.
#include "Generate.h"
#include "Interrupt.h"
#include "Output.h"
#include "ReadIds.h"
#include "ReadInput.h"
#include "open/OpenModel.h"
#include "options/Flags.h"
#include "options/RunOptions.h"
#include "verbs/Verbs.h"

#include <nlohmann/json.hpp>

#include <limits>
#include <memory>

using namespace terrazzo;
using nlohmann::ordered_json;

namespace {

/// What the files of the prompt hold, before anything expensive is done.
Status readPrompt(RunOptions &options) {
  if (!options.ids.empty()) {
    auto ids = readIds(options.ids);
    if (!ids)
      return ids.takeError();
    options.tokens = std::move(*ids);
  }
  if (!options.file.empty()) {
    auto text = readInput(options.file);
    if (!text)
      return text.takeError();
    options.prompt = std::move(*text);
  }
  return {};
}

/// Tokens of the prompt, from whichever flag gives it.
Expected<std::vector<int32_t>> promptTokens(const RunOptions &options,
                                            const formats::ModelFile &model,
                                            const text::Tokenizer &tokenizer) {
  if (!options.ids.empty())
    return options.tokens;
  bool wanted = options.chat == Chat::Always ||
                (options.chat == Chat::WhenGiven && options.file.empty());
  if (!wanted)
    return tokenizer.encode(options.prompt, {tokenizer.addsBos(), true});
  return chatTokens({{"user", options.prompt}}, options.chat == Chat::Always,
                    options.special, model, tokenizer);
}

std::string timings(const OpenedModel &opened, const Answer &answer) {
  // A rate is that of the steps that the time is of.
  auto rate = [](size_t tokens, size_t steps, double seconds) {
    return std::to_string(tokens) + (tokens == 1 ? " token" : " tokens") +
           " in " + decimals(seconds, 3) + " s" +
           (steps > 0 && seconds > 0
                ? ", " + decimals(double(steps) / seconds, 1) + " tok/s"
                : "");
  };
  return "load " + decimals(opened.loadSeconds, 3) + " s | compile " +
         decimals(opened.compileSeconds, 3) + " s | prompt " +
         rate(answer.promptTokens, answer.promptTokens, answer.promptSeconds) +
         " | generation " +
         rate(answer.ids.size(), answer.steps, answer.generateSeconds);
}

} // namespace

Status writeAnswer(const OpenedModel &opened, const Answer &answer) {
  return writeJson({{"text", answer.text},
                    {"ids", answer.ids},
                    {"prompt_tokens", answer.promptTokens},
                    {"generated_tokens", answer.ids.size()},
                    {"generate_steps", answer.steps},
                    {"load_s", opened.loadSeconds},
                    {"compile_s", opened.compileSeconds},
                    {"prompt_s", answer.promptSeconds},
                    {"generate_s", answer.generateSeconds},
                    {"stop", answer.stop}});
}

namespace {

int finish(const CommonOptions &common, const OpenedModel &opened,
           const Answer &answer, const Notes &notes) {
  Status written =
      common.json ? writeAnswer(opened, answer) : writeResult("\n");
  if (!written)
    return report(written);
  if (answer.stop == "context")
    notes.line("the context is full (" +
               std::to_string(opened.session->contextSize()) +
               " tokens); --ctx-size makes it larger");
  notes.line(timings(opened, answer));
  return int(answer.stop == "interrupted" ? ExitCode::Interrupted
                                          : ExitCode::Ok);
}

/// Flags that this way of running has no use for.
Status checkMode(const RunOptions &options) {
  if (options.converse && !options.ids.empty())
    return noEffect("--ids", "with -i", "a conversation is made of text",
                    "give the first turn with -p or -f");
  if (options.converse && options.file == "-")
    return noEffect("-f -", "with -i",
                    "the turns of the conversation come from standard input",
                    "give the first turn with -p, or name a file");
  if (options.chat == Chat::Always && !options.ids.empty())
    return noEffect("--chat", "with --ids", "token ids are used as they are",
                    "leave it out, or give text with -p or -f");
  bool templated = options.chat == Chat::Always ||
                   (options.chat == Chat::WhenGiven && options.ids.empty() &&
                    (options.file.empty() || options.converse));
  if (options.special && !templated)
    return noEffect("--special", "without a chat template",
                    "the text is read with its control tokens anyway",
                    "leave it out");
  return checkSamplerFlags(options.sampler);
}

int runRun(RunOptions options, const CommonOptions &common) {
  int sources =
      !options.ids.empty() + !options.file.empty() + options.hasPrompt;
  if (sources > 1 || (sources == 0 && !options.converse))
    return report(
        Error{ExitCode::Usage, "TZ0035",
              sources ? "there are several prompts" : "there is no prompt",
              "run", "", "give one of -p TEXT, -f FILE, --ids FILE, or -i"});
  if (Status status = checkMode(options); !status)
    return report(status);
  if (Status status = readPrompt(options); !status)
    return report(status);
  Notes notes(common.quiet, common.why);
  auto opened = openModel(common, notes);
  if (!opened)
    return report(opened.error());
  auto tokenizer = text::Tokenizer::create(*opened->file);
  if (!tokenizer)
    return report(tokenizer.error());
  auto settings = chooseSampler(options.sampler, *opened->file,
                                opened->session->contextSize(), notes);
  if (!settings)
    return report(settings.error());
  text::Sampler sampler(*settings, opened->session->vocabulary());
  Generator generator(*opened->session, **tokenizer, sampler);
  if (options.converse)
    return converse(options, common, *opened, **tokenizer, generator, notes);
  auto prompt = promptTokens(options, *opened->file, **tokenizer);
  if (!prompt)
    return report(prompt.error());
  auto answer =
      generator.run(*prompt, options.generate, [&](std::string_view text) {
        return common.json ? Status() : writeResult(text);
      });
  if (!answer)
    return report(answer.error());
  return finish(common, *opened, *answer, notes);
}

} // namespace

void addRunVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb = app.add_subcommand("run", "answer a prompt");
  auto options = std::make_shared<RunOptions>();
  addCompiledModelOption(*verb, common);
  addComputeOptions(*verb, common);
  addOutputOptions(*verb, common);
  CLI::Option *prompt =
      verb->add_option("-p,--prompt", options->prompt, "the prompt")
          ->type_name("TEXT");
  addName(*verb, "-f,--file", options->file, "a file with the prompt", "FILE");
  addName(*verb, "--ids", options->ids, "a file of token ids, used as they are",
          "FILE");
  addWhole<int32_t>(*verb, "-n,--predict", options->generate.tokens, -2,
                    std::numeric_limits<int32_t>::max(),
                    "tokens at most; -1 or -2: until the answer ends or the "
                    "context is full (default: 128)");
  verb->add_flag("--ignore-eos", options->generate.ignoreEnd,
                 "go on behind end-of-generation tokens");
  verb->add_option("--stop", options->generate.stops,
                   "a text that ends the answer (repeatable)")
      ->take_all()
      ->allow_extra_args(false)
      ->check(notEmpty)
      ->type_name("STRING");
  addSamplerFlags(*verb, options->sampler);
  CLI::Option *chat = verb->add_flag_callback(
      "--chat", [options] { options->chat = Chat::Always; },
      "apply the model's chat template (default with -p and -i, when it has "
      "one)");
  verb->add_flag_callback(
          "--no-chat", [options] { options->chat = Chat::Never; },
          "do not apply it")
      ->excludes(chat);
  verb->add_flag("--special", options->special,
                 "read control tokens in the text of messages, too");
  verb->add_flag("-i,--interactive", options->converse,
                 "converse: a line of stdin is a turn");
  verb->callback([=, &common, &exitCode] {
    options->hasPrompt = prompt->count() > 0;
    exitCode = runRun(*options, common);
  });
}
