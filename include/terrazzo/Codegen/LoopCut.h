// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the loops of an operation (LoopNest.h) are shared out among workgroups. A
// workgroup takes one iteration, or a block of them, of each outer loop; within
// it run the inner loop, which is the result's innermost, the others that are
// left, and those that are reduced.
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
  /// Result loops that are left, without the inner one and the line.
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

} // namespace terrazzo::codegen
