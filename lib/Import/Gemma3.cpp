// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gemma 3 (Gemma Team, arXiv 2503.19786), the text model. What its GGUF files
// do not say is stated here with its source.
#include "Architecture.h"
#include <cmath>

using namespace mlir;

namespace terrazzo {
namespace {

/// Base of the rotary position in layers with a sliding window; section 2 of
/// the report ("we keep the frequency of the local layers at 10k").
constexpr double kLocalRopeBase = 10000.0;
/// "5:1 interleaving of local/global layers": every sixth layer is global.
constexpr int64_t kGlobalEvery = 6;
/// Only the 27B model, which has 62 layers, scales its queries by another size
/// than the head's (query_pre_attn_scalar = hidden / heads = 168 in its
/// published configuration). Files do not say it, folders do.
constexpr int64_t kLayersOf27B = 62;

struct Gemma3 {
  int64_t layers, hidden, feedForward, heads, keyHeads, headDim, window,
      vocabulary, context, globalEvery;
  double epsilon, scale;
  Rope globalRope, localRope;

  explicit Gemma3(Metadata &m)
      : layers(m.layers()), hidden(m.count("embedding_length")),
        feedForward(m.count("feed_forward_length")),
        heads(m.count("attention.head_count")),
        keyHeads(m.count("attention.head_count_kv", heads)),
        // 256 in all models but the one of 27B.
        headDim(m.count("attention.key_length", 256)),
        // 0: every layer is global.
        window(m.countOrZero("attention.sliding_window")),
        vocabulary(m.count("vocab_size", m.tokens())),
        context(m.count("context_length")),
        globalEvery(m.count("attention.sliding_window_pattern", kGlobalEvery)),
        epsilon(m.real("attention.layer_norm_rms_epsilon")),
        scale(m.real("attention.scale", 0)),
        // "1M on global self-attention layers", the report's section 2.
        globalRope{tz::RopeMode::Neox, m.real("rope.freq_base", 1.0e6),
                   headDim},
        localRope{tz::RopeMode::Neox,
                  m.real("rope.freq_base_swa", kLocalRopeBase), headDim} {
    // Positions of global layers alone are scaled (the report's section 2: a
    // factor of 8 beyond 32k tokens).
    globalRope.scale = m.ropeFactor();
    if (scale == 0)
      scale =
          1.0 / std::sqrt(layers == kLayersOf27B ? hidden / heads : headDim);
    readDecoderSettings(m, scale);
    m.require(globalRope.base > 0 && globalRope.scale > 0 && localRope.base > 0,
              "base and scaling factor of the rotary position are positive");
    m.require(heads % keyHeads == 0,
              "attention.head_count is a multiple of attention.head_count_kv");
    m.require(m.count("attention.value_length", headDim) == headDim,
              "attention.value_length equals attention.key_length");
    m.require(headDim % 2 == 0, "attention.key_length is even");
    m.require(m.count("rope.dimension_count", headDim) == headDim,
              "rope.dimension_count equals attention.key_length");
  }

  bool isGlobal(int64_t layer) const {
    return window == 0 || (layer + 1) % globalEvery == 0;
  }
};

Value selfAttention(GraphBuilder &g, const Gemma3 &m, Value x, int64_t layer) {
  std::string blk = "blk." + std::to_string(layer) + ".";
  g.at(blk + "attn");
  int64_t queries = m.heads * m.headDim, keys = m.keyHeads * m.headDim;
  Value q = g.splitHeads(g.linear(x, blk + "attn_q", queries), m.headDim);
  Value k = g.splitHeads(g.linear(x, blk + "attn_k", keys), m.headDim);
  Value v = g.splitHeads(g.linear(x, blk + "attn_v", keys), m.headDim);
  // "QK-norm" takes the place of Gemma 2's soft cap.
  q = g.rmsNorm(q, blk + "attn_q_norm.weight", m.epsilon);
  k = g.rmsNorm(k, blk + "attn_k_norm.weight", m.epsilon);
  const Rope &rope = m.isGlobal(layer) ? m.globalRope : m.localRope;
  q = g.rope(q, rope);
  k = g.rope(k, rope);
  int64_t window = m.isGlobal(layer) ? 0 : m.window;
  Value o = g.attend(q, k, v, layer, {m.keyHeads, m.headDim, m.scale, window});
  return g.linear(g.mergeHeads(o), blk + "attn_output", m.hidden);
}

/// GeGLU (Shazeer, arXiv 2002.05202) with the tanh form of GELU.
Value feedForward(GraphBuilder &g, const Gemma3 &m, Value x, int64_t layer) {
  std::string blk = "blk." + std::to_string(layer) + ".";
  g.at(blk + "ffn");
  return g.gatedFeedForward(x, blk, tz::ElementwiseFunction::GeluTanh,
                            m.feedForward);
}

} // namespace

Facts buildGemma3(GraphBuilder &g, Metadata &metadata) {
  Gemma3 m(metadata);
  if (!metadata.ok())
    return {};

  Attention caches{m.keyHeads, m.headDim, 0};
  g.trunk(m.hidden, m.layers, caches, [&](Value ids) {
    Value x = g.embedding(ids, "token_embd.weight", m.vocabulary, m.hidden);
    x = g.scaled(x, std::sqrt(m.hidden));
    for (int64_t layer = 0; layer < m.layers; ++layer) {
      // Norms before and after each half; the files' norm weights are those of
      // the published model plus one.
      std::string blk = "blk." + std::to_string(layer) + ".";
      Value a = g.rmsNorm(x, blk + "attn_norm.weight", m.epsilon);
      a = selfAttention(g, m, a, layer);
      a = g.rmsNorm(a, blk + "post_attention_norm.weight", m.epsilon);
      x = g.add(x, a);
      Value f = g.rmsNorm(x, blk + "ffn_norm.weight", m.epsilon);
      f = feedForward(g, m, f, layer);
      f = g.rmsNorm(f, blk + "post_ffw_norm.weight", m.epsilon);
      x = g.add(x, f);
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
