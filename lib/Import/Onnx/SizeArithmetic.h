// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expressions of sizes, none of which is below 0.
#pragma once

#include "Val.h"

namespace terrazzo::onnx {

/// In the one form that equal expressions are compared in.
mlir::AffineExpr normal(mlir::AffineExpr size);

/// The least and the largest value, where there is one.
struct Range {
  std::optional<int64_t> least, largest;
};
Range rangeOf(mlir::AffineExpr size);

/// Whether `a` is at least `b` in all calls; none: it depends on the call.
std::optional<bool> isAtLeast(mlir::AffineExpr a, mlir::AffineExpr b);
std::optional<bool> isEqual(mlir::AffineExpr a, mlir::AffineExpr b);

mlir::AffineExpr productOf(llvm::ArrayRef<mlir::AffineExpr> sizes,
                           mlir::MLIRContext *context);

/// `whole / part` where that divides without a rest in all calls, else null.
mlir::AffineExpr quotient(mlir::AffineExpr whole, mlir::AffineExpr part);

} // namespace terrazzo::onnx
