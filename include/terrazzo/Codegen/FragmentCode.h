// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Code on fragments that the lanes of a subgroup hold together, as
// #tile.fragment says: which lane holds what follows from its maps, and what a
// chip does with fragments are operations of the tile dialect, which it lowers.
// Kernels are written once against this.
#pragma once

#include "terrazzo/Codegen/SimtEmitter.h"
#include "terrazzo/Dialect/Tile/Tile.h"

namespace terrazzo::codegen {

class FragmentCode {
public:
  /// Rows and depth that kernels are written for.
  static constexpr int64_t rows = 16, depth = 16;
  /// Null, or why kernels have no use for fragments that a chip has.
  static const char *whyNotUsed(tile::FragmentAttr shape);

  /// A fragment that kernels have use for.
  FragmentCode(SimtEmitter &e, tile::FragmentAttr shape);

  mlir::Type operandType() const { return shape.getElements(); }
  /// Columns of the right operand and of an accumulator.
  int64_t columns() const { return shape.getColumns(); }

  /// f32 as an operand; what that cannot hold is infinite, and no number what
  /// it meets.
  mlir::Value toOperand(mlir::Value x) const;

  /// A left fragment made by the lanes themselves: each holds quads, four
  /// neighbouring depths (4 x `number` on) of one row.
  struct Quad {
    mlir::Value row, number;
  };
  llvm::SmallVector<Quad> quads() const;
  /// `values`: a vector<4xT> for each of them. Depths of such a fragment are in
  /// an order of the chip's: a right operand that meets it has depth k of each
  /// 16 stored at `storedAt(k)`.
  mlir::Value leftFromQuads(llvm::ArrayRef<mlir::Value> values) const;
  int64_t storedAt(int64_t k) const { return stored[k]; }

  /// As tile.load_fragment has it.
  mlir::Value loadLeft(mlir::Value memory, mlir::Value at,
                       int64_t stride) const;
  mlir::Value loadRight(mlir::Value memory, mlir::Value at, int64_t stride,
                        bool transposed = false) const;

  mlir::Value zero() const;
  mlir::Value multiply(mlir::Value left, mlir::Value right,
                       mlir::Value accumulator) const;
  /// A lane's elements of an accumulator, and where element i belongs.
  llvm::SmallVector<mlir::Value> elements(mlir::Value accumulator) const;
  mlir::Value fromElements(llvm::ArrayRef<mlir::Value> elements) const {
    return e.vectorOf(elements);
  }
  struct Position {
    mlir::Value row, column;
  };
  llvm::SmallVector<Position> positions() const;
  /// A lane's elements lie in `laneRows` rows, element i in row rowOfElement(i)
  /// of those.
  int64_t laneRows() const { return rowCount; }
  int64_t rowOfElement(int64_t i) const { return rowNumbers[i]; }
  /// The bits of the lane's number in which lanes differ that hold elements of
  /// the same rows: from `first` to `last`, powers of two.
  std::pair<int64_t, int64_t> rowLanes() const { return sharing; }

private:
  void findQuads();
  void findRows();
  /// A place in the fragment, of d0 and d1, for element `i` of this lane.
  mlir::Value placeOf(mlir::AffineExpr place, int64_t i) const;

  SimtEmitter &e;
  tile::FragmentAttr shape;
  /// Of each quad: the elements of a lane's left fragment that hold it.
  llvm::SmallVector<llvm::SmallVector<int64_t, 4>> quadElements;
  llvm::SmallVector<int64_t> stored;
  int64_t quadDistance = 0; ///< of their first depths
  llvm::SmallVector<int64_t> rowNumbers;
  int64_t rowCount = 0;
  std::pair<int64_t, int64_t> sharing;
};

} // namespace terrazzo::codegen
