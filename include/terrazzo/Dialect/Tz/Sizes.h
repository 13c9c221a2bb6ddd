// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sizes of a function's values, as expressions of the numbers that its
// calls differ in.
//
//   tz.func @f(%x: tensor<?x?x64xf32> {tz.dims = ["B", "T", 64]}) ... {
//     %r = tz.reshape %x : ... -> tensor<?x64xf32>        // B * T, 64
//     %p = tz.pad %r [1, 0] [1, 0] : ... -> tensor<?x64xf32> // B * T + 2, 64
//
// Symbol i of an expression is size i of the function. A '?' without a name is
// the size "T".
#pragma once

#include "terrazzo/Dialect/Tz/Tz.h"
#include "llvm/ADT/DenseMap.h"

#include <string>

namespace terrazzo::tz {

/// The size of a '?' without a name.
inline constexpr llvm::StringLiteral kUnnamedSize = "T";

class Sizes {
public:
  Sizes() = default;
  /// Fails, with a diagnostic at the operation, where sizes that must be equal
  /// are not, or where one does not follow.
  static mlir::FailureOr<Sizes> infer(FuncOp func);

  /// Names of the sizes, in the order of their first use.
  llvm::ArrayRef<std::string> names() const { return symbols; }
  /// Of each dimension of a tensor; none of another value.
  llvm::ArrayRef<mlir::AffineExpr> of(mlir::Value value) const;
  /// Numbers that no call may have below 0: what would lie outside of a value
  /// otherwise.
  llvm::ArrayRef<mlir::AffineExpr> demands() const { return nonNegative; }
  /// "B * T + 2"
  std::string text(mlir::AffineExpr size) const;

private:
  friend class SizeInference;
  llvm::SmallVector<std::string> symbols;
  llvm::SmallVector<mlir::AffineExpr> nonNegative;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::AffineExpr>> dims;
};

/// "B * T + 2" of an expression whose symbols have these names.
std::string sizeText(mlir::AffineExpr size, llvm::ArrayRef<std::string> names);

/// The expression of a text, null where it is none: numbers, names, sums,
/// differences, products, and floordiv, ceildiv and mod by a number.
mlir::AffineExpr parseSize(llvm::StringRef text,
                           llvm::ArrayRef<std::string> names,
                           mlir::MLIRContext *context);

/// The same size in a form that equal sizes share more often: one division for
/// one of a quotient, rounded down, of as little as may be.
mlir::AffineExpr normalForm(mlir::AffineExpr size);

/// The value of `size` where symbol i is `numbers[i]`.
int64_t valueOf(mlir::AffineExpr size, llvm::ArrayRef<int64_t> numbers);

/// The largest value of `size` while symbol i is from 0 to `bounds[i]`.
int64_t boundOf(mlir::AffineExpr size, llvm::ArrayRef<int64_t> bounds);

/// Bytes of a dense array of these sizes, each at its largest.
int64_t byteBound(mlir::RankedTensorType type,
                  llvm::ArrayRef<mlir::AffineExpr> sizes,
                  llvm::ArrayRef<int64_t> bounds);

/// Whether `name` may name a size.
bool isSizeName(llvm::StringRef name);

} // namespace terrazzo::tz
