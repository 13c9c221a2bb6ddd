// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ModernBERT (Warner et al., arXiv 2412.13663): an encoder with rotary
// positions, norms before each half, GeGLU (Shazeer, arXiv 2002.05202), and
// layers that attend to a token's neighbours alone between those that attend to
// the whole text.
#include "Architecture.h"
#include <cmath>

using namespace mlir;

namespace terrazzo {
namespace {

struct ModernBert {
  int64_t layers, hidden, feedForward, heads, vocabulary, context, window,
      globalEvery, headDim;
  double epsilon;
  tz::ElementwiseFunction activation;
  Rope globalRope, localRope;

  explicit ModernBert(Metadata &m)
      : layers(m.layers()), hidden(m.count("embedding_length")),
        feedForward(m.count("feed_forward_length")),
        heads(m.count("attention.head_count")),
        vocabulary(m.count("vocab_size", m.tokens())),
        context(m.count("context_length")),
        window(m.count("attention.sliding_window")),
        globalEvery(m.count("attention.sliding_window_pattern", 3)),
        headDim(hidden / heads),
        epsilon(m.real("attention.layer_norm_epsilon")),
        activation(readEncoderSettings(m, "gelu")),
        globalRope{tz::RopeMode::Neox, m.real("rope.freq_base"), headDim},
        localRope{tz::RopeMode::Neox, m.real("rope.freq_base_swa", 10000),
                  headDim} {
    m.require(hidden % heads == 0,
              "embedding_length is a multiple of attention.head_count");
    m.require(headDim % 2 == 0, "the size of a head is even");
    m.require(globalRope.base > 0 && localRope.base > 0,
              "bases of the rotary position are positive");
  }

  bool isGlobal(int64_t layer) const { return layer % globalEvery == 0; }
  /// Half of the window lies on each side of a token.
  std::optional<int64_t> reach(int64_t layer) const {
    return isGlobal(layer) ? std::nullopt : std::optional(window / 2);
  }
};

Value selfAttention(GraphBuilder &g, const ModernBert &m, Value x,
                    int64_t layer, const std::string &blk) {
  g.at(blk + "attn");
  auto heads = [&](const char *name) {
    return g.splitHeads(g.linear(x, blk + name, m.hidden), m.headDim);
  };
  const Rope &rope = m.isGlobal(layer) ? m.globalRope : m.localRope;
  Value q = g.rope(heads("attn_q"), rope), k = g.rope(heads("attn_k"), rope);
  Value o = g.attendWithin(q, k, heads("attn_v"), 1.0 / std::sqrt(m.headDim),
                           m.reach(layer));
  return g.linear(g.mergeHeads(o), blk + "attn_output", m.hidden);
}

Value feedForward(GraphBuilder &g, const ModernBert &m, Value x,
                  const std::string &blk) {
  g.at(blk + "ffn");
  return g.gatedFeedForward(x, blk, m.activation, m.feedForward);
}

} // namespace

Facts buildModernBert(GraphBuilder &g, Metadata &metadata) {
  ModernBert m(metadata);
  if (!metadata.ok())
    return {};
  g.encoder(m.hidden, m.context, /*types=*/false, [&](const EncoderInputs &in) {
    Value x =
        g.embedding(in.tokens, "token_embd.weight", m.vocabulary, m.hidden);
    g.at("embeddings");
    x = g.layerNorm(x, "token_embd_norm", m.epsilon);
    for (int64_t layer = 0; layer < m.layers; ++layer) {
      std::string blk = "blk." + std::to_string(layer) + ".";
      // The first layer has none: the embeddings are normalised already.
      bool normed = layer > 0 || g.has(blk + "attn_norm.weight");
      Value a = normed ? g.layerNorm(x, blk + "attn_norm", m.epsilon) : x;
      x = g.add(x, selfAttention(g, m, a, layer, blk));
      Value f = g.layerNorm(x, blk + "ffn_norm", m.epsilon);
      x = g.add(x, feedForward(g, m, f, blk));
    }
    return g.layerNorm(x, "output_norm", m.epsilon);
  });
  return factsOf(m);
}

} // namespace terrazzo
