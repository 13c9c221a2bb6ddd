// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the loops of an operation (LoopNest.h) are shared out among workgroups,
// and where their elements lie. A workgroup takes one iteration, or a block of
// them, of each outer loop; within it run the inner loop, which is the result's
// innermost, the others that are left, and those that are reduced.
//
//   contract "thd,shd->hts" over T, S   outer h, t   inner s   reduced d
//   the same as a product in tiles      outer h, t in blocks, s in blocks
//   reduce max ?x12x? [2]               outer ?, 12  inner 12  reduced ?
//   elementwise on 1000                 outer = inner, in blocks of 256
#pragma once

#include "terrazzo/Codegen/KernelSizes.h"
#include "terrazzo/Dialect/Tz/Sizes.h"

namespace terrazzo::codegen {

/// Elements of a workgroup where there is no outer loop.
inline constexpr int64_t kLoopBlock = 256;

/// Rows and columns of a workgroup of a product in tiles; 0: it is loops like
/// others.
struct ProductBlock {
  int64_t rows = 0, columns = 0;
};
/// Of a worker with vectors.
inline constexpr ProductBlock kVectorBlock{48, 128};

/// A sum of products as one of matrices, for each iteration of the other loops.
struct ProductLoops {
  unsigned rows, columns, depth;        ///< loops
  unsigned rowsOperand, columnsOperand; ///< that have them
};

/// The register tile of such products; none: they are loops like others.
struct ProductTile {
  int64_t rows = 0, columns = 0;

  explicit operator bool() const { return rows > 0; }
  mlir::DictionaryAttr toAttr(mlir::MLIRContext *context) const;
  static ProductTile fromAttr(mlir::DictionaryAttr attr);
};

struct LoopCut {
  /// A loop that workgroups count, in blocks of so many iterations.
  struct Outer {
    unsigned loop;
    int64_t block = 1;
  };

  /// With a block of some size sums of products are cut as matrices.
  LoopCut(tz::LoopOp op, const tz::Sizes &sizes, ProductBlock block = {});

  mlir::Operation *op;
  tz::LoopNest nest;
  /// Of each loop: its number of iterations, of the kernel's sizes.
  llvm::SmallVector<mlir::AffineExpr> counts;
  /// Of each operand, then of the result, its dimensions.
  llvm::SmallVector<llvm::SmallVector<mlir::AffineExpr>> dims;
  /// Loops that workgroups count, the slowest first; each size is at most one
  /// of them.
  llvm::SmallVector<Outer> outer;
  /// Result loops that are left, without the inner one and the one summed up.
  llvm::SmallVector<unsigned> rest;
  /// The result's innermost loop that has more than one iteration; none: the
  /// result is one element.
  std::optional<unsigned> inner;
  llvm::SmallVector<unsigned> reduced;
  std::optional<ProductLoops> product;
  /// Of each operand, the loops that compute its elements; null: it is memory.
  llvm::SmallVector<std::unique_ptr<LoopCut>> producers;

  /// Workgroups are factor x the product of ceil(size i / tiles[i]); a tile of
  /// 0 leaves the size out.
  int64_t factor = 1;
  llvm::SmallVector<int64_t> tiles;

private:
  std::optional<ProductLoops> findProduct() const;
  bool count(unsigned loop, int64_t block);
};

/// Sizes, indices, addresses and elements of the loops, as code.
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
  /// Whether vectors may run along `loop`: what the operands have there lies
  /// side by side, or is the same for all.
  bool runsAlong(unsigned loop);
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
  /// What was loaded of an operand, in a register.
  mlir::Value toRegister(int operand, mlir::Value loaded);

  /// The function of the operands' elements, from as many lanes as the vector
  /// along `loop` has; with a null loop, one element.
  mlir::Value compute(llvm::ArrayRef<mlir::Value> indices, bool lanes,
                      unsigned loop, mlir::Value mask, mlir::Value before = {});
  /// One element of an operation that ranks, an i64.
  mlir::Value rank(llvm::SmallVector<mlir::Value> indices);
  /// Of an operation with a target: what an element is where nothing counts,
  /// whether the second operand's element in this iteration is its number, and
  /// what it becomes then.
  mlir::Value untouched(llvm::ArrayRef<mlir::Value> indices, bool lanes,
                        unsigned loop, mlir::Value mask);
  mlir::Value isTarget(llvm::ArrayRef<mlir::Value> indices);
  mlir::Value updated(mlir::Value before, llvm::ArrayRef<mlir::Value> indices,
                      bool lanes, unsigned loop, mlir::Value mask);
  /// One such element, over the reduced loop.
  mlir::Value target(llvm::SmallVector<mlir::Value> indices);
  /// All elements along the loop that is summed up, of as many lanes as the
  /// vector along `loop` has.
  void scan(llvm::SmallVectorImpl<mlir::Value> &indices, bool lanes,
            unsigned loop, mlir::Value mask);
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
  /// The number of the counted loop, in a register.
  mlir::Value counted(mlir::Value index, bool lanes);
  /// The element of a computed operand at these indices of its dimensions, in a
  /// register of type `to`.
  mlir::Value computed(int operand, llvm::ArrayRef<mlir::Value> dims,
                       bool lanes, unsigned loop, mlir::Value mask,
                       mlir::Type to);
  /// The dimension of an operand that runs with `loop`; none: no one does.
  std::optional<unsigned> dimensionAlong(int operand, unsigned loop);
  /// Elements that are part of the code.
  mlir::Value known(llvm::ArrayRef<mlir::Value> indices, bool lanes,
                    unsigned loop, mlir::Value mask);
  /// The element of the operand whose map leads to it.
  mlir::Value pickOne(llvm::ArrayRef<mlir::Value> indices, bool lanes,
                      unsigned loop, mlir::Value mask);
  /// The second operand's element, an i64.
  mlir::Value placeNamed(llvm::ArrayRef<mlir::Value> indices);
  /// The same kept within the dimension that it looks up, an index.
  mlir::Value lookedUp(llvm::ArrayRef<mlir::Value> indices);

  Emitter &e;
  const LoopCut &cut;
  const KernelSizes &sizes;
  mlir::Type type;                       ///< of registers
  llvm::SmallVector<mlir::Value> memory; ///< of operands, then the result
  /// Of each operand; null: it is memory.
  llvm::SmallVector<std::unique_ptr<LoopPlaces>> producers;
};

} // namespace terrazzo::codegen
