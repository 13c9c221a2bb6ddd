// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Emits row-wise tz operations over windows of rows and columns, as loops on
// flat memory. Prologues, epilogues and row kernels are all made of these.
//
// Every tz value has a place: a flat memref, an index of its row 0 and column
// 0, and the distance between rows. A tensor [tokens, heads, dim] is rows of
// heads * dim columns; a reshape shares its operand's place. A window is
// `width` columns from `column` on, of one row; only the first `valid` of them
// are touched when `valid` is given. Windows begin at multiples of the lanes
// and cut no head that an operation works on.
#pragma once

#include "terrazzo/Codegen/Emitter.h"
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

struct Window {
  mlir::Value row;
  mlir::Value column;
  int64_t width = 0;
  mlir::Value valid; ///< null: all of `width`
};

/// Rows of a cache: its own, or those of this call's caches.
mlir::Value rowsOfCache(Emitter &e, tz::CacheType type, mlir::Value callRows);

class RowEmitter {
public:
  /// `cacheRows` is the number of rows, an index, of every cache whose type
  /// does not say them.
  RowEmitter(Emitter &emitter, mlir::Value cacheRows)
      : e(emitter), cacheRows(cacheRows) {}

  void place(mlir::Value value, Place where) { places[value] = where; }
  bool hasPlace(mlir::Value value) const { return places.contains(value); }
  Place placeOf(mlir::Value value) const { return places.lookup(value); }

  /// One operation over one window; its result, if it has rows, must have a
  /// place. One that has no code is an error at the operation.
  void emit(mlir::Operation *op, const Window &window);
  /// Whether all operations had code.
  bool succeeded() const { return good; }
  /// Index of column `column` of row `row`.
  mlir::Value at(const Place &place, mlir::Value row, mlir::Value column);
  /// The position of a row: that of the call's first plus the row, or its own.
  mlir::Value positionOf(mlir::Value operand, mlir::Value row);
  /// Calls `body` with column offsets from 0 in steps of the lanes, and the
  /// mask of the last ones where one is needed.
  void lanes(int64_t width, mlir::Value valid,
             llvm::function_ref<void(mlir::Value, mlir::Value)> body);

private:
  void emitElementwise(tz::ElementwiseOp op, const Window &window);
  void emitNorm(const tz::RowNorm &norm, mlir::Value to, const Window &window);
  void emitRope(tz::RopeOp op, const Window &window);
  void emitCacheAppend(tz::CacheAppendOp op, const Window &window);
  void emitEmbedding(tz::EmbeddingOp op, const Window &window);
  /// `operand` as far as it lies under these columns of `result`.
  mlir::Value operandLanes(mlir::Value operand, mlir::RankedTensorType result,
                           const Window &window, mlir::Value offset,
                           mlir::Value mask);
  /// Where the columns end that are touched, from the window's first on.
  mlir::Value endOf(const Window &window);

  Emitter &e;
  mlir::Value cacheRows;
  llvm::DenseMap<mlir::Value, Place> places;
  bool good = true;
};

} // namespace terrazzo::codegen
