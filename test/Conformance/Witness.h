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
//   a cache or an array of f16    half a unit of its last place, 5e-4
//   an array of bf16              the same, 4e-3
#pragma once

#include "formats/ModelFile.h"
#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Reference/Values.h"

namespace terrazzo::conformance {

/// Tokens of each call, one after the other.
using Calls = std::vector<std::vector<int32_t>>;

/// Of all tokens or calls, row by row.
struct Expected64 {
  std::vector<double> numbers, tolerance;
  double largest = 0; ///< magnitude of any operation's numbers
  /// Where rows of numbers end that are judged together.
  std::vector<size_t> rowEnds;
};

/// One call of @arrays: its sizes, and arguments as the interpreter takes them.
struct ArraysCall {
  std::vector<uint64_t> sizes;
  std::vector<reference::Tensor> arguments;
};
using ArraysCalls = std::vector<ArraysCall>;

/// Calls that the function's sizes allow, of numbers that its types hold.
ArraysCalls randomArraysCalls(mlir::ModuleOp module, uint64_t seed);

/// The elements of all results of all calls, one after the other.
Expected<Expected64> witness(mlir::ModuleOp module,
                             const formats::ModelFile &weights,
                             const ArraysCalls &calls, double product);

/// Calls with ids below `vocabulary`: a prompt, which may be one token, then
/// some more.
Calls randomCalls(uint64_t seed, int64_t vocabulary);

Expected<Expected64> witness(mlir::ModuleOp module,
                             const formats::ModelFile &weights,
                             const Calls &calls, double product);

} // namespace terrazzo::conformance
