// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "AttentionRows.h"
#include <limits>

using namespace mlir;

namespace terrazzo::codegen {

Value withBias(Emitter &e, Value score, Value bias) {
  Value sum = e.addf(score, bias);
  Value hidden = e.create<arith::CmpFOp>(
      arith::CmpFPredicate::OEQ, bias,
      e.constantLike(bias, -std::numeric_limits<double>::infinity()));
  return e.create<arith::SelectOp>(
      hidden, e.constantLike(sum, kUnseenScore),
      e.maxf(sum, e.constantLike(sum, kUnseenScore / 4)));
}

ScoreState startOfScores(Emitter &e, tz::AttentionOp op, RowEmitter &rows,
                         Value head) {
  Value unseen = e.f32(kUnseenScore);
  if (!op.getSinks())
    return {unseen, e.f32(0)};
  Value sink = e.load(rows.memoryOf(op.getSinks()), head);
  return {e.maxf(sink, unseen), e.f32(1)};
}

/// A cache is [heads, rows, dim], a tensor [rows, heads, dim].
HeadRows::HeadRows(Emitter &e, Value memory, Type type, Value head,
                   Value callRows)
    : memory(memory) {
  if (auto cache = dyn_cast<tz::CacheType>(type)) {
    stride = cache.getDim();
    base = e.mul(e.mul(head, rowsOfCache(e, cache, callRows)), e.index(stride));
    return;
  }
  ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
  stride = shape[1] * shape[2];
  base = e.mul(head, shape[2]);
}

SeenRows::SeenRows(Emitter &e, tz::AttentionOp op, Value tokens, Value keyRows,
                   Value position, Value starts, Value ends)
    : e(e), op(op), tokens(tokens), keyRows(keyRows), position(position),
      starts(starts), ends(ends) {}

Value SeenRows::biasAt(Value head, Value row) {
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(op.getBias().getType()).getShape();
  bool eachRow = shape[1] != 1;
  Value line = eachRow ? row : e.index(0);
  if (shape[0] != 1)
    line = e.add(eachRow ? e.mul(head, tokens) : head, line);
  return e.mul(line, keyRows);
}

SeenRange SeenRows::of(Value row) {
  Value zero = e.index(0);
  SeenRange range{zero, keyRows};
  if (position) {
    Value end = e.add(e.add(position, row), 1);
    range.end = e.min(end, keyRows);
    if (int64_t window = op.getWindow())
      range.first = e.max(e.sub(end, e.index(window)), zero);
  }
  auto bound = [&](Value memory) {
    return e.create<arith::IndexCastOp>(e.getIndexType(), e.load(memory, row));
  };
  if (starts)
    range.first = e.max(range.first, bound(starts));
  if (ends)
    range.end = e.min(range.end, bound(ends));
  return range;
}

SeenRange SeenRows::ofAny(Value from, Value to) {
  SeenRange first = of(from), last = of(e.sub(to, e.index(1)));
  if (!starts && !ends)
    return {first.first, last.end};
  auto both = e.loop(from, to, 1, ValueRange{first.first, last.end},
                     [&](Value row, ValueRange carried) {
                       SeenRange range = of(row);
                       return SmallVector<Value>{e.min(carried[0], range.first),
                                                 e.max(carried[1], range.end)};
                     });
  return {both[0], both[1]};
}

} // namespace terrazzo::codegen
