// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// BERT (Devlin et al., arXiv 1810.04805) and the encoders of its shape: RoBERTa
// (Liu et al., 1907.11692), DistilBERT (Sanh et al., 1910.01108, without types
// of tokens), MiniLM (Wang et al., 2002.10957).
#include "Architecture.h"
#include <cmath>

using namespace mlir;

namespace terrazzo {
namespace {

struct Bert {
  int64_t layers, hidden, feedForward, heads, vocabulary, context;
  double epsilon;
  tz::ElementwiseFunction activation;

  explicit Bert(Metadata &m)
      : layers(m.layers()), hidden(m.count("embedding_length")),
        feedForward(m.count("feed_forward_length")),
        heads(m.count("attention.head_count")),
        vocabulary(m.count("vocab_size", m.tokens())),
        context(m.count("context_length")),
        epsilon(m.real("attention.layer_norm_epsilon")),
        activation(readEncoderSettings(m)) {
    m.require(hidden % heads == 0,
              "embedding_length is a multiple of attention.head_count");
  }
};

/// What BERT adds up for a token, normalised.
Value embed(GraphBuilder &g, const Bert &m, const EncoderInputs &in) {
  Value x = g.embedding(in.tokens, "token_embd.weight", m.vocabulary, m.hidden);
  g.at("embeddings");
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
  int64_t headDim = m.hidden / m.heads;
  auto heads = [&](const char *name) {
    return g.splitHeads(g.linear(x, blk + name, m.hidden), headDim);
  };
  Value q = heads("attn_q"), k = heads("attn_k"), v = heads("attn_v");
  Value o = g.attendWithin(q, k, v, 1.0 / std::sqrt(headDim));
  return g.linear(g.mergeHeads(o), blk + "attn_output", m.hidden);
}

Value feedForward(GraphBuilder &g, const Bert &m, Value x,
                  const std::string &blk) {
  g.at(blk + "ffn");
  Value up = g.linear(x, blk + "ffn_up", m.feedForward);
  return g.linear(g.activate(m.activation, up), blk + "ffn_down", m.hidden);
}

} // namespace

Facts buildBert(GraphBuilder &g, Metadata &metadata) {
  Bert m(metadata);
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
  return {{"layers", m.layers},
          {"hidden", m.hidden},
          {"vocabulary", m.vocabulary},
          {"context_length", m.context}};
}

} // namespace terrazzo
