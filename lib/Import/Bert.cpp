// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// BERT (Devlin et al., arXiv 1810.04805) and the encoders of its shape: RoBERTa
// (Liu et al., 1907.11692), DistilBERT (Sanh et al., 1910.01108, without types
// of tokens), MiniLM (Wang et al., 2002.10957), and Nomic Embed (Nussbaum et
// al., 2402.01613: rotary positions, and a gate in the feed-forward).
#include "Architecture.h"
#include <cmath>

using namespace mlir;

namespace terrazzo {
namespace {

struct Bert {
  int64_t layers, hidden, feedForward, heads, vocabulary, context;
  double epsilon;
  tz::ElementwiseFunction activation;
  std::optional<Rope> rope; ///< in the place of a table of positions

  explicit Bert(Metadata &m, bool rotary)
      : layers(m.layers()), hidden(m.count("embedding_length")),
        feedForward(m.count("feed_forward_length")),
        heads(m.count("attention.head_count")),
        vocabulary(m.count("vocab_size", m.tokens())),
        context(m.count("context_length")),
        epsilon(m.real("attention.layer_norm_epsilon")),
        activation(readEncoderSettings(m, rotary ? "silu" : "gelu")) {
    m.require(hidden % heads == 0,
              "embedding_length is a multiple of attention.head_count");
    if (rotary)
      readRope(m);
  }

  int64_t headDim() const { return hidden / heads; }

  void readRope(Metadata &m) {
    rope = {tz::RopeMode::Neox, m.real("rope.freq_base"), headDim()};
    m.require(rope->base > 0, "the base of the rotary position is positive");
    m.require(headDim() % 2 == 0, "the size of a head is even");
  }
};

/// What BERT adds up for a token, normalised.
Value embed(GraphBuilder &g, const Bert &m, const EncoderInputs &in) {
  Value x = g.embedding(in.tokens, "token_embd.weight", m.vocabulary, m.hidden);
  g.at("embeddings");
  if (!m.rope)
    x = g.add(x, g.embedding(in.positions, "position_embd.weight", m.context,
                             m.hidden));
  if (in.types)
    x = g.add(x, g.embedding(in.types, "token_types.weight",
                             g.rowsOf("token_types.weight"), m.hidden));
  return g.layerNorm(x, "token_embd_norm", m.epsilon);
}

Value selfAttention(GraphBuilder &g, const Bert &m, Value x,
                    const std::string &blk) {
  g.at(blk + "attn");
  auto heads = [&](const char *name) {
    return g.splitHeads(g.linear(x, blk + name, m.hidden), m.headDim());
  };
  Value q = heads("attn_q"), k = heads("attn_k"), v = heads("attn_v");
  if (m.rope) {
    q = g.rope(q, *m.rope);
    k = g.rope(k, *m.rope);
  }
  Value o = g.attendWithin(q, k, v, 1.0 / std::sqrt(m.headDim()));
  return g.linear(g.mergeHeads(o), blk + "attn_output", m.hidden);
}

Value feedForward(GraphBuilder &g, const Bert &m, Value x,
                  const std::string &blk) {
  g.at(blk + "ffn");
  if (g.has(blk + "ffn_gate.weight"))
    return g.gatedFeedForward(x, blk, m.activation, m.feedForward);
  Value up =
      g.activate(m.activation, g.linear(x, blk + "ffn_up", m.feedForward));
  return g.linear(up, blk + "ffn_down", m.hidden);
}

Facts build(GraphBuilder &g, Metadata &metadata, bool rotary) {
  Bert m(metadata, rotary);
  if (!metadata.ok())
    return {};
  g.encoder(m.hidden, m.context, g.has("token_types.weight"),
            [&](const EncoderInputs &in) {
              Value x = embed(g, m, in);
              for (int64_t layer = 0; layer < m.layers; ++layer) {
                std::string blk = "blk." + std::to_string(layer) + ".";
                x = g.add(selfAttention(g, m, x, blk), x);
                x = g.layerNorm(x, blk + "attn_output_norm", m.epsilon);
                x = g.add(feedForward(g, m, x, blk), x);
                x = g.layerNorm(x, blk + "layer_output_norm", m.epsilon);
              }
              return x;
            });
  return factsOf(m);
}

} // namespace

Facts buildBert(GraphBuilder &g, Metadata &metadata) {
  return build(g, metadata, /*rotary=*/false);
}

Facts buildNomicBert(GraphBuilder &g, Metadata &metadata) {
  return build(g, metadata, /*rotary=*/true);
}

} // namespace terrazzo
