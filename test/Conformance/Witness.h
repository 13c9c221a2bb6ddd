// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a module's logits are in float64, and how far a chip's may lie from
// them. Each operation has a budget for its own error; how those add up in a
// graph is learnt by evaluating it again with random errors of that size.
//
//   elementwise                   what its row in ElementwiseFunctions.def says
//   rms_norm, rope                4e-7 of the number and of the result's size
//   products                      each input by `product` of itself, at least
//   of
//                                 f16's least normal number; beside blocks by
//                                 half a step of eight bits too
//   attention                     `product` of the result's size
//   a cache of f16                half a unit of its last place, 5e-4
#pragma once

#include "formats/ModelFile.h"
#include "mlir/IR/BuiltinOps.h"

namespace terrazzo::conformance {

/// Tokens of each call, one after the other.
using Calls = std::vector<std::vector<int32_t>>;

/// Of all tokens, row by row.
struct Expected64 {
  std::vector<double> logits, tolerance;
  double largest = 0; ///< magnitude of any operation's numbers
  int64_t columns = 0;
};

/// Calls with ids below `vocabulary`: a prompt, which may be one token, then
/// some more.
Calls randomCalls(uint64_t seed, int64_t vocabulary);

Expected<Expected64> witness(mlir::ModuleOp module,
                             const formats::ModelFile &weights,
                             const Calls &calls, double product);

} // namespace terrazzo::conformance
