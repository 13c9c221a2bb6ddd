// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expressions of a function's sizes as extents of the package.
#pragma once

#include "mlir/IR/AffineExpr.h"
#include "package/Package.h"

namespace terrazzo {

class ExtentTable {
public:
  /// Of a function with so many sizes; the expressions go into `function`,
  /// which may be null where there are none.
  ExtentTable(package::FunctionT *function, uint32_t sizes)
      : function(function), sizes(sizes) {}

  /// The extent that an expression is, a new one where it is none yet. Fixed
  /// numbers are extents as well.
  uint32_t of(mlir::AffineExpr size);
  uint32_t cacheRows() const { return sizes; }
  /// The dimension that it is.
  package::Dim dim(mlir::AffineExpr size);

private:
  package::FunctionT *function;
  uint32_t sizes;
  llvm::SmallVector<mlir::AffineExpr> known; ///< beyond sizes and cache rows
};

} // namespace terrazzo
