// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Llama (Touvron et al., arXiv 2302.13971, 2307.09288; Llama 3: 2407.21783) and
// the models of its shape, SmolLM2 among them (Allal et al., arXiv 2502.02737).
#include "Architecture.h"
#include <cmath>

using namespace mlir;

namespace terrazzo {
namespace {

struct Llama {
  int64_t layers, hidden, feedForward, heads, keyHeads, headDim, vocabulary,
      context;
  double epsilon;
  Rope rope;

  explicit Llama(Metadata &m)
      : layers(m.layers()), hidden(m.count("embedding_length")),
        feedForward(m.count("feed_forward_length")),
        heads(m.count("attention.head_count")),
        keyHeads(m.count("attention.head_count_kv", heads)),
        headDim(m.count("attention.key_length", hidden / heads)),
        vocabulary(m.count("vocab_size", m.tokens())),
        context(m.count("context_length")),
        epsilon(m.real("attention.layer_norm_rms_epsilon")),
        rope{rotation(m), m.real("rope.freq_base", 10000.0),
             m.count("rope.dimension_count", headDim)} {
    rope.scale = m.ropeFactor();
    readDecoderSettings(m, 1.0 / std::sqrt(headDim));
    refuseVariants(m);
    m.require(rope.base > 0 && rope.scale > 0,
              "base and scaling factor of the rotary position are positive");
    m.require(heads % keyHeads == 0,
              "attention.head_count is a multiple of attention.head_count_kv");
    m.require(m.count("attention.value_length", headDim) == headDim,
              "attention.value_length equals attention.key_length");
    m.require(rope.rotated % 2 == 0 && rope.rotated <= headDim,
              "rope.dimension_count is even and at most the head's dimension");
  }

  void refuseVariants(Metadata &m) {
    int64_t window = m.countOrZero("attention.sliding_window", 0);
    if (window > 0 && window < context)
      m.refuse("attention.sliding_window",
               "it is " + std::to_string(window) +
                   ", and windows smaller than the context of " +
                   std::to_string(context) + " are not supported here");
  }

  /// By the order of the rows of q and k: as Meta's code has it, and GGUF's
  /// converter makes it, pairs lie side by side; in transformers half a head
  /// apart.
  static tz::RopeMode rotation(Metadata &m) {
    constexpr llvm::StringLiteral meta = "Meta AI original pth",
                                  apart = "Hugging Face";
    std::string layout = m.text("tensor_data_layout", meta);
    if (layout != meta && layout != apart)
      m.refuse("tensor_data_layout",
               "only '" + meta + "' and '" + apart + "' are supported");
    return layout == apart ? tz::RopeMode::Neox : tz::RopeMode::Interleaved;
  }
};

Value selfAttention(GraphBuilder &g, const Llama &m, Value x, int64_t layer) {
  std::string blk = "blk." + std::to_string(layer) + ".";
  g.at(blk + "attn");
  int64_t queries = m.heads * m.headDim, keys = m.keyHeads * m.headDim;
  Value q = g.splitHeads(g.linear(x, blk + "attn_q", queries), m.headDim);
  Value k = g.splitHeads(g.linear(x, blk + "attn_k", keys), m.headDim);
  Value v = g.splitHeads(g.linear(x, blk + "attn_v", keys), m.headDim);
  q = g.rope(q, m.rope);
  k = g.rope(k, m.rope);
  Value o = g.attend(q, k, v, layer,
                     {m.keyHeads, m.headDim, 1.0 / std::sqrt(m.headDim)});
  return g.linear(g.mergeHeads(o), blk + "attn_output", m.hidden);
}

/// SwiGLU (Shazeer, arXiv 2002.05202).
Value feedForward(GraphBuilder &g, const Llama &m, Value x, int64_t layer) {
  std::string blk = "blk." + std::to_string(layer) + ".";
  g.at(blk + "ffn");
  return g.gatedFeedForward(x, blk, tz::ElementwiseFunction::Silu,
                            m.feedForward);
}

} // namespace

Facts buildLlama(GraphBuilder &g, Metadata &metadata) {
  Llama m(metadata);
  if (!metadata.ok())
    return {};
  // Llama 3 stretches low frequencies; its files bring the factors.
  if (g.has("rope_freqs.weight"))
    m.rope.factors = "rope_freqs.weight";

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

} // namespace terrazzo
