// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the elements of loops lie, as code: sizes, indices and addresses.
#pragma once

#include "terrazzo/Codegen/LoopCut.h"

namespace terrazzo::codegen {

class LoopPlaces {
public:
  /// `memoryOf` gives a value's memory.
  LoopPlaces(Emitter &e, const LoopCut &cut, const KernelSizes &sizes,
             llvm::function_ref<mlir::Value(mlir::Value)> memoryOf);

  /// Iterations of a loop.
  mlir::Value sizeOf(unsigned loop);
  /// The indices of the outer loops in `workgroup`, of blocks their first; the
  /// others are null.
  llvm::SmallVector<mlir::Value> indicesOf(mlir::Value workgroup);
  /// From where to where a loop's iterations are in a workgroup of these
  /// indices; none: a loop of one.
  std::pair<mlir::Value, mlir::Value>
  rangeOf(std::optional<unsigned> loop, llvm::ArrayRef<mlir::Value> indices);

  /// Calls `body` in all iterations of the loops, the first the slowest, with
  /// their indices set.
  void each(llvm::ArrayRef<unsigned> loops,
            llvm::SmallVectorImpl<mlir::Value> &indices,
            llvm::function_ref<void()> body);

  /// Distance of neighbours along `loop`, in elements: 0, 1, or -1 for any
  /// other. Operand -1 is the result.
  int64_t strideOf(int operand, unsigned loop);
  /// Of the element at these indices of the operand's dimensions.
  mlir::Value addressOf(int operand, llvm::ArrayRef<mlir::Value> dims);
  /// Of the element in this iteration of the loops, whose maps never lead
  /// outside.
  mlir::Value placeOf(int operand, llvm::ArrayRef<mlir::Value> indices);
  /// Elements from one iteration of `loop` to the next, which is a dimension of
  /// the operand.
  mlir::Value distanceOf(int operand, unsigned loop);
  mlir::Value memoryOf(int operand) const {
    return operand < 0 ? memory.back() : memory[operand];
  }

protected:
  mlir::RankedTensorType typeOf(int operand);
  llvm::ArrayRef<mlir::AffineExpr> dimsOf(int operand) const {
    return operand < 0 ? cut.dims.back() : cut.dims[operand];
  }
  /// Whether the expression leads out of a dimension of this size.
  bool mayBeOutside(mlir::AffineExpr expression, mlir::AffineExpr size) const;
  /// The operand's indices, kept within it, and whether they were: null, they
  /// always are.
  mlir::Value insideOf(int operand, llvm::SmallVectorImpl<mlir::Value> &at,
                       llvm::ArrayRef<mlir::Value> indices);
  /// The dimension of an operand that runs with `loop`; none: no one does.
  std::optional<unsigned> dimensionAlong(int operand, unsigned loop);

  Emitter &e;
  const LoopCut &cut;
  const KernelSizes &sizes;
  /// Of operands, null where they are in none; then of the result.
  llvm::SmallVector<mlir::Value> memory;

private:
  llvm::SmallVector<mlir::AffineExpr> expressionsOf(int operand);
  mlir::Value valueOf(mlir::AffineExpr expression,
                      llvm::ArrayRef<mlir::Value> indices);
  /// Of a dimension of the operands, one after the other.
  mlir::Value dimensionOf(unsigned number);
};

/// What `loop` is multiplied by in an expression of loops, times and plus
/// numbers.
int64_t factorOf(mlir::AffineExpr expression, unsigned loop);

} // namespace terrazzo::codegen
