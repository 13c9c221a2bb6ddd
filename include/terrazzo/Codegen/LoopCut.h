// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the loops of an operation (LoopNest.h) are shared out among workgroups,
// and where their elements lie. A workgroup takes one iteration of each outer
// loop; within it run the inner loop, which is the result's innermost, the
// others that are left, and those that are reduced.
//
//   contract "thd,shd->hts" over T, S   outer h, t   inner s   reduced d
//   reduce max ?x12x? [2]               outer ?, 12  inner 12  reduced ?
//   elementwise on 1000                 inner, in blocks of 256
#pragma once

#include "terrazzo/Codegen/KernelSizes.h"
#include "terrazzo/Dialect/Tz/Sizes.h"

namespace terrazzo::codegen {

/// Elements of a workgroup where there is no outer loop.
inline constexpr int64_t kLoopBlock = 256;

struct LoopCut {
  LoopCut(tz::LoopOp op, const tz::Sizes &sizes);

  mlir::Operation *op;
  tz::LoopNest nest;
  /// Of each loop: its number of iterations, of the kernel's sizes.
  llvm::SmallVector<mlir::AffineExpr> counts;
  /// Of each operand, then of the result, its dimensions.
  llvm::SmallVector<llvm::SmallVector<mlir::AffineExpr>> dims;
  /// Loops that workgroups count, the slowest first; each size is at most one
  /// of them.
  llvm::SmallVector<unsigned> outer;
  /// Result loops that are left, without the inner one.
  llvm::SmallVector<unsigned> rest;
  /// The result's innermost loop that has more than one iteration; none: the
  /// result is one element.
  std::optional<unsigned> inner;
  llvm::SmallVector<unsigned> reduced;

  /// Workgroups are factor x the product of ceil(size i / tiles[i]); a tile of
  /// 0 leaves the size out.
  int64_t factor = 1;
  llvm::SmallVector<int64_t> tiles;
  bool inBlocks = false; ///< workgroups are blocks of the inner loop
};

/// Sizes, indices, addresses and elements of the loops, as code.
class LoopPlaces {
public:
  /// `memoryOf` gives a value's memory.
  LoopPlaces(Emitter &e, const LoopCut &cut, const KernelSizes &sizes,
             llvm::function_ref<mlir::Value(mlir::Value)> memoryOf);

  /// Iterations of a loop.
  mlir::Value sizeOf(unsigned loop);
  /// The indices of the outer loops in `workgroup`; the others are null.
  llvm::SmallVector<mlir::Value> indicesOf(mlir::Value workgroup);
  /// First and last of the inner loop's iterations in `workgroup`.
  std::pair<mlir::Value, mlir::Value> innerRange(mlir::Value workgroup);

  /// Distance of neighbours along `loop`, in elements: 0, 1, or -1 for any
  /// other. Operand -1 is the result.
  int64_t strideOf(int operand, unsigned loop);
  /// Of the element at these indices of the operand's dimensions.
  mlir::Value addressOf(int operand, llvm::ArrayRef<mlir::Value> dims);

  /// The function of the operands' elements, from as many lanes as the vector
  /// along `loop` has; with a null loop, one element.
  mlir::Value compute(llvm::ArrayRef<mlir::Value> indices, bool lanes,
                      unsigned loop, mlir::Value mask, mlir::Value before = {});
  /// One element of an operation that ranks, as an index.
  mlir::Value rank(llvm::SmallVector<mlir::Value> indices);
  void store(mlir::Value value, llvm::ArrayRef<mlir::Value> indices, bool lanes,
             mlir::Value mask);
  /// Whether what is stored is what is computed, so that the result's memory
  /// serves as a register.
  bool keepsRegisters() { return type == typeOf(-1).getElementType(); }
  mlir::Value loadResult(llvm::ArrayRef<mlir::Value> indices, bool lanes,
                         mlir::Value mask);

  /// What the operation computes in.
  mlir::Type registers() const { return type; }
  /// What a reduction begins with, in a register.
  mlir::Value initial(bool lanes);
  mlir::Value combine(mlir::Value a, mlir::Value b);
  /// What is left to do with a combined value.
  mlir::Value finish(mlir::Value combined);

private:
  llvm::SmallVector<mlir::AffineExpr> expressionsOf(int operand);
  mlir::Value valueOf(mlir::AffineExpr expression,
                      llvm::ArrayRef<mlir::Value> indices);
  /// Of a dimension of the operands, one after the other.
  mlir::Value dimensionOf(unsigned number);
  mlir::RankedTensorType typeOf(int operand);
  /// Whether the expression leads out of a dimension of this size.
  bool mayBeOutside(mlir::AffineExpr expression, mlir::AffineExpr size) const;
  llvm::ArrayRef<mlir::AffineExpr> dimsOf(int operand) const {
    return operand < 0 ? cut.dims.back() : cut.dims[operand];
  }
  /// The operand's indices, kept within it, and whether they were: null, they
  /// always are.
  mlir::Value insideOf(int operand, llvm::SmallVectorImpl<mlir::Value> &at,
                       llvm::ArrayRef<mlir::Value> indices);
  mlir::Value load(int operand, llvm::ArrayRef<mlir::Value> indices, bool lanes,
                   unsigned loop, mlir::Value mask,
                   mlir::Value *within = nullptr);
  mlir::Value constant(double value, bool lanes);
  /// The element of the operand whose map leads to it.
  mlir::Value pickOne(llvm::ArrayRef<mlir::Value> indices, bool lanes,
                      unsigned loop, mlir::Value mask);
  /// The index that the second operand's element is.
  mlir::Value lookedUp(llvm::ArrayRef<mlir::Value> indices);

  Emitter &e;
  const LoopCut &cut;
  const KernelSizes &sizes;
  mlir::Type type;                       ///< of registers
  llvm::SmallVector<mlir::Value> memory; ///< of operands, then the result
};

} // namespace terrazzo::codegen
