// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whisper (Radford et al., arXiv 2212.04356): a transformer over thirty seconds
// of sound, and one over text that attends to the first.
#include "Architecture.h"
#include <cmath>

using namespace mlir;

namespace terrazzo {
namespace {

/// Of the encoder or the decoder.
struct Side {
  int64_t layers, feedForward, heads;
};

struct Whisper {
  Side encoder, decoder;
  int64_t hidden, vocabulary, context, layers;
  Sound sound;
  double epsilon;
  tz::ElementwiseFunction activation;

  explicit Whisper(Metadata &m)
      : encoder{m.count("encoder.block_count"),
                m.count("encoder.feed_forward_length"),
                m.count("encoder.attention.head_count")},
        decoder{m.layers(), m.count("feed_forward_length"),
                m.count("attention.head_count")},
        hidden(m.count("embedding_length")),
        vocabulary(m.count("vocab_size", m.tokens())),
        context(m.count("context_length")), layers(decoder.layers),
        // The second convolution leaves half of the frames.
        sound{m.count("encoder.mel_bins"),
              2 * m.count("encoder.context_length"),
              m.count("encoder.context_length")},
        epsilon(m.real("attention.layer_norm_epsilon")),
        activation(readActivation(m, "gelu")) {
    m.require(hidden % encoder.heads == 0 && hidden % decoder.heads == 0,
              "embedding_length is a multiple of both numbers of heads");
    constexpr int64_t mostLayers = 1024;
    m.require(encoder.layers <= mostLayers,
              "encoder.block_count is at most 1024");
  }

  int64_t dim(const Side &side) const { return hidden / side.heads; }
  double scale(const Side &side) const { return 1.0 / std::sqrt(dim(side)); }
  /// Of the decoder's layers, over text as over sound.
  Attention caches() const {
    return {decoder.heads, dim(decoder), scale(decoder)};
  }
};

class Graph {
public:
  Graph(GraphBuilder &g, const Whisper &m) : g(g), m(m) {}

  void build() {
    g.soundEncoder(m.sound, m.hidden, m.layers, m.caches(),
                   [&](Value mel) { return encode(mel); });
    g.soundDecoder(m.sound, m.hidden, m.layers, m.caches(),
                   [&](Value ids) { return decode(ids); });
    g.head(m.hidden, [&](Value x) {
      x = g.layerNorm(x, "dec.output_norm", m.epsilon);
      bool tied = !g.has("output.weight");
      return g.linear(x, tied ? "token_embd" : "output", m.vocabulary);
    });
  }

private:
  Value encode(Value mel) {
    Value x = g.convolution(mel, "enc.conv1", m.hidden, /*stride=*/1);
    x = g.transposed(g.activate(m.activation, x));
    x = g.convolution(x, "enc.conv2", m.hidden, /*stride=*/2);
    x = g.activate(m.activation, x);
    x = g.add(x,
              g.weight("enc.position_embd.weight", {m.sound.rows, m.hidden}));
    for (int64_t layer = 0; layer < m.encoder.layers; ++layer) {
      std::string blk = "enc.blk." + std::to_string(layer) + ".";
      Value a = norm(x, blk + "attn_norm");
      g.at(blk + "attn");
      Value o = g.attendToAll(heads(a, blk + "attn_q", m.encoder),
                              heads(a, blk + "attn_k", m.encoder),
                              heads(a, blk + "attn_v", m.encoder),
                              m.scale(m.encoder));
      x = g.add(x, merged(o, blk + "attn_output"));
      x = g.add(x, feedForward(x, blk, m.encoder));
    }
    x = norm(x, "enc.output_norm");
    // What the decoder's layers will attend to, once for all of its tokens.
    for (int64_t layer = 0; layer < m.layers; ++layer) {
      std::string blk = "dec.blk." + std::to_string(layer) + ".cross_attn_";
      g.keepSound(heads(x, blk + "k", m.decoder),
                  heads(x, blk + "v", m.decoder), layer);
    }
    return x;
  }

  Value decode(Value ids) {
    Value x =
        g.add(g.embedding(ids, "token_embd.weight", m.vocabulary, m.hidden),
              g.positionRows("dec.position_embd.weight", m.context, m.hidden));
    for (int64_t layer = 0; layer < m.layers; ++layer) {
      std::string blk = "dec.blk." + std::to_string(layer) + ".";
      Value a = norm(x, blk + "attn_norm");
      g.at(blk + "attn");
      Value o =
          g.attend(heads(a, blk + "attn_q", m.decoder),
                   heads(a, blk + "attn_k", m.decoder),
                   heads(a, blk + "attn_v", m.decoder), layer, m.caches());
      x = g.add(x, merged(o, blk + "attn_output"));
      Value c = norm(x, blk + "cross_attn_norm");
      g.at(blk + "cross_attn");
      o = g.attendToSound(heads(c, blk + "cross_attn_q", m.decoder), layer,
                          m.scale(m.decoder));
      x = g.add(x, merged(o, blk + "cross_attn_output"));
      x = g.add(x, feedForward(x, blk, m.decoder));
    }
    return x;
  }

  Value feedForward(Value x, const std::string &blk, const Side &side) {
    Value h = norm(x, blk + "ffn_norm");
    g.at(blk + "ffn");
    h = g.activate(m.activation, g.linear(h, blk + "ffn_up", side.feedForward));
    return g.linear(h, blk + "ffn_down", m.hidden);
  }

  Value norm(Value x, const std::string &name) {
    return g.layerNorm(x, name, m.epsilon);
  }
  Value heads(Value x, const std::string &name, const Side &side) {
    return g.splitHeads(g.linear(x, name, m.hidden), m.dim(side));
  }
  Value merged(Value x, const std::string &name) {
    return g.linear(g.mergeHeads(x), name, m.hidden);
  }

  GraphBuilder &g;
  const Whisper &m;
};

} // namespace

Facts buildWhisper(GraphBuilder &g, Metadata &metadata) {
  Whisper m(metadata);
  if (!metadata.ok())
    return {};
  Graph(g, m).build();
  return factsOf(m);
}

} // namespace terrazzo
