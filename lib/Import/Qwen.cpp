// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Qwen 2 and 2.5 (Qwen Team, arXiv 2407.10671, 2412.15115), whose queries, keys
// and values have biases, and Qwen 3 (arXiv 2505.09388), which normalises the
// heads of queries and keys instead.
#include "Architecture.h"
#include <cmath>

using namespace mlir;

namespace terrazzo {
namespace {

struct Qwen {
  int64_t layers, hidden, feedForward, heads, keyHeads, headDim, vocabulary,
      context;
  double epsilon;
  Rope rope;
  bool normsHeads;

  Qwen(Metadata &m, bool normsHeads)
      : layers(m.layers()), hidden(m.count("embedding_length")),
        feedForward(m.count("feed_forward_length")),
        heads(m.count("attention.head_count")),
        keyHeads(m.count("attention.head_count_kv", heads)),
        headDim(m.count("attention.key_length", hidden / heads)),
        vocabulary(m.count("vocab_size", m.tokens())),
        context(m.count("context_length")),
        epsilon(m.real("attention.layer_norm_rms_epsilon")),
        rope{tz::RopeMode::Neox, m.real("rope.freq_base", 10000.0), headDim},
        normsHeads(normsHeads) {
    rope.scale = m.ropeFactor();
    readDecoderSettings(m, 1.0 / std::sqrt(headDim));
    m.supportsOnly("attention.sliding_window", 0);
    m.require(rope.base > 0 && rope.scale > 0,
              "base and scaling factor of the rotary position are positive");
    m.require(heads % keyHeads == 0,
              "attention.head_count is a multiple of attention.head_count_kv");
    m.require(m.count("attention.value_length", headDim) == headDim,
              "attention.value_length equals attention.key_length");
    m.require(m.count("rope.dimension_count", headDim) == headDim,
              "rope.dimension_count equals attention.key_length");
    m.require(headDim % 2 == 0, "attention.key_length is even");
  }
};

Value selfAttention(GraphBuilder &g, const Qwen &m, Value x, int64_t layer) {
  std::string blk = "blk." + std::to_string(layer) + ".";
  g.at(blk + "attn");
  int64_t queries = m.heads * m.headDim, keys = m.keyHeads * m.headDim;
  Value q = g.splitHeads(g.linear(x, blk + "attn_q", queries), m.headDim);
  Value k = g.splitHeads(g.linear(x, blk + "attn_k", keys), m.headDim);
  Value v = g.splitHeads(g.linear(x, blk + "attn_v", keys), m.headDim);
  if (m.normsHeads) {
    q = g.rmsNorm(q, blk + "attn_q_norm.weight", m.epsilon);
    k = g.rmsNorm(k, blk + "attn_k_norm.weight", m.epsilon);
  }
  q = g.rope(q, m.rope);
  k = g.rope(k, m.rope);
  Value o = g.attend(q, k, v, layer,
                     {m.keyHeads, m.headDim, 1.0 / std::sqrt(m.headDim)});
  return g.linear(g.mergeHeads(o), blk + "attn_output", m.hidden);
}

Value feedForward(GraphBuilder &g, const Qwen &m, Value x, int64_t layer) {
  std::string blk = "blk." + std::to_string(layer) + ".";
  g.at(blk + "ffn");
  return g.gatedFeedForward(x, blk, tz::ElementwiseFunction::Silu,
                            m.feedForward);
}

Facts build(GraphBuilder &g, Metadata &metadata, bool normsHeads) {
  Qwen m(metadata, normsHeads);
  if (!metadata.ok())
    return {};
  Attention caches{m.keyHeads, m.headDim, 0};
  g.trunk(m.hidden, m.layers, caches, [&](Value ids) {
    Value x = g.embedding(ids, "token_embd.weight", m.vocabulary, m.hidden);
    for (int64_t layer = 0; layer < m.layers; ++layer) {
      std::string blk = "blk." + std::to_string(layer) + ".";
      Value a = g.rmsNorm(x, blk + "attn_norm.weight", m.epsilon);
      x = g.add(x, selfAttention(g, m, a, layer));
      Value f = g.rmsNorm(x, blk + "ffn_norm.weight", m.epsilon);
      x = g.add(x, feedForward(g, m, f, layer));
    }
    return x;
  });
  g.head(m.hidden, [&](Value x) {
    x = g.rmsNorm(x, "output_norm.weight", m.epsilon);
    bool tied = !g.has("output.weight");
    return g.linear(x, tied ? "token_embd" : "output", m.vocabulary);
  });
  return factsOf(m);
}

} // namespace

Facts buildQwen2(GraphBuilder &g, Metadata &metadata) {
  return build(g, metadata, false);
}

Facts buildQwen3(GraphBuilder &g, Metadata &metadata) {
  return build(g, metadata, true);
}

} // namespace terrazzo
