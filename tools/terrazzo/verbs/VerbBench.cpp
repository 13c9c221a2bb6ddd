// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// terrazzo bench: tokens per second of a prompt and of generation, with random
// tokens of a fixed seed, after one warm-up.
#include "Interrupt.h"
#include "Logits.h"
#include "Output.h"
#include "open/OpenModel.h"
#include "options/Flags.h"
#include "verbs/Verbs.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

using namespace terrazzo;
using nlohmann::ordered_json;

namespace {

struct BenchOptions {
  uint32_t prompt = 512;
  uint32_t generate = 128;
  uint32_t repeats = 5;
};

/// Ids spread over the vocabulary, the same in each run.
std::vector<int32_t> randomTokens(size_t count, uint32_t vocabulary) {
  std::vector<int32_t> ids(count);
  uint64_t state = 42;
  for (int32_t &id : ids) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    id = int32_t((state >> 33) % vocabulary);
  }
  return ids;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle]
                           : (values[middle - 1] + values[middle]) / 2;
}

/// What was not measured has no rate.
ordered_json medianOrNull(const std::vector<double> &values) {
  return values.empty() ? ordered_json() : ordered_json(median(values));
}

/// The most memory this process has held, in MB; not that of the process that
/// started it.
double peakMegabytes() {
  double kilobytes = 0;
  FILE *status = std::fopen("/proc/self/status", "re");
  char line[256];
  while (status && std::fgets(line, sizeof(line), status))
    if (std::sscanf(line, "VmHWM: %lf", &kilobytes) == 1)
      break;
  if (status)
    std::fclose(status);
  return kilobytes * 1024 / 1e6;
}

Status measurePrompt(decode::Session &session, std::span<const int32_t> ids,
                     float *logits, double &rate) {
  session.reset();
  double begin = secondsNow();
  Status status = session.step(ids, logits);
  rate = double(ids.size()) / (secondsNow() - begin);
  return status;
}

Status measureGeneration(decode::Session &session, std::span<const int32_t> ids,
                         float *logits, double &rate) {
  session.reset();
  double begin = secondsNow();
  for (const int32_t &id : ids) {
    if (Status status = session.step({&id, 1}, logits); !status)
      return status;
    if (interrupted())
      break;
  }
  rate = double(ids.size()) / (secondsNow() - begin);
  return {};
}

struct Rates {
  std::vector<double> prompt;
  std::vector<double> generate;
};

Status measure(decode::Session &session, const BenchOptions &options,
               Rates &rates) {
  auto ids = randomTokens(std::max(options.prompt, options.generate),
                          session.vocabulary());
  auto room = allocateLogits(session);
  if (!room)
    return room.takeError();
  float *logits = room->get();
  for (uint32_t run = 0; run <= options.repeats && !interrupted(); ++run) {
    double prompt = 0, generate = 0;
    if (options.prompt)
      if (Status status = measurePrompt(
              session, std::span(ids).first(options.prompt), logits, prompt);
          !status)
        return status;
    if (options.generate)
      if (Status status =
              measureGeneration(session, std::span(ids).first(options.generate),
                                logits, generate);
          !status)
        return status;
    // The first run warms up.
    if (run == 0)
      continue;
    if (options.prompt)
      rates.prompt.push_back(prompt);
    if (options.generate)
      rates.generate.push_back(generate);
  }
  return {};
}

int runBench(const BenchOptions &options, const CommonOptions &common) {
  if (options.prompt == 0 && options.generate == 0)
    return report(
        Error{ExitCode::Usage, "TZ0039", "there is nothing to measure",
              "bench -p 0 -n 0", "",
              "give a prompt with -p, or tokens to generate with -n"});
  Notes notes(common.quiet, common.why);
  auto opened = openModel(common, notes);
  if (!opened)
    return report(opened.error());
  decode::Session &session = *opened->session;
  if (std::max(options.prompt, options.generate) > session.contextSize())
    return report(Error{
        ExitCode::Usage, "TZ0030", "the context is too small", "--ctx-size",
        std::to_string(std::max(options.prompt, options.generate)) +
            " tokens do not fit into " + std::to_string(session.contextSize()),
        "give a larger --ctx-size"});
  Rates rates;
  if (Status status = measure(session, options, rates); !status)
    return report(status);
  if (interrupted())
    return int(ExitCode::Interrupted);
  std::string target = session.variant().target()->str();
  if (common.json)
    return report(writeJson({{"model", common.model},
                             {"device", target},
                             {"threads", session.threads()},
                             {"n_prompt", options.prompt},
                             {"n_gen", options.generate},
                             {"pp", medianOrNull(rates.prompt)},
                             {"pp_all", rates.prompt},
                             {"tg", medianOrNull(rates.generate)},
                             {"tg_all", rates.generate},
                             {"load_s", opened->loadSeconds},
                             {"compile_s", opened->compileSeconds},
                             {"peak_rss_mb", peakMegabytes()}}));
  std::string text =
      common.model + " on " + target + ", " +
      (session.device() ? nameOf(*session.device())
                        : std::to_string(session.threads()) + " threads") +
      "\n";
  auto row = [&](const char *name, uint32_t count,
                 const std::vector<double> &all) {
    if (all.empty())
      return;
    auto [low, high] = std::minmax_element(all.begin(), all.end());
    text += std::string(name) + std::to_string(count) + "  " +
            decimals(median(all), 1) + " tokens/s  (" + decimals(*low, 1) +
            " to " + decimals(*high, 1) + ")\n";
  };
  row("prompt ", options.prompt, rates.prompt);
  row("generation ", options.generate, rates.generate);
  text += "load " + decimals(opened->loadSeconds, 3) + " s, compile " +
          decimals(opened->compileSeconds, 3) + " s, peak memory " +
          decimals(peakMegabytes(), 1) + " MB\n";
  return report(writeResult(text));
}

} // namespace

void addBenchVerb(CLI::App &app, CommonOptions &common, int &exitCode) {
  CLI::App *verb =
      app.add_subcommand("bench", "tokens per second of prompt and generation");
  auto options = std::make_shared<BenchOptions>();
  addCompiledModelOption(*verb, common);
  addComputeOptions(*verb, common);
  addOutputOptions(*verb, common);
  constexpr uint32_t most = 1u << 24;
  addWhole<uint32_t>(*verb, "-p,--n-prompt", options->prompt, 0, most,
                     "tokens of the prompt; 0: not measured (default: 512)");
  addWhole<uint32_t>(*verb, "-n,--n-gen", options->generate, 0, most,
                     "tokens to generate; 0: not measured (default: 128)");
  addWhole<uint32_t>(*verb, "-r,--repetitions", options->repeats, 1, 10000,
                     "how often each is measured (default: 5)");
  verb->callback(
      [=, &common, &exitCode] { exitCode = runBench(*options, common); });
}
