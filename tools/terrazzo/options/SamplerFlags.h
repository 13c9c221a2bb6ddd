// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How tokens are drawn: what the flags say, else what the model's file says
// (general.sampling.*), else llama.cpp's defaults.
#pragma once

#include "Notes.h"

#include "formats/ModelFile.h"
#include "text/Sampler.h"

#include <CLI/CLI.hpp>

#include <optional>

/// Flags that were given.
struct SamplerFlags {
  std::optional<float> temperature, topP, minP, repeatPenalty;
  std::optional<int32_t> topK, repeatLast;
  std::optional<uint64_t> seed; ///< UINT64_MAX: a random one
};

/// Adds --temp, --top-k, --top-p, --min-p, --repeat-penalty, --repeat-last-n
/// and --seed.
void addSamplerFlags(CLI::App &verb, SamplerFlags &flags);

/// TZ0220 for a flag that is out of range.
terrazzo::Status checkSamplerFlags(const SamplerFlags &flags);

/// Puts the settings together and says on stderr what does not follow from the
/// flags: those of the model's file, a seed that was drawn, flags that greedy
/// decoding leaves without effect. `context` is what --repeat-last-n -1 stands
/// for. Errors: TZ0221 when a setting of the file is out of range.
terrazzo::Expected<terrazzo::text::SamplerOptions>
chooseSampler(const SamplerFlags &flags,
              const terrazzo::formats::ModelFile &model, uint32_t context,
              const Notes &notes);
