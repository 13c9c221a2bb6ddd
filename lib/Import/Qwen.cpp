// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Qwen 2 and 2.5 (Qwen Team, arXiv 2407.10671, 2412.15115), whose queries, keys
// and values have biases, and Qwen 3 (arXiv 2505.09388), which normalises the
// heads of queries and keys instead.
#include "PreNormDecoder.h"
#include <cmath>

using namespace mlir;

namespace terrazzo {
namespace {

struct Qwen : DecoderSizes {
  Rope rope;

  explicit Qwen(Metadata &m)
      : DecoderSizes(m),
        rope{tz::RopeMode::Neox, m.real("rope.freq_base", 10000.0), headDim} {
    rope.scale = m.ropeFactor();
    readDecoderSettings(m, 1.0 / std::sqrt(headDim));
    m.supportsOnly("attention.sliding_window", 0);
    check(m, rope);
    m.require(m.count("rope.dimension_count", headDim) == headDim,
              "rope.dimension_count equals attention.key_length");
    m.require(headDim % 2 == 0, "attention.key_length is even");
  }
};

Facts build(GraphBuilder &g, Metadata &metadata, bool normsHeads) {
  Qwen m(metadata);
  if (!metadata.ok())
    return {};
  return buildPreNormDecoder(
      g, m, [&](Value queries, Value keys, const std::string &layer) {
        if (normsHeads) {
          queries = g.rmsNorm(queries, layer + "attn_q_norm.weight", m.epsilon);
          keys = g.rmsNorm(keys, layer + "attn_k_norm.weight", m.epsilon);
        }
        queries = g.rope(queries, m.rope);
        return std::pair(queries, g.rope(keys, m.rope));
      });
}

} // namespace

Facts buildQwen2(GraphBuilder &g, Metadata &metadata) {
  return build(g, metadata, false);
}

Facts buildQwen3(GraphBuilder &g, Metadata &metadata) {
  return build(g, metadata, true);
}

} // namespace terrazzo
