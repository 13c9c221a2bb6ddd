// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See SamplerFlags.h.
#include "options/SamplerFlags.h"

#include "options/Flags.h"

#include "text/ModelSampling.h"

#include <random>

using namespace terrazzo;
using text::SamplerOptions;

static constexpr uint64_t randomSeed = ~uint64_t(0);

void addSamplerFlags(CLI::App &verb, SamplerFlags &flags) {
  constexpr int32_t most = std::numeric_limits<int32_t>::max();
  addFraction(verb, "--temp", flags.temperature,
              "0: always the most likely token (default: 0.8)", "T");
  addWhole<int32_t>(verb, "--top-k", flags.topK, -1, most,
                    "0 or -1: all (default: 40)", "K");
  addFraction(verb, "--top-p", flags.topP, "1: all (default: 0.95)", "P");
  addFraction(verb, "--min-p", flags.minP, "0: all (default: 0.05)", "P");
  addFraction(verb, "--repeat-penalty", flags.repeatPenalty,
              "1: none (default: 1)", "X");
  addWhole<int32_t>(verb, "--repeat-last-n", flags.repeatLast, -1, most,
                    "tokens that the penalty looks back; -1: the context "
                    "(default: 64)");
  addWhole<uint64_t>(verb, "--seed", flags.seed, -1, randomSeed - 1,
                     "of the draws; -1: a random one (default: 0)");
}

/// What the flags say laid over `options`.
static void apply(const SamplerFlags &flags, SamplerOptions &options) {
  options.temperature = flags.temperature.value_or(options.temperature);
  options.topP = flags.topP.value_or(options.topP);
  options.minP = flags.minP.value_or(options.minP);
  options.repeatPenalty = flags.repeatPenalty.value_or(options.repeatPenalty);
  if (flags.topK)
    options.topK = uint32_t(std::max(*flags.topK, 0));
  options.seed = flags.seed.value_or(options.seed);
}

Status checkSamplerFlags(const SamplerFlags &flags) {
  SamplerOptions options;
  apply(flags, options);
  return text::checkSamplerOptions(options);
}

/// Names of flags that were given and change nothing.
static std::string idleFlags(const SamplerFlags &flags,
                             const SamplerOptions &options) {
  std::string names;
  auto add = [&](bool given, const char *name) {
    if (given)
      names += (names.empty() ? "" : ", ") + std::string(name);
  };
  if (options.temperature == 0) {
    add(flags.topK.has_value(), "--top-k");
    add(flags.topP.has_value(), "--top-p");
    add(flags.minP.has_value(), "--min-p");
    add(flags.seed.has_value(), "--seed");
  }
  if (options.repeatPenalty == 1)
    add(flags.repeatLast.has_value(), "--repeat-last-n");
  else if (options.repeatLast == 0)
    add(flags.repeatPenalty.has_value(), "--repeat-penalty");
  return names;
}

Expected<SamplerOptions> chooseSampler(const SamplerFlags &flags,
                                       const formats::ModelFile &model,
                                       uint32_t context, const Notes &notes) {
  auto file = text::readModelSampling(model);
  if (!file)
    return file.takeError();
  SamplerOptions options = file->options;
  apply(flags, options);
  int64_t last = flags.repeatLast ? *flags.repeatLast : file->repeatLast;
  options.repeatLast =
      last < 0 ? context : uint32_t(std::min<int64_t>(last, context));
  for (const std::string &line : file->notes)
    notes.line("note: " + line);
  if (std::string names = idleFlags(flags, options); !names.empty())
    notes.line("note: without effect here: " + names + " (temperature " +
               decimals(options.temperature, 2) + ", repeat penalty " +
               decimals(options.repeatPenalty, 2) + " over " +
               std::to_string(options.repeatLast) + " tokens)");
  if (flags.seed == randomSeed) {
    std::random_device device;
    // Half of the range, so that it is short enough to be typed again.
    options.seed = device();
    notes.line("note: --seed " + std::to_string(options.seed) + " was drawn");
  }
  return options;
}
