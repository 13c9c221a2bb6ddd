// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The matrix instructions of a chip's subgroups, behind one interface: products
// of fragments of 16 rows and 16 depths with fragments of 16 depths and
// `columns` columns, f32 accumulators. The product itself is tile.contract,
// which the chip lowers; its backend says here how fragments come about.
// Kernels are written once against it.
//
// How a fragment's elements lie over the lanes is the chip's secret but for
// what kernels need: which rows of the left operand a lane unpacks itself, and
// where the elements of an accumulator belong.
#pragma once

#include "terrazzo/Codegen/SimtEmitter.h"
#include "terrazzo/Dialect/Tile/Tile.h"

namespace terrazzo::codegen {

class MatrixUnit {
public:
  static constexpr int64_t rows = 16, depth = 16;

  virtual ~MatrixUnit();

  /// f16 or bf16: what both operands are.
  virtual mlir::Type operandType(mlir::MLIRContext *context) const = 0;
  /// The unit with f16 operands, this one or a sibling that lives as long: what
  /// multiplies caches, whose elements are f16 as they lie in memory.
  virtual const MatrixUnit &halves() const = 0;
  /// Columns of the right operand and of an accumulator.
  virtual int64_t columns() const = 0;

  /// A left fragment made by the lanes themselves: each holds quads, four
  /// neighbouring depths of one row. A lane's rows, as many as it has quads,
  /// and the quad (0 to 3) of the depth that it holds of each.
  virtual llvm::SmallVector<mlir::Value> quadRows(SimtEmitter &e) const = 0;
  virtual mlir::Value quadOfLane(SimtEmitter &e) const = 0;
  /// `quads`: a vector<4xT> for each of quadRows. Depths of such a fragment are
  /// in an order of the chip's: a right operand that meets it has depth k of
  /// each 16 stored at `storedAt(k)`.
  virtual mlir::Value
  leftFromQuads(SimtEmitter &e, llvm::ArrayRef<mlir::Value> quads) const = 0;
  virtual int64_t storedAt(int64_t k) const = 0;

  /// Fragments from a workgroup's memory (memref<?xT>); `at` is the index of
  /// the fragment's first element, rows of memory are `stride` elements apart,
  /// a multiple of 8. A left one lies row by row; a right one column by column,
  /// or (transposed) depth by depth.
  virtual mlir::Value loadLeft(SimtEmitter &e, mlir::Value memory,
                               mlir::Value at, int64_t stride) const = 0;
  virtual mlir::Value loadRight(SimtEmitter &e, mlir::Value memory,
                                mlir::Value at, int64_t stride) const = 0;
  virtual mlir::Value loadRightTransposed(SimtEmitter &e, mlir::Value memory,
                                          mlir::Value at,
                                          int64_t stride) const = 0;

  /// Sizes of fragments; the chip lowers tile.contract of them.
  tile::FragmentAttr fragment(SimtEmitter &e) const;
  mlir::Value zero(SimtEmitter &e) const;
  mlir::Value multiply(SimtEmitter &e, mlir::Value left, mlir::Value right,
                       mlir::Value accumulator) const;
  /// A lane's elements of an accumulator, and where element i belongs.
  virtual llvm::SmallVector<mlir::Value>
  elements(SimtEmitter &e, mlir::Value accumulator) const = 0;
  virtual mlir::Value
  fromElements(SimtEmitter &e, llvm::ArrayRef<mlir::Value> elements) const = 0;
  struct Position {
    mlir::Value row, column;
  };
  virtual llvm::SmallVector<Position> positions(SimtEmitter &e) const = 0;
  /// A lane's elements lie in `laneRows` rows, element i in row rowOfElement(i)
  /// of those.
  virtual int64_t laneRows() const = 0;
  virtual int64_t rowOfElement(int64_t i) const = 0;
  /// The bits of the lane's number in which lanes differ that hold elements of
  /// the same rows: from `first` to `last`, powers of two.
  virtual std::pair<int64_t, int64_t> rowLanes() const = 0;

  /// Copies of 16 bytes from global memory to the workgroup's that run beside
  /// computation; a chip without them copies at once. `at` and `from` count
  /// elements of the memrefs' type. A commit ends a batch; `wait` returns when
  /// all but the last `pending` batches are there (for this thread: a barrier
  /// makes them everybody's).
  virtual void copyAsync(SimtEmitter &e, mlir::Value to, mlir::Value at,
                         mlir::Value source, mlir::Value from) const = 0;
  virtual void commitCopies(SimtEmitter &e) const = 0;
  virtual void waitForCopies(SimtEmitter &e, int64_t pending) const = 0;
};

} // namespace terrazzo::codegen
