// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Emits row-wise tz operations over a window of rows and columns, shared out
// over the threads of a workgroup: what RowEmitter is for one worker's vectors.
// Places are the same.
#pragma once

#include "terrazzo/Codegen/RowEmitter.h"
#include "terrazzo/Codegen/SimtEmitter.h"

namespace terrazzo::codegen {

/// `count` rows from `row` on, of `width` columns from `column` on, of which
/// only the first `valid` are touched when it is given. There are at most
/// `maxCount` rows.
struct SimtWindow {
  mlir::Value row, count;
  int64_t maxCount = 1;
  mlir::Value column;
  int64_t width = 0;
  mlir::Value valid;
};

class SimtRowEmitter {
public:
  /// `sums` is room in the workgroup's memory for a float of each subgroup.
  SimtRowEmitter(SimtEmitter &emitter, mlir::Value cacheRows, mlir::Value sums)
      : e(emitter), cacheRows(cacheRows), sums(sums) {}

  void place(mlir::Value value, Place where) { places[value] = where; }
  bool hasPlace(mlir::Value value) const { return places.contains(value); }
  Place placeOf(mlir::Value value) const { return places.lookup(value); }

  /// One operation over one window, and a barrier behind it. One that has no
  /// code is an error at the operation.
  void emit(mlir::Operation *op, const SimtWindow &window);
  /// Whether all operations had code.
  bool succeeded() const { return good; }
  /// `to` becomes `from` over the window.
  void copy(const Place &from, const Place &to, const SimtWindow &window);
  mlir::Value at(const Place &place, mlir::Value row, mlir::Value column) {
    return e.add(e.add(place.base, e.mul(row, place.stride)), column);
  }
  /// The position of the call's first row.
  mlir::Value firstPosition(mlir::Value operand);
  /// The position of a row: that of the call's first plus the row, or its own.
  mlir::Value positionOf(mlir::Value operand, mlir::Value row);

private:
  /// Calls `body(row, column)` for each element of the window.
  void eachElement(const SimtWindow &window,
                   llvm::function_ref<void(mlir::Value, mlir::Value)> body);
  void emitElementwise(tz::ElementwiseOp op, const SimtWindow &window);
  void emitNorm(const tz::RowNorm &norm, mlir::Value to,
                const SimtWindow &window);
  void emitRope(tz::RopeOp op, const SimtWindow &window);
  void emitCacheAppend(tz::CacheAppendOp op, const SimtWindow &window);
  void emitEmbedding(tz::EmbeddingOp op, const SimtWindow &window);
  /// `operand` as far as it lies under this element of `result`.
  mlir::Value operandAt(mlir::Value operand, mlir::RankedTensorType result,
                        mlir::Value row, mlir::Value column);
  /// Normalises the row of `dim` values at `from` into `to`, by the lanes of a
  /// subgroup, or by all threads of the workgroup.
  void normaliseRow(const tz::RowNorm &norm, const Place &result,
                    mlir::Value from, mlir::Value to, int64_t dim,
                    bool byWorkgroup);
  /// The sum over a subgroup's lanes, or the workgroup's threads.
  mlir::Value total(mlir::Value value, bool byWorkgroup);

  SimtEmitter &e;
  mlir::Value cacheRows, sums;
  llvm::DenseMap<mlir::Value, Place> places;
  bool good = true;
};

} // namespace terrazzo::codegen
