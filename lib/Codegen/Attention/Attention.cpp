// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowers an attention kernel. A workgroup takes one query head and
// `attentionRows` query rows through all key rows that they see, in blocks
// of 64, with the online softmax (Milakov and Gimelshein, arXiv 1805.02867):
// the largest score so far, the sum of exponentials and the weighted values are
// carried from block to block. The order of blocks is fixed, so the result does
// not depend on who computes it.
//
// One row (generation): scores are dot products along the head. Many rows (a
// chunk): keys are transposed block by block into scratch, and scores and
// weighted values are small matrix products.
#include "AttentionRows.h"
#include "terrazzo/Codegen/KernelFrame.h"

using namespace mlir;

namespace terrazzo::codegen {

static constexpr int64_t kBlock = 64;
static constexpr int64_t kTileRows = 4;

int64_t attentionRows(int64_t maxSize) { return maxSize <= 8 ? 1 : 32; }

static int64_t padded(int64_t dim) {
  return (dim + kLanes - 1) / kLanes * kLanes;
}

namespace {

struct AttentionScratch {
  AttentionScratch(tz::AttentionOp op, int64_t rows) {
    int64_t keyWidth = padded(op.getKeyDim()),
            valueWidth = padded(op.getValueDim());
    ScratchPlan plan;
    query = plan.reserve(rows * keyWidth, 4);
    scores = plan.reserve(rows * kBlock, 4);
    keys = plan.reserve(rows > 1 ? keyWidth * kBlock : 0, 4);
    values = plan.reserve(rows > 1 ? valueWidth * kBlock : 0, 4);
    output = plan.reserve(rows * valueWidth, 4);
    largest = plan.reserve(rows, 4);
    sums = plan.reserve(rows, 4);
    size = plan.size();
  }
  int64_t query, scores, keys, values, output, largest, sums, size;
};

class AttentionEmitter {
public:
  AttentionEmitter(KernelFrame &frame, const KernelForm &form)
      : frame(frame), e(frame.e), rows(frame.rows), op(form.attention),
        count(attentionRows(frame.maxSize)), keyDim(op.getKeyDim()),
        valueDim(op.getValueDim()), keyWidth(padded(keyDim)),
        valueWidth(padded(valueDim)), scratch(op, count),
        seen(seenRows(frame, form)) {
    heads = cast<RankedTensorType>(op.getQuery().getType()).getShape()[1];
    query = frame.view(e.getF32Type(), scratch.query, count * keyWidth);
    scores = frame.view(e.getF32Type(), scratch.scores, count * kBlock);
    keys = frame.view(e.getF32Type(), scratch.keys, keyWidth * kBlock);
    values = frame.view(e.getF32Type(), scratch.values, valueWidth * kBlock);
    output = frame.view(e.getF32Type(), scratch.output, count * valueWidth);
    largest = frame.view(e.getF32Type(), scratch.largest, count);
    sums = frame.view(e.getF32Type(), scratch.sums, count);
  }

  void emit() {
    // Workgroups count heads fastest: head + heads * (block of rows).
    e.loop(frame.begin, frame.end, 1, [&](Value workgroup) {
      Value head = e.rem(workgroup, heads);
      Value from = e.mul(e.div(workgroup, heads), count);
      Value to = e.min(e.add(from, count), frame.tokens);
      Value keyHead = e.div(head, heads / op.getKeyHeads());
      keyRows = headRows(frame, op.getKeys(), keyHead);
      valueRows = headRows(frame, op.getValues(), keyHead);
      loadQueries(head, from, to);
      SeenRange all = seen.ofAny(from, to);
      Value start = seen.fromFirst() ? e.index(0)
                                     : e.mul(e.div(all.first, kBlock), kBlock);
      e.loop(start, all.end, kBlock, [&](Value block) {
        Value present = e.min(e.sub(all.end, block), e.index(kBlock));
        if (count == 1)
          scoreOneRow(block, present);
        else
          scoreRows(block, present);
        e.loop(e.index(0), e.sub(to, from), 1, [&](Value row) {
          softmaxRow(row, seen.of(e.add(from, row)), block,
                     op.getBias() ? seen.biasAt(head, e.add(from, row))
                                  : Value());
        });
        if (count == 1)
          accumulateOneRow(block, present);
        else
          accumulateRows(block, present);
      });
      storeRows(head, from, to);
    });
  }

private:
  /// The masks of a head's last lanes where the head is not a multiple of the
  /// lanes.
  Value tailMask(int64_t offset, int64_t dim) {
    return offset + kLanes <= dim ? Value() : e.maskOf(e.index(dim - offset));
  }

  /// Lanes of key or value row `row` of a head with `dim` values.
  Value loadRow(const HeadRows &head, Value row, Value offset, Value mask) {
    return e.toF32(
        e.loadLanes(head.memory, e.add(head.at(e, row), offset), mask));
  }
  Value loadRow(const HeadRows &head, Value row, int64_t offset, int64_t dim) {
    return loadRow(head, row, e.index(offset), tailMask(offset, dim));
  }

  void loadQueries(Value head, Value from, Value to) {
    Place place = rows.placeOf(op.getQuery());
    Value scale = e.f32Vector(op.getScale().convertToDouble());
    ScoreState start = startOfScores(e, op, rows, head);
    e.loop(e.index(0), e.index(count), 1, [&](Value row) {
      // Rows beyond the last repeat it: they are computed with the others and
      // never stored.
      Value source = e.min(e.add(from, row), e.sub(to, e.index(1)));
      for (int64_t d = 0; d < keyWidth; d += kLanes) {
        Value q = e.loadLanes(
            place.memory, e.add(rows.at(place, source, e.mul(head, keyDim)), d),
            tailMask(d, keyDim));
        e.storeLanes(e.mulf(q, scale), query, e.add(e.mul(row, keyWidth), d));
      }
      for (int64_t d = 0; d < valueWidth; d += kLanes)
        e.storeLanes(e.f32Vector(0), output, e.add(e.mul(row, valueWidth), d));
      e.store(start.largest, largest, row);
      e.store(start.sum, sums, row);
    });
  }

  void scoreOneRow(Value block, Value present) {
    SmallVector<Value> q;
    for (int64_t d = 0; d < keyWidth; d += kLanes)
      q.push_back(e.loadLanes(query, e.index(d)));
    e.loop(e.index(0), present, 1, [&](Value j) {
      Value row = e.add(block, j);
      Value sum = e.f32Vector(0);
      for (int64_t d = 0; d < keyWidth; d += kLanes)
        sum = e.fma(q[d / kLanes], loadRow(keyRows, row, d, keyDim), sum);
      e.store(e.reduceAdd(sum), scores, j);
    });
  }

  void accumulateOneRow(Value block, Value present) {
    SmallVector<Value> sum;
    for (int64_t d = 0; d < valueWidth; d += kLanes)
      sum.push_back(e.loadLanes(output, e.index(d)));
    sum = e.loop(e.index(0), present, 1, sum, [&](Value j, ValueRange carried) {
      SmallVector<Value> next;
      Value p = e.splat(e.load(scores, j));
      for (int64_t d = 0; d < valueWidth; d += kLanes)
        next.push_back(e.fma(p,
                             loadRow(valueRows, e.add(block, j), d, valueDim),
                             carried[d / kLanes]));
      return next;
    });
    for (int64_t d = 0; d < valueWidth; d += kLanes)
      e.storeLanes(sum[d / kLanes], output, e.index(d));
  }

  /// Scores of one block, softcapped, with the bias that begins there added,
  /// and masked, become exponentials; the row's output so far is rescaled.
  void softmaxRow(Value row, SeenRange range, Value block, Value bias) {
    // Lane j stands for key row block + j.
    Value ahead = e.sub(range.end, block), behind;
    if (!seen.fromFirst())
      behind = e.sub(range.first, block);
    Value at = e.mul(row, kBlock);
    Value top = e.load(largest, row), before = top;
    SmallVector<Value> lanes;
    Value best = e.f32Vector(kUnseenScore);
    for (int64_t j = 0; j < kBlock; j += kLanes) {
      Value s = e.loadLanes(scores, e.add(at, j));
      if (double cap = op.getSoftCap().convertToDouble(); cap > 0)
        s = e.mulf(e.tanh(e.mulf(s, e.f32Vector(1 / cap))), e.f32Vector(cap));
      if (bias) {
        Value at = e.add(block, j), left = e.sub(seen.count(), at);
        s = withBias(e, s,
                     e.loadLanes(rows.memoryOf(op.getBias()), e.add(bias, at),
                                 e.maskOf(e.max(left, e.index(0)))));
      }
      Value mask = e.maskOf(e.max(e.sub(ahead, e.index(j)), e.index(0)));
      s = e.create<arith::SelectOp>(mask, s, e.f32Vector(kUnseenScore));
      if (behind)
        s = e.create<arith::SelectOp>(
            e.maskOf(e.max(e.sub(behind, e.index(j)), e.index(0))),
            e.f32Vector(kUnseenScore), s);
      lanes.push_back(s);
      best = e.maxf(best, s);
    }
    top = e.maxf(top, e.reduceMax(best));
    // A block in which nothing is seen yet leaves the row at its start;
    // exponents of equal infinities must not count.
    Value any = e.create<arith::CmpFOp>(arith::CmpFPredicate::OGT, top,
                                        e.f32(kUnseenScore / 2));
    Value shift = e.splat(e.create<arith::SelectOp>(any, top, e.f32(0)));
    Value sum = e.f32Vector(0);
    for (auto [i, s] : llvm::enumerate(lanes)) {
      Value p = e.exp(e.subf(s, shift));
      // Of a score that is no number the exponential is none either.
      p = e.create<arith::SelectOp>(
          e.create<arith::CmpFOp>(arith::CmpFPredicate::OLE, s,
                                  e.f32Vector(kUnseenScore / 2)),
          e.f32Vector(0), p);
      e.storeLanes(p, scores, e.add(at, static_cast<int64_t>(i) * kLanes));
      sum = e.addf(sum, p);
    }
    Value factor = e.exp(e.subf(e.splat(before), shift));
    Value scalar = e.create<vector::ExtractOp>(factor, int64_t(0));
    e.store(e.addf(e.mulf(e.load(sums, row), scalar), e.reduceAdd(sum)), sums,
            row);
    e.store(top, largest, row);
    for (int64_t d = 0; d < valueWidth; d += kLanes) {
      Value to = e.add(e.mul(row, valueWidth), d);
      e.storeLanes(e.mulf(e.loadLanes(output, to), factor), output, to);
    }
  }

  /// Keys of a block as columns: keys[d * kBlock + j] is value d of row j;
  /// absent rows are zeros.
  void transposeKeys(Value first, Value present) {
    VectorType square = VectorType::get({kLanes, kLanes}, e.getF32Type());
    e.loop(e.index(0), e.index(kBlock), kLanes, [&](Value j) {
      e.loop(e.index(0), e.index(keyWidth), kLanes, [&](Value d) {
        Value block = e.create<arith::ConstantOp>(e.getZeroAttr(square));
        Value mask =
            keyDim == keyWidth
                ? Value()
                : e.maskOf(e.min(e.sub(e.index(keyDim), d), e.index(kLanes)));
        for (int64_t r = 0; r < kLanes; ++r) {
          Value row = e.min(e.add(j, r), e.sub(present, e.index(1)));
          Value lanes = loadRow(keyRows, e.add(first, row), d, mask);
          block = e.create<vector::InsertOp>(lanes, block, r);
        }
        Value turned =
            e.create<vector::TransposeOp>(block, ArrayRef<int64_t>{1, 0});
        for (int64_t r = 0; r < kLanes; ++r)
          e.storeLanes(e.create<vector::ExtractOp>(turned, r), keys,
                       e.add(e.mul(e.add(d, r), kBlock), j));
      });
    });
  }

  /// result[r, 0..columns) (+)= sum over k of left[r, k] * right[k,
  /// 0..columns), for all query rows.
  void product(Value left, int64_t leftStride, Value right, int64_t columns,
               Value depth, Value result, bool add) {
    int64_t step = columns % kBlock == 0 ? kBlock : kLanes,
            vectors = step / kLanes;
    e.loop(e.index(0), e.index(count), kTileRows, [&](Value row) {
      e.loop(e.index(0), e.index(columns), step, [&](Value column) {
        SmallVector<Value> sum;
        auto at = [&](int64_t r, int64_t v) {
          return e.add(e.mul(e.add(row, r), columns),
                       e.add(column, v * kLanes));
        };
        for (int64_t r = 0; r < kTileRows; ++r)
          for (int64_t v = 0; v < vectors; ++v)
            sum.push_back(add ? e.loadLanes(result, at(r, v)) : e.f32Vector(0));
        sum =
            e.loop(e.index(0), depth, 1, sum, [&](Value k, ValueRange carried) {
              SmallVector<Value> next, lanes;
              for (int64_t v = 0; v < vectors; ++v)
                lanes.push_back(
                    e.loadLanes(right, e.add(e.mul(k, columns),
                                             e.add(column, v * kLanes))));
              for (int64_t r = 0; r < kTileRows; ++r) {
                Value x = e.splat(
                    e.load(left, e.add(e.mul(e.add(row, r), leftStride), k)));
                for (int64_t v = 0; v < vectors; ++v)
                  next.push_back(e.fma(x, lanes[v], carried[r * vectors + v]));
              }
              return next;
            });
        for (int64_t r = 0; r < kTileRows; ++r)
          for (int64_t v = 0; v < vectors; ++v)
            e.storeLanes(sum[r * vectors + v], result, at(r, v));
      });
    });
  }

  void scoreRows(Value block, Value present) {
    transposeKeys(block, present);
    product(query, keyWidth, keys, kBlock, e.index(keyDim), scores,
            /*add=*/false);
  }

  void accumulateRows(Value block, Value present) {
    e.loop(e.index(0), present, 1, [&](Value j) {
      for (int64_t d = 0; d < valueWidth; d += kLanes)
        e.storeLanes(loadRow(valueRows, e.add(block, j), d, valueDim), values,
                     e.add(e.mul(j, valueWidth), d));
    });
    product(scores, kBlock, values, valueWidth, present, output, /*add=*/true);
  }

  void storeRows(Value head, Value from, Value to) {
    Place place = rows.placeOf(op.getResult());
    e.loop(from, to, 1, [&](Value row) {
      Value local = e.sub(row, from);
      Value sum = e.load(sums, local), inverse = e.divf(e.f32(1), sum);
      // A row that sees nothing gives zeros instead of 0 / 0.
      inverse = e.create<arith::SelectOp>(
          e.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, sum, e.f32(0)),
          e.f32(0), inverse);
      Value scale = e.splat(inverse);
      for (int64_t d = 0; d < valueWidth; d += kLanes) {
        Value o = e.loadLanes(output, e.add(e.mul(local, valueWidth), d));
        e.storeLanes(e.mulf(o, scale), place.memory,
                     e.add(rows.at(place, row, e.mul(head, valueDim)), d),
                     tailMask(d, valueDim));
      }
    });
  }

  KernelFrame &frame;
  Emitter &e;
  RowEmitter &rows;
  tz::AttentionOp op;
  int64_t count;
  int64_t keyDim, valueDim, keyWidth, valueWidth; ///< widths: with padding
  int64_t heads;
  AttentionScratch scratch;
  SeenRows seen;
  HeadRows keyRows, valueRows; ///< of the workgroup's head
  Value query, scores, keys, values, output, largest, sums;
};

} // namespace

int64_t attentionScratch(tz::AttentionOp attention, int64_t maxSize) {
  return AttentionScratch(attention, attentionRows(maxSize)).size;
}

void lowerAttention(KernelFrame &frame, KernelForm &form) {
  AttentionEmitter(frame, form).emit();
}

} // namespace terrazzo::codegen
