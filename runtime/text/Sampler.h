// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The next token from a row of logits. The order of the steps is llama.cpp's:
// repeat penalty, top-k, top-p, min-p, temperature, draw. The same seed and
// logits give the same tokens on every machine. After construction nothing is
// allocated.
//
//   top-p: Holtzman et al. 2020, "The Curious Case of Neural Text
//   Degeneration"; min-p: Nguyen et al. 2024, "Turning Up the Heat"; repeat
//   penalty: Keskar et al. 2019, "CTRL", section 4.1.
#pragma once

#include "support/Error.h"
#include "text/tokenizers/Vocabulary.h"

#include <cstdint>
#include <span>
#include <vector>

namespace terrazzo::text {

struct SamplerOptions {
  float temperature = 0.8f; ///< 0: the largest logit (greedy)
  uint32_t topK = 40;       ///< 0: all
  float topP = 0.95f;       ///< 1: all
  float minP = 0.05f;       ///< 0: all
  float repeatPenalty = 1.0f;
  uint32_t repeatLast = 64; ///< how many tokens back the penalty looks
  uint64_t seed = 0;
};

/// TZ0220 for a value that makes no sense.
Status checkSamplerOptions(const SamplerOptions &options);

class Sampler {
public:
  /// For rows of `vocabulary` logits, at least one. The options have been
  /// checked.
  Sampler(const SamplerOptions &options, size_t vocabulary);

  /// A token that was seen: prompt tokens, and each sampled one.
  void accept(TokenId token);

  /// The next token; the row is not changed. Among equal logits the smaller id
  /// comes first; NaN counts as minus infinity.
  TokenId sample(std::span<const float> logits);

private:
  struct Candidate {
    float logit;
    TokenId id;
  };

  TokenId greedy() const;
  void penalise();
  void selectLargest();
  void cutByProbability();
  TokenId draw();
  double uniform();

  SamplerOptions options;
  uint64_t state[4];           ///< xoshiro256++
  std::vector<TokenId> recent; ///< a ring
  size_t recentNext = 0;
  std::vector<bool> penalised; ///< by id, all false between calls
  std::vector<float> row;
  std::vector<Candidate> candidates;
  std::vector<double> weights;
};

} // namespace terrazzo::text
