// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "PreNormDecoder.h"
#include <cmath>

using namespace mlir;

namespace terrazzo {

DecoderSizes::DecoderSizes(Metadata &m)
    : layers(m.layers()), hidden(m.count("embedding_length")),
      feedForward(m.count("feed_forward_length")),
      heads(m.count("attention.head_count")),
      keyHeads(m.count("attention.head_count_kv", heads)),
      headDim(m.count("attention.key_length", hidden / heads)),
      vocabulary(m.count("vocab_size", m.tokens())),
      context(m.count("context_length")),
      epsilon(m.real("attention.layer_norm_rms_epsilon")) {}

void DecoderSizes::check(Metadata &m, const Rope &rope) const {
  m.require(rope.base > 0 && rope.scale > 0,
            "base and scaling factor of the rotary position are positive");
  m.require(heads % keyHeads == 0,
            "attention.head_count is a multiple of attention.head_count_kv");
  m.require(m.count("attention.value_length", headDim) == headDim,
            "attention.value_length equals attention.key_length");
}

static Value selfAttention(GraphBuilder &g, const DecoderSizes &m, Value x,
                           int64_t layer, TurnHeads turn) {
  std::string blk = "blk." + std::to_string(layer) + ".";
  g.at(blk + "attn");
  int64_t queries = m.heads * m.headDim, keys = m.keyHeads * m.headDim;
  Value q = g.splitHeads(g.linear(x, blk + "attn_q", queries), m.headDim);
  Value k = g.splitHeads(g.linear(x, blk + "attn_k", keys), m.headDim);
  Value v = g.splitHeads(g.linear(x, blk + "attn_v", keys), m.headDim);
  std::tie(q, k) = turn(q, k, blk);
  Value o = g.attend(q, k, v, layer,
                     {m.keyHeads, m.headDim, 1.0 / std::sqrt(m.headDim)});
  return g.linear(g.mergeHeads(o), blk + "attn_output", m.hidden);
}

/// SwiGLU (Shazeer, arXiv 2002.05202).
static Value feedForward(GraphBuilder &g, const DecoderSizes &m, Value x,
                         int64_t layer) {
  std::string blk = "blk." + std::to_string(layer) + ".";
  g.at(blk + "ffn");
  return g.gatedFeedForward(x, blk, tz::ElementwiseFunction::Silu,
                            m.feedForward);
}

Facts buildPreNormDecoder(GraphBuilder &g, const DecoderSizes &m,
                          TurnHeads turn) {
  Attention caches{m.keyHeads, m.headDim, 0};
  g.trunk(m.hidden, m.layers, caches, [&](Value ids) {
    Value x = g.embedding(ids, "token_embd.weight", m.vocabulary, m.hidden);
    for (int64_t layer = 0; layer < m.layers; ++layer) {
      std::string blk = "blk." + std::to_string(layer) + ".";
      Value a = g.rmsNorm(x, blk + "attn_norm.weight", m.epsilon);
      x = g.add(x, selfAttention(g, m, a, layer, turn));
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

} // namespace terrazzo
