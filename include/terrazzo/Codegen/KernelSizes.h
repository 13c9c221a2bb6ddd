// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The numbers that a launch brings a kernel, and expressions of them: those of
// the sizes of its function (Dialect/Tz/Sizes.h) in order, then the rows of
// caches that do not say their own.
#pragma once

#include "terrazzo/Codegen/Emitter.h"

namespace terrazzo::codegen {

/// An expression as code: sums, products, quotients and remainders of indices
/// that `leaf` gives for its dimensions and symbols. `natural`: no part of it
/// is below 0, so that it divides as unsigned numbers.
mlir::Value
emitExpression(Emitter &e, mlir::AffineExpr expression,
               llvm::function_ref<mlir::Value(mlir::AffineExpr)> leaf,
               bool natural = false);

class KernelSizes {
public:
  /// `values` are indices, the rows of caches last.
  explicit KernelSizes(llvm::SmallVector<mlir::Value> values)
      : values(std::move(values)) {}

  /// The value of an expression of the sizes, an index.
  mlir::Value of(Emitter &e, mlir::AffineExpr size) const;
  mlir::Value cacheRows() const { return values.back(); }

private:
  llvm::SmallVector<mlir::Value> values;
};

} // namespace terrazzo::codegen
