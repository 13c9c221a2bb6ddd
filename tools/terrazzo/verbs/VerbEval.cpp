// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo eval: teacher-forced likelihood of given tokens, and their logits.
#include "Interrupt.h"
#include "Output.h"
#include "ReadIds.h"
#include "ReadInput.h"
#include "open/OpenModel.h"
#include "options/Flags.h"
#include "verbs/Verbs.h"

#include "compile/CompilerProcess.h"
#include "formats/Npy.h"
#include "text/Tokenizer.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <memory>
#include <unistd.h>

using namespace terrazzo;
using nlohmann::ordered_json;

namespace {

struct EvalOptions {
  std::string ids;
  std::string file;
  std::string logits;
  uint32_t batch = 512;
  bool reference = false;
};

Expected<std::vector<int32_t>> readTokens(const EvalOptions &options,
                                          const formats::ModelFile &model) {
  if (!options.ids.empty())
    return readIds(options.ids);
  auto text = readInput(options.file);
  if (!text)
    return text.takeError();
  auto tokenizer = text::Tokenizer::create(model);
  if (!tokenizer)
    return tokenizer.takeError();
  return (*tokenizer)->encode(*text, {(*tokenizer)->addsBos(), true});
}

/// The tokens to judge. A perplexity is of a token behind another one; logits
/// are there from the first token on.
Expected<std::vector<int32_t>> tokensOf(const EvalOptions &options,
                                        const formats::ModelFile &model) {
  auto ids = readTokens(options, model);
  if (!ids)
    return ids.takeError();
  size_t least = options.logits.empty() ? 2 : 1;
  if (ids->size() >= least)
    return ids;
  return Error{ExitCode::Usage,
               "TZ0032",
               "there is nothing to judge",
               options.ids.empty() ? options.file : options.ids,
               "it has " + std::to_string(ids->size()) +
                   (ids->size() == 1 ? " token" : " tokens") +
                   "; a token is judged by those before it",
               least == 2 ? "give two tokens or more; with --logits one is "
                            "enough"
                          : "give some text"};
}

/// -log p(target) from one row of logits.
double surprise(std::span<const float> logits, int32_t target) {
  float largest = logits[0];
  for (float value : logits)
    largest = std::max(largest, value);
  double sum = 0;
  for (float value : logits)
    sum += std::exp(double(value) - double(largest));
  return std::log(sum) + double(largest) - double(logits[size_t(target)]);
}

/// The likelihood of tokens, chunk by chunk, rows of logits in slices.
class Evaluation {
public:
  Evaluation(decode::Session &session, const std::vector<int32_t> &ids)
      : session(session), ids(ids),
        room(size_t(session.largestHead()) * session.vocabulary()) {}

  Status run(uint32_t batch, formats::NpyWriter *writer, const Notes &notes) {
    batch = std::min(batch, session.largestChunk());
    for (size_t at = 0; at < ids.size() && !interrupted(); at += batch) {
      size_t count = std::min<size_t>(batch, ids.size() - at);
      if (Status status = session.step(std::span(ids).subspan(at, count));
          !status)
        return status;
      if (Status status = takeRows(at, uint32_t(count), writer); !status)
        return status;
    }
    return {};
  }

  /// NaN where there is nothing to judge.
  double mean() const { return total / double(ids.size() - 1); }

private:
  Status takeRows(size_t first, uint32_t count, formats::NpyWriter *writer) {
    uint32_t vocabulary = session.vocabulary();
    for (uint32_t row = 0; row < count;) {
      uint32_t rows = std::min(count - row, session.largestHead());
      if (Status status = session.logits(row, rows, room.data()); !status)
        return status;
      for (uint32_t r = 0; r < rows; ++r)
        if (size_t next = first + row + r + 1; next < ids.size())
          total += surprise({room.data() + size_t(r) * vocabulary, vocabulary},
                            ids[next]);
      if (writer)
        if (Status status =
                writer->write(room.data(), sizeof(float) * rows * vocabulary);
            !status)
          return status;
      row += rows;
    }
    return {};
  }

  decode::Session &session;
  const std::vector<int32_t> &ids;
  std::vector<float> room;
  double total = 0;
};

int printResult(const CommonOptions &common, size_t tokens, double nll,
                double seconds) {
  bool judges = tokens > 1;
  if (judges && !std::isfinite(std::exp(nll)))
    return report(Error{
        ExitCode::NumericsFailed, "TZ0807",
        "a result is too large for its number format", common.model,
        "the perplexity, exp(" + decimals(nll, 6) + "), is beyond float64",
        "is this the model that the text was meant for?"});
  if (common.json)
    return report(writeJson(
        {{"tokens", tokens},
         {"nll", judges ? ordered_json(nll) : nullptr},
         {"perplexity", judges ? ordered_json(std::exp(nll)) : nullptr},
         {"seconds", seconds}}));
  std::string judged = judges ? " tokens, nll " + decimals(nll, 6) +
                                    ", perplexity " + decimals(std::exp(nll), 4)
                              : " token, which has no perplexity";
  return report(writeResult(std::to_string(tokens) + judged + ", " +
                            decimals(seconds, 3) + " s\n"));
}

/// The interpreter has no threads, devices or kernels to choose.
Status checkReference(const CLI::App &verb) {
  for (const char *flag : {"--threads", "--threads-force", "--device",
                           "--ctx-size", "--fallback", "--why", "--no-cache"})
    if (verb.get_option(flag)->count())
      return noEffect(flag, "with --reference",
                      "the float64 interpreter compiles nothing and runs on "
                      "one processor",
                      "leave one of them out");
  return {};
}

/// The compiler's interpreter does it, in its own process.
int evalReference(const EvalOptions &options, const CommonOptions &common) {
  Notes notes(common.quiet, common.why);
  auto compiler = exec::findCompiler();
  if (!compiler)
    return report(compiler.error());
  auto model = formats::ModelFile::open(common.model);
  if (!model)
    return report(model.error());
  auto ids = tokensOf(options, **model);
  if (!ids)
    return report(ids.error());
  auto temporary = TemporaryIds::write(*ids);
  if (!temporary)
    return report(temporary.error());
  std::vector<std::string> arguments = {"--model",
                                        common.model,
                                        "--reference",
                                        "--ids",
                                        (*temporary)->path,
                                        "--batch",
                                        std::to_string(options.batch),
                                        "--format",
                                        "json"};
  if (!options.logits.empty()) {
    arguments.push_back("--logits");
    arguments.push_back(options.logits);
  }
  auto done =
      exec::runCompiler(*compiler, arguments, notes.listener(), &interrupted());
  notes.endProgress();
  if (!done)
    return report(done.error());
  ordered_json result = ordered_json::parse(*done, nullptr, false);
  if (!result.is_object() || !result.contains("nll"))
    return report(Error{ExitCode::Internal, "TZ0031",
                        "the reference gave no result", *compiler, "",
                        "please report this, with the model and the command "
                        "line"});
  return printResult(common, result.value("tokens", size_t(0)),
                     result["nll"].is_number() && ids->size() > 1
                         ? result["nll"].get<double>()
                         : std::nan(""),
                     result.value("seconds", 0.0));
}

int runEval(const EvalOptions &options, CommonOptions common) {
  if (options.ids.empty() == options.file.empty())
    return report(Error{ExitCode::Usage, "TZ0032",
                        options.ids.empty() ? "there is nothing to judge"
                                            : "there are two texts to judge",
                        "eval", "", "give one of --ids FILE and -f FILE"});
  if (Status status = checkWordsOfModule(common); !status)
    return report(status);
  if (options.reference && isModule(common.model))
    return report(noEffect("--reference", "with a module",
                           "the interpreter imports the model itself",
                           "give the model's file with -m"));
  if (options.reference)
    return evalReference(options, common);
  Notes notes(common.quiet, common.why);
  auto model = formats::ModelFile::open(
      isModule(common.model) ? common.weightsFile : common.model);
  if (!model)
    return report(model.error());
  auto ids = tokensOf(options, **model);
  if (!ids)
    return report(ids.error());
  if (!common.contextSize)
    common.contextSize = uint32_t(ids->size());
  auto opened = openModel(common, notes);
  if (!opened)
    return report(opened.error());
  formats::NpyWriter writer;
  uint64_t shape[] = {ids->size(), opened->session->vocabulary()};
  if (!options.logits.empty())
    if (Status status = writer.open(options.logits, "<f4", shape); !status)
      return report(status);
  double begin = secondsNow();
  Evaluation evaluation(*opened->session, *ids);
  Status status = evaluation.run(
      options.batch, options.logits.empty() ? nullptr : &writer, notes);
  if (status)
    status = writer.close();
  if (!status)
    return report(status);
  if (interrupted())
    return int(ExitCode::Interrupted);
  return printResult(common, ids->size(), evaluation.mean(),
                     secondsNow() - begin);
}

} // namespace

void addEvalVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb =
      app.add_subcommand("eval", "likelihood of given tokens or text");
  auto options = std::make_shared<EvalOptions>();
  addCompiledModelOption(*verb, common);
  addComputeOptions(*verb, common);
  addOutputOptions(*verb, common);
  addName(*verb, "--ids", options->ids,
          "a file of whitespace-separated token ids, used as they are", "FILE");
  addName(*verb, "-f,--file", options->file, "a file of text", "FILE");
  addWhole<uint32_t>(*verb, "-b,--batch-size", options->batch, 1, 1u << 20,
                     "tokens at a time (default: 512)");
  addName(*verb, "--logits", options->logits,
          "write float32 [tokens, vocabulary] as a NumPy file", "OUT.npy");
  verb->add_flag("--reference", options->reference,
                 "evaluate with the float64 interpreter");
  verb->callback([=, &common, &exitCode] {
    Status status = options->reference ? checkReference(*verb) : Status();
    exitCode = status ? runEval(*options, common) : report(status);
  });
}
