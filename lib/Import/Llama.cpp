// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Llama (Touvron et al., arXiv 2302.13971, 2307.09288; Llama 3: 2407.21783) and
// the models of its shape, SmolLM2 among them (Allal et al., arXiv 2502.02737).
#include "PreNormDecoder.h"
#include <cmath>

using namespace mlir;

namespace terrazzo {
namespace {

struct Llama : DecoderSizes {
  Rope rope;

  explicit Llama(Metadata &m)
      : DecoderSizes(m), rope{rotation(m), m.real("rope.freq_base", 10000.0),
                              m.count("rope.dimension_count", headDim)} {
    rope.scale = m.ropeFactor();
    readDecoderSettings(m, 1.0 / std::sqrt(headDim));
    refuseVariants(m);
    check(m, rope);
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

} // namespace

Facts buildLlama(GraphBuilder &g, Metadata &metadata) {
  Llama m(metadata);
  if (!metadata.ok())
    return {};
  // Llama 3 stretches low frequencies; its files bring the factors.
  if (g.has("rope_freqs.weight"))
    m.rope.factors = "rope_freqs.weight";

  return buildPreNormDecoder(
      g, m, [&](Value queries, Value keys, const std::string &) {
        queries = g.rope(queries, m.rope);
        return std::pair(queries, g.rope(keys, m.rope));
      });
}

} // namespace terrazzo
