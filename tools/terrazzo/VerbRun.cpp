// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo run: a prompt in, text out, streaming.
#include "Generate.h"
#include "Interrupt.h"
#include "OpenModel.h"
#include "Output.h"
#include "ReadIds.h"
#include "ReadInput.h"
#include "RunOptions.h"
#include "Verbs.h"

#include <nlohmann/json.hpp>

#include <memory>

using namespace terrazzo;
using nlohmann::ordered_json;

namespace {

/// Tokens of the prompt, from whichever flag gives it.
Expected<std::vector<int32_t>> promptTokens(const RunOptions &options,
                                            const formats::GgufFile &model,
                                            const text::Tokenizer &tokenizer) {
  if (!options.ids.empty())
    return readIds(options.ids);
  std::string text = options.prompt;
  if (!options.file.empty()) {
    auto read = readInput(options.file);
    if (!read)
      return read.takeError();
    text = std::move(*read);
  }
  bool wanted = options.chat == Chat::Always ||
                (options.chat == Chat::WhenGiven && options.file.empty());
  if (!wanted)
    return tokenizer.encode(text, {tokenizer.addsBos(), true});
  return chatTokens({{"user", text}}, options.chat == Chat::Always,
                    options.special, model, tokenizer);
}

std::string timings(const OpenedModel &opened, const Answer &answer) {
  auto rate = [](size_t tokens, double seconds) {
    return std::to_string(tokens) + " tokens in " + decimals(seconds, 3) +
           " s" +
           (seconds > 0
                ? ", " + decimals(double(tokens) / seconds, 1) + " tok/s"
                : "");
  };
  return "load " + decimals(opened.loadSeconds, 3) + " s | compile " +
         decimals(opened.compileSeconds, 3) + " s | prompt " +
         rate(answer.promptTokens, answer.promptSeconds) + " | generation " +
         rate(answer.ids.size(), answer.generateSeconds);
}

int finish(const CommonOptions &common, const OpenedModel &opened,
           const Answer &answer, const Notes &notes) {
  Status written = common.json
                       ? writeJson({{"text", answer.text},
                                    {"ids", answer.ids},
                                    {"prompt_tokens", answer.promptTokens},
                                    {"generated_tokens", answer.ids.size()},
                                    {"load_s", opened.loadSeconds},
                                    {"compile_s", opened.compileSeconds},
                                    {"prompt_s", answer.promptSeconds},
                                    {"generate_s", answer.generateSeconds},
                                    {"stop", answer.stop}})
                       : writeResult("\n");
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

int runRun(const RunOptions &options, const CommonOptions &common) {
  int sources =
      !options.ids.empty() + !options.file.empty() + options.hasPrompt;
  if (sources > 1 || (sources == 0 && !options.converse))
    return report(
        Error{ExitCode::Usage, "TZ0035",
              sources ? "there are several prompts" : "there is no prompt",
              "run", "", "give one of -p TEXT, -f FILE, --ids FILE, or -i"});
  if (Status status = text::checkSamplerOptions(options.sampler); !status)
    return report(status);
  Notes notes(common.quiet, common.why);
  auto opened = openModel(common, notes);
  if (!opened)
    return report(opened.error());
  auto tokenizer = text::Tokenizer::create(*opened->file);
  if (!tokenizer)
    return report(tokenizer.error());
  text::Sampler sampler(options.sampler, opened->session->vocabulary());
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

void addSamplerOptions(CLI::App &verb, RunOptions &options) {
  text::SamplerOptions &sampler = options.sampler;
  verb.add_option("--temp", sampler.temperature,
                  "0: always the most likely token (default: 0.8)")
      ->type_name("T");
  verb.add_option("--top-k", sampler.topK, "0: all (default: 40)")
      ->type_name("K");
  verb.add_option("--top-p", sampler.topP, "1: all (default: 0.95)")
      ->type_name("P");
  verb.add_option("--min-p", sampler.minP, "0: all (default: 0.05)")
      ->type_name("P");
  verb.add_option("--repeat-penalty", sampler.repeatPenalty,
                  "1: none (default: 1)")
      ->type_name("X");
  verb.add_option("--seed", sampler.seed, "of the draws (default: 0)")
      ->type_name("N");
}

} // namespace

void addRunVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb = app.add_subcommand("run", "answer a prompt");
  auto options = std::make_shared<RunOptions>();
  addModelOption(*verb, common);
  addComputeOptions(*verb, common);
  addOutputOptions(*verb, common);
  CLI::Option *prompt =
      verb->add_option("-p,--prompt", options->prompt, "the prompt")
          ->type_name("TEXT");
  verb->add_option("-f,--file", options->file, "a file with the prompt")
      ->type_name("FILE");
  verb->add_option("--ids", options->ids,
                   "a file of token ids, used as they are")
      ->type_name("FILE");
  verb->add_option("-n,--predict", options->generate.tokens,
                   "tokens at most (default: 128)")
      ->check(CLI::Range(0u, 1u << 24))
      ->type_name("N");
  verb->add_flag("--ignore-eos", options->generate.ignoreEnd,
                 "go on behind end-of-generation tokens");
  verb->add_option("--stop", options->generate.stops,
                   "a text that ends the answer (repeatable)")
      ->take_all()
      ->allow_extra_args(false)
      ->type_name("STRING");
  addSamplerOptions(*verb, *options);
  verb->add_flag_callback(
      "--chat", [options] { options->chat = Chat::Always; },
      "apply the model's chat template (default with -p, when it has one)");
  verb->add_flag_callback(
      "--no-chat", [options] { options->chat = Chat::Never; },
      "do not apply it");
  verb->add_flag("--special", options->special,
                 "read control tokens in the text of messages, too");
  verb->add_flag("-i,--interactive", options->converse, "converse");
  verb->callback([=, &common, &exitCode] {
    options->hasPrompt = prompt->count() > 0;
    exitCode = runRun(*options, common);
  });
}
