// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a caller sees of a function: named sizes, arguments and results. States
// are neither: they live where the function runs.
//
//   tz.func @f(%x: tensor<?x576xf32> {tz.name = "x", tz.dims = ["T", 576]},
//              %c: !tz.cache<3x64xf16, ?> {tz.state = "k"})
//       -> (tensor<?x576xf32> {tz.name = "y"}, !tz.cache<3x64xf16, ?> {...})
//   // sizes T; arguments x: f32[T, 576]; results y: f32[T, 576]
#pragma once

#include "terrazzo/Dialect/Tz/Sizes.h"
#include "llvm/ADT/SmallVector.h"

#include <string>

namespace terrazzo::tz {

struct SignatureValue {
  std::string name;            ///< `tz.name`, else "arg0", "result0"
  unsigned position;           ///< among the function's, states included
  mlir::RankedTensorType type; ///< '?' where a size stands
  /// Of each dimension; symbol i is size i.
  llvm::SmallVector<mlir::AffineExpr> dims;
};

struct Signature {
  llvm::SmallVector<std::string> sizes; ///< in the order of their first use
  llvm::SmallVector<SignatureValue> arguments, results;
};

/// Of a function that verifies, with its sizes.
Signature signatureOf(FuncOp func, const Sizes &sizes);

/// Checks `tz.name`, `tz.dims` and `tz.sizes` against each other and the sizes
/// of all values: names are there once, sizes are those of the dimensions, and
/// each is the whole of some argument's dimension.
mlir::LogicalResult verifySignature(FuncOp func);

} // namespace terrazzo::tz
