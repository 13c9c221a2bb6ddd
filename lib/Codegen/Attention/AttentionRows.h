// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every lowering of attention asks: where the rows of a head of keys or
// values lie, be they a cache or a tensor, and which of them a query row sees.
#pragma once

#include "terrazzo/Codegen/Emitter.h"
#include "terrazzo/Codegen/KernelForm.h"
#include "terrazzo/Codegen/KernelSizes.h"
#include "terrazzo/Codegen/RowEmitter.h"

namespace terrazzo::codegen {

/// The score of a row that is not seen, below any that is.
inline constexpr double kUnseenScore = -1e30;
/// A score and its bias. One of -infinity hides a key row; a row of which large
/// negative numbers mask all keys still sees them, all alike.
mlir::Value withBias(Emitter &e, mlir::Value score, mlir::Value bias);

/// Rows of one head: row j begins at element base + j * stride.
struct HeadRows {
  HeadRows() = default;
  /// `callRows`: of caches that do not say their own.
  HeadRows(Emitter &e, mlir::Value memory, mlir::Type type, mlir::Value head,
           mlir::Value callRows);
  mlir::Value at(Emitter &e, mlir::Value row) const {
    return e.add(base, e.mul(row, stride));
  }
  mlir::Value memory, base;
  int64_t stride = 0;
};

/// What a row knows of its scores: the largest, and the sum of what all give,
/// relative to it.
struct ScoreState {
  mlir::Value largest, sum;
};
/// That of a row of `head` before its first key. A sink is a row that was seen
/// before the others.
ScoreState startOfScores(Emitter &e, tz::AttentionOp op, RowEmitter &rows,
                         mlir::Value head);

/// The key rows from `first` to before `end`.
struct SeenRange {
  mlir::Value first, end;
};

/// Ranges of an attention's query rows.
class SeenRows {
public:
  /// `keyRows` is how many there are, `position` that of the call's first row,
  /// null where the operation has none; `starts` and `ends` are the memory of
  /// its ranges, or null.
  SeenRows(Emitter &e, tz::AttentionOp op, mlir::Value tokens,
           mlir::Value keyRows, mlir::Value position, mlir::Value starts,
           mlir::Value ends);

  SeenRange of(mlir::Value row);
  /// What any of the rows from `from` to before `to` sees.
  SeenRange ofAny(mlir::Value from, mlir::Value to);
  /// Whether every row sees from the first key row on.
  bool fromFirst() { return !starts && !op.getWindow(); }

  /// Where in its memory the bias of a row's scores begins, key row 0; the
  /// memory is as the operand says.
  mlir::Value biasAt(mlir::Value head, mlir::Value row);
  /// Key rows that there are.
  mlir::Value count() const { return keyRows; }

private:
  Emitter &e;
  tz::AttentionOp op;
  mlir::Value tokens, keyRows, position, starts, ends;
};

/// Key rows that there are.
template <typename FrameT>
mlir::Value countKeyRows(FrameT &frame, const KernelForm &form) {
  tz::AttentionOp op = form.attention;
  if (tz::CacheType cache = op.getKeyCache())
    return rowsOfCache(frame.e, cache, frame.sizes.cacheRows());
  mlir::AffineExpr rows = form.sizes.of(op.getKeys())[0];
  return rows == form.rows ? frame.tokens : frame.sizes.of(frame.e, rows);
}

/// The ranges of a kernel's attention.
template <typename FrameT>
SeenRows seenRows(FrameT &frame, const KernelForm &form) {
  tz::AttentionOp op = form.attention;
  return {frame.e,
          op,
          frame.tokens,
          countKeyRows(frame, form),
          op.getPosition() ? frame.rows.firstPosition(op.getPosition())
                           : mlir::Value(),
          frame.rows.memoryOf(op.getFirst()),
          frame.rows.memoryOf(op.getEnd())};
}

/// `head`'s rows of the keys or the values `operand`, in a kernel's frame.
template <typename FrameT>
HeadRows headRows(FrameT &frame, mlir::Value operand, mlir::Value head) {
  return {frame.e, frame.rows.memoryOf(operand), operand.getType(), head,
          frame.sizes.cacheRows()};
}

} // namespace terrazzo::codegen
