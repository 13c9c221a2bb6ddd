// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds operations on values whose sizes are known as expressions of the
// function's, so that what a rewrite makes says its own sizes.
#pragma once

#include "mlir/IR/Builders.h"
#include "terrazzo/Dialect/Tz/Sizes.h"

namespace terrazzo {

/// A value and the size of each of its dimensions.
struct Sized {
  mlir::Value value;
  llvm::SmallVector<mlir::AffineExpr> dims;

  explicit operator bool() const { return static_cast<bool>(value); }
};

/// Sizes of a function's values, those that a rewrite has made included.
struct KnownSizes {
  explicit KnownSizes(const tz::Sizes &given) : given(given) {}

  const tz::Sizes &given;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::AffineExpr>> made;
};

class SizedBuilder {
public:
  SizedBuilder(mlir::OpBuilder &builder, mlir::Location location,
               KnownSizes &sizes)
      : builder(builder), location(location), sizes(sizes) {}

  Sized of(mlir::Value value) const;
  mlir::AffineExpr number(int64_t value) const;
  mlir::RankedTensorType typeFor(llvm::ArrayRef<mlir::AffineExpr> dims,
                                 mlir::Type element) const;
  /// The product of dimensions.
  mlir::AffineExpr product(llvm::ArrayRef<mlir::AffineExpr> dims) const;

  Sized scalar(double value, mlir::Type element);
  /// A size as an array of rank 0.
  Sized sizeValue(mlir::AffineExpr size, mlir::Type element);
  Sized iota(int64_t axis, llvm::ArrayRef<mlir::AffineExpr> dims,
             mlir::Type element);
  Sized reshape(Sized x, llvm::ArrayRef<mlir::AffineExpr> dims);
  Sized broadcast(Sized x, llvm::ArrayRef<mlir::AffineExpr> dims);
  Sized transpose(Sized x, llvm::ArrayRef<int64_t> permutation);
  /// Of operands that are broadcast; `element` null: that of the last one.
  Sized elementwise(tz::ElementwiseFunction function,
                    llvm::ArrayRef<Sized> operands, mlir::Type element = {});
  Sized cast(Sized x, mlir::Type element);

  /// Enters a value that was made otherwise.
  Sized made(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> dims);

private:
  template <typename OpT>
  Sized inShape(Sized x, llvm::ArrayRef<mlir::AffineExpr> dims);
  mlir::ArrayAttr namesOf(llvm::ArrayRef<mlir::AffineExpr> dims) const;

  mlir::OpBuilder &builder;
  mlir::Location location;
  KnownSizes &sizes;
};

} // namespace terrazzo
