// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decoders whose layers normalise before attention and before the feed-forward,
// and whose gate is SiLU: Llama and Qwen. What a family does to queries and
// keys is its own.
#pragma once

#include "Architecture.h"

namespace terrazzo {

struct DecoderSizes {
  int64_t layers, hidden, feedForward, heads, keyHeads, headDim, vocabulary,
      context;
  double epsilon;

  explicit DecoderSizes(Metadata &m);
  /// What holds of heads and of their rotation.
  void check(Metadata &m, const Rope &rope) const;
};

/// Queries and keys of the layer whose names begin so, on their way to
/// attention.
using TurnHeads = llvm::function_ref<std::pair<mlir::Value, mlir::Value>(
    mlir::Value queries, mlir::Value keys, const std::string &layer)>;

Facts buildPreNormDecoder(GraphBuilder &g, const DecoderSizes &m,
                          TurnHeads turn);

} // namespace terrazzo
