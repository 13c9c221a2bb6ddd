// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Emits row-wise tz operations over windows of rows and columns, as loops on
// flat memory. Prologues, epilogues and row kernels are all made of these, for
// vectors and for threads alike: who computes what is the distribution's.
//
// Every tz value has a place: a flat memref, an index of its row 0 and column
// 0, and the distance between rows. A tensor [tokens, heads, dim] is rows of
// heads * dim columns; a reshape shares its operand's place.
#pragma once

#include "terrazzo/Codegen/RowDistribution.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include "llvm/ADT/DenseMap.h"

namespace terrazzo::codegen {

/// Where the rows of a value lie: element (t, n) is memory[base + t * stride +
/// n].
struct Place {
  mlir::Value memory;
  mlir::Value base;
  int64_t stride = 0;
};

/// Rows of a cache: its own, or those of this call's caches.
mlir::Value rowsOfCache(Emitter &e, tz::CacheType type, mlir::Value callRows);

class RowEmitter {
public:
  /// `cacheRows` is the number of rows, an index, of every cache whose type
  /// does not say them.
  RowEmitter(RowDistribution &distribution, mlir::Value cacheRows)
      : e(distribution.e), packs(distribution), cacheRows(cacheRows) {}

  void place(mlir::Value value, Place where) { places[value] = where; }
  bool hasPlace(mlir::Value value) const { return places.contains(value); }
  Place placeOf(mlir::Value value) const { return places.lookup(value); }
  /// The memory of an operand, null where the operation has none.
  mlir::Value memoryOf(mlir::Value operand) const {
    return operand ? placeOf(operand).memory : mlir::Value();
  }

  /// One operation over one window; its result, if it has rows, must have a
  /// place. One that has no code is an error at the operation.
  void emit(mlir::Operation *op, const RowWindow &window);
  /// Operations in order over whole rows, those of `window`, whose width is
  /// each operation's own. A reshape is another name for its operand's memory,
  /// or a copy where its result is one of `results`.
  void emitAll(llvm::ArrayRef<mlir::Operation *> operations, RowWindow window,
               llvm::ArrayRef<mlir::Value> results = {});
  /// `to` becomes `from` over the window.
  void copy(const Place &from, const Place &to, const RowWindow &window);
  /// Whether all operations had code.
  bool succeeded() const { return good; }
  /// Index of column `column` of row `row`.
  mlir::Value at(const Place &place, mlir::Value row, mlir::Value column);
  /// The position of the call's first row.
  mlir::Value firstPosition(mlir::Value operand);
  /// The position of a row: that of the call's first plus the row, or its own.
  mlir::Value positionOf(mlir::Value operand, mlir::Value row);

private:
  void emitElementwise(tz::ElementwiseOp op, const RowWindow &window);
  void emitNorm(const tz::RowNorm &norm, mlir::Value to,
                const RowWindow &window);
  void emitRope(tz::RopeOp op, const RowWindow &window);
  void emitCacheAppend(tz::CacheAppendOp op, const RowWindow &window);
  void emitEmbedding(tz::EmbeddingOp op, const RowWindow &window);
  /// `operand` as far as it lies under these columns of `result`, as f32.
  mlir::Value operandPack(mlir::Value operand, mlir::RankedTensorType result,
                          mlir::Value row, mlir::Value column,
                          mlir::Value mask);
  /// The pack at `offset` of a vector that is the same for every row, as f32.
  mlir::Value vectorPack(mlir::Value operand, mlir::Value offset,
                         mlir::Value mask);
  /// Sine and cosine of each angle of a pack at a position.
  std::pair<mlir::Value, mlir::Value>
  anglesOf(tz::RopeOp op, mlir::Value position, const NumberPack &pack);

  Emitter &e;
  RowDistribution &packs;
  mlir::Value cacheRows;
  llvm::DenseMap<mlir::Value, Place> places;
  bool good = true;
};

} // namespace terrazzo::codegen
