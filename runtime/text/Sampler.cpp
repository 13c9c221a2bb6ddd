// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Sampler.h.
#include "text/Sampler.h"

#include <algorithm>
#include <cmath>

namespace terrazzo::text {

static Error badOption(const char *flag, float value, const char *range) {
  return {ExitCode::Usage,
          "TZ0220",
          std::string(flag) + " is out of range",
          "",
          "it is " + std::to_string(value) + "; " + range + " is allowed",
          ""};
}

Status checkSamplerOptions(const SamplerOptions &options) {
  // Written so that NaN fails.
  if (!(options.temperature >= 0 && options.temperature <= 1000))
    return badOption("--temp", options.temperature, "0 to 1000");
  if (!(options.topP > 0 && options.topP <= 1))
    return badOption("--top-p", options.topP, "more than 0, up to 1,");
  if (!(options.minP >= 0 && options.minP <= 1))
    return badOption("--min-p", options.minP, "0 to 1");
  if (!(options.repeatPenalty > 0 && options.repeatPenalty <= 100))
    return badOption("--repeat-penalty", options.repeatPenalty,
                     "more than 0, up to 100,");
  return {};
}

/// SplitMix64, which spreads a seed over the generator's state.
static uint64_t splitMix(uint64_t &state) {
  uint64_t z = state += 0x9E3779B97F4A7C15ull;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ z >> 27) * 0x94D049BB133111EBull;
  return z ^ z >> 31;
}

static uint64_t rotate(uint64_t value, int bits) {
  return value << bits | value >> (64 - bits);
}

Sampler::Sampler(const SamplerOptions &options, size_t vocabulary)
    : options(options) {
  uint64_t seed = options.seed;
  for (uint64_t &word : state)
    word = splitMix(seed);
  if (options.repeatPenalty != 1.0f)
    recent.assign(options.repeatLast, noToken);
  row.resize(vocabulary);
  penalised.resize(recent.empty() ? 0 : vocabulary);
  candidates.reserve(vocabulary);
  weights.reserve(vocabulary);
}

/// Uniform in [0, 1), by xoshiro256++ (Blackman and Vigna 2019).
double Sampler::uniform() {
  uint64_t result = rotate(state[0] + state[3], 23) + state[0];
  uint64_t shifted = state[1] << 17;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = rotate(state[3], 45);
  return double(result >> 11) * 0x1.0p-53;
}

void Sampler::accept(TokenId token) {
  if (recent.empty())
    return;
  recent[recentNext] = token;
  recentNext = (recentNext + 1) % recent.size();
}

void Sampler::penalise() {
  for (TokenId token : recent) {
    if (token < 0 || size_t(token) >= row.size())
      continue;
    // Each token is penalised once, however often it occurred.
    if (penalised[size_t(token)])
      continue;
    penalised[size_t(token)] = true;
    float &logit = row[size_t(token)];
    logit = logit > 0 ? logit / options.repeatPenalty
                      : logit * options.repeatPenalty;
  }
  for (TokenId token : recent)
    if (token >= 0 && size_t(token) < row.size())
      penalised[size_t(token)] = false;
}

TokenId Sampler::greedy() const {
  size_t best = 0;
  for (size_t i = 1; i < row.size(); ++i)
    if (row[i] > row[best])
      best = i;
  return TokenId(best);
}

TokenId Sampler::sample(std::span<const float> logits) {
  size_t count = std::min(row.size(), logits.size());
  for (size_t i = 0; i < count; ++i)
    row[i] = std::isnan(logits[i]) ? -INFINITY : logits[i];
  std::fill(row.begin() + ptrdiff_t(count), row.end(), -INFINITY);
  penalise();
  if (options.temperature == 0)
    return greedy();
  selectLargest();
  cutByProbability();
  return draw();
}

/// Leaves the top-k candidates, largest first.
void Sampler::selectLargest() {
  candidates.clear();
  auto before = [](const Candidate &a, const Candidate &b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  };
  size_t keep =
      options.topK ? std::min<size_t>(options.topK, row.size()) : row.size();
  // What a later step is sure to cut need not be sorted: tokens below min-p,
  // and for top-p those that no double would notice in a sum.
  float largest = *std::max_element(row.begin(), row.end());
  float least = -INFINITY;
  if (!options.topK && options.topP < 1)
    least = largest - 60.0f;
  else if (options.minP > 0 && options.topP == 1)
    least = largest + std::log(options.minP);
  for (size_t i = 0; i < row.size(); ++i)
    if (row[i] >= least)
      candidates.push_back({row[i], TokenId(i)});
  keep = std::min(keep, candidates.size());
  auto middle = candidates.begin() + ptrdiff_t(keep);
  std::nth_element(candidates.begin(), keep ? middle - 1 : candidates.begin(),
                   candidates.end(), before);
  std::sort(candidates.begin(), middle, before);
  candidates.resize(keep);
}

/// Top-p and min-p on the probabilities at temperature 1.
void Sampler::cutByProbability() {
  float largest = candidates.front().logit;
  double sum = 0;
  weights.clear();
  for (const Candidate &candidate : candidates) {
    weights.push_back(std::exp(double(candidate.logit) - double(largest)));
    sum += weights.back();
  }
  size_t keep = candidates.size();
  if (options.topP < 1) {
    double covered = 0;
    for (keep = 0; keep < candidates.size() && covered < options.topP * sum;)
      covered += weights[keep++];
  }
  while (keep > 1 && weights[keep - 1] < options.minP)
    --keep;
  candidates.resize(std::max<size_t>(keep, 1));
}

TokenId Sampler::draw() {
  double largest = candidates.front().logit;
  double sum = 0;
  weights.clear();
  for (const Candidate &candidate : candidates) {
    double weight =
        std::exp((double(candidate.logit) - largest) / options.temperature);
    // A row of infinities gives NaN here; its first candidate is as good.
    sum += std::isnan(weight) ? 0 : weight;
    weights.push_back(sum);
  }
  double point = uniform() * sum;
  for (size_t i = 0; i < candidates.size(); ++i)
    if (point < weights[i])
      return candidates[i].id;
  return candidates.front().id;
}

} // namespace terrazzo::text
