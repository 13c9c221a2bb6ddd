// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowers an attention kernel of one row a workgroup, for workgroups of many
// threads: the key rows are split over subgroups in blocks of as many rows
// as lanes, each subgroup keeps an online softmax (Milakov and Gimelshein,
// arXiv 1805.02867) of its blocks, and the subgroups' results are joined at the
// end (as in Flash-Decoding). A lane scores one key row, and weighs the
// values of every thirty-second column. The order of blocks is fixed.
//
// Workgroups count heads fastest: head + heads * row.
#include "SimtAttention.h"
#include "AttentionRows.h"

using namespace mlir;

namespace terrazzo::codegen {

namespace {

struct RowScratch {
  RowScratch(tz::AttentionOp op, const SimtConfig &config) {
    int64_t subgroups = config.threads / config.lanes;
    ScratchPlan plan;
    plan.reserve(kSumsBytes, 1);
    query = plan.reserve(op.getKeyDim(), 4);
    largest = plan.reserve(subgroups, 4);
    sums = plan.reserve(subgroups, 4);
    outputs = plan.reserve(subgroups * op.getValueDim(), 4);
    size = plan.size();
  }
  int64_t query, largest, sums, outputs, size;
};

class RowAttention {
public:
  RowAttention(SimtFrame &frame, const KernelForm &form)
      : frame(frame), e(frame.e), rows(frame.rows), form(form),
        op(form.attention), keyDim(op.getKeyDim()), valueDim(op.getValueDim()),
        scratch(op, frame.config) {
    heads = cast<RankedTensorType>(op.getQuery().getType()).getShape()[1];
    perLane = llvm::divideCeil(valueDim, e.lanes);
    query = frame.view(e.getF32Type(), scratch.query, keyDim);
    largest = frame.view(e.getF32Type(), scratch.largest, e.subgroups());
    sums = frame.view(e.getF32Type(), scratch.sums, e.subgroups());
    outputs =
        frame.view(e.getF32Type(), scratch.outputs, e.subgroups() * valueDim);
  }

  void emit() {
    Value head = e.rem(frame.workgroup, heads),
          row = e.div(frame.workgroup, heads);
    Value keyHead = e.div(head, heads / op.getKeyHeads());
    keys = headRows(frame, op.getKeys(), keyHead);
    values = headRows(frame, op.getValues(), keyHead);
    loadQuery(row, head);
    SeenRows seen = seenRows(frame, form);
    if (op.getBias())
      bias = seen.biasAt(head, row);
    range = seen.of(row);
    ScoreState scores = startOfScores(e, op, rows, head);
    if (op.getSinks()) { // only the first subgroup has seen it
      Value first = e.equal(e.subgroup, e.index(0));
      scores = {e.choose(first, scores.largest, e.f32(kUnseenScore)),
                e.choose(first, scores.sum, e.f32(0))};
    }
    SmallVector<Value> state = {scores.largest, scores.sum};
    state.append(perLane, e.f32(0));
    state = e.loop(e.add(range.first, e.mul(e.subgroup, e.lanes)), range.end,
                   e.threads, state, [&](Value block, ValueRange carried) {
                     return addBlock(block, carried);
                   });
    join(row, head, state);
  }

private:
  void loadQuery(Value row, Value head) {
    Place place = rows.placeOf(op.getQuery());
    e.each(keyDim, [&](Value d) {
      Value q = e.load(place.memory,
                       rows.at(place, row, e.add(e.mul(head, keyDim), d)));
      e.store(e.mulf(q, e.f32(op.getScale().convertToDouble())), query, d);
    });
    e.barrier();
  }

  /// Adds the products of `count` keys of a row from `d` on.
  Value addProducts(Value at, Value d, int64_t count, Value sum) {
    if (count % 8) {
      for (int64_t i = 0; i < count; ++i) {
        Value place = e.add(d, i);
        sum = e.fma(e.load(query, place),
                    e.toF32(e.load(keys.memory, e.add(at, place))), sum);
      }
      return sum;
    }
    for (int64_t part = 0; part < count; part += 8) {
      Value k =
          e.toF32(e.loadVector(keys.memory, e.add(at, e.add(d, part)), 8));
      for (int64_t half = 0; half < 8; half += 4) {
        Value q = e.loadVector(query, e.add(d, part + half), 4);
        for (int64_t i = 0; i < 4; ++i)
          sum = e.fma(e.element(q, i), e.element(k, half + i), sum);
      }
    }
    return sum;
  }

  /// The score of this lane's row.
  Value score(Value line) {
    Value at = keys.at(e, line);
    // Sixteen values at a time: a wide head's keys would fill the registers.
    // Vectors lie where all rows begin at one, which widths of eights see to.
    int64_t step = keyDim % 16 == 0  ? 16
                   : keyDim % 8 == 0 ? 8
                   : keyDim % 4 == 0 ? 4
                                     : 1;
    Value sum = e.loop(e.index(0), e.index(keyDim), step, ValueRange{e.f32(0)},
                       [&](Value d, ValueRange carried) {
                         return SmallVector<Value>{
                             addProducts(at, d, step, carried[0])};
                       })[0];
    sum = cappedScore(e, op, sum);
    return bias ? withBias(
                      e, sum,
                      e.load(rows.memoryOf(op.getBias()), e.add(bias, line)))
                : sum;
  }

  SmallVector<Value> addBlock(Value block, ValueRange carried) {
    Value line = e.add(block, e.lane);
    Value seen = e.less(line, range.end);
    Value last = e.sub(range.end, e.index(1));
    Value s = e.choose(seen, score(e.min(line, last)), e.f32(kUnseenScore));
    Value top = e.create<arith::MaxNumFOp>(carried[0],
                                           e.maxOverLanes(s, 1, e.lanes / 2));
    Value factor = e.exp(e.subf(carried[0], top));
    Value p = e.choose(seen, e.exp(e.subf(s, top)), e.f32(0));
    Value sum = e.fma(carried[1], factor, e.sumOverLanes(p, 1, e.lanes / 2));
    SmallVector<Value> outputs;
    for (Value o : carried.drop_front(2))
      outputs.push_back(e.mulf(o, factor));
    Value count = e.min(e.sub(range.end, block), e.index(e.lanes));
    outputs =
        e.loop(e.index(0), count, 1, outputs, [&](Value r, ValueRange carried) {
          Value weight = e.shuffleFrom(p, r);
          Value at = values.at(e, e.add(block, r));
          SmallVector<Value> next;
          for (auto [i, o] : llvm::enumerate(carried)) {
            Value d = e.min(e.add(e.lane, static_cast<int64_t>(i) * e.lanes),
                            e.index(valueDim - 1));
            Value v = e.toF32(e.load(values.memory, e.add(at, d)));
            next.push_back(e.fma(weight, v, o));
          }
          return next;
        });
    SmallVector<Value> next = {top, sum};
    next.append(outputs);
    return next;
  }

  void join(Value row, Value head, ArrayRef<Value> state) {
    e.when(e.equal(e.lane, e.index(0)), [&] {
      e.store(state[0], largest, e.subgroup);
      e.store(state[1], sums, e.subgroup);
    });
    for (int64_t i = 0; i < perLane; ++i) {
      Value d = e.add(e.lane, i * e.lanes);
      e.when(e.less(d, e.index(valueDim)), [&] {
        e.store(state[2 + i], outputs, e.add(e.mul(e.subgroup, valueDim), d));
      });
    }
    e.barrier();
    Value top = e.load(largest, e.index(0));
    for (int64_t s = 1; s < e.subgroups(); ++s)
      top = e.create<arith::MaxNumFOp>(top, e.load(largest, e.index(s)));
    Value total = e.f32(0);
    SmallVector<Value> factors;
    for (int64_t s = 0; s < e.subgroups(); ++s) {
      factors.push_back(e.exp(e.subf(e.load(largest, e.index(s)), top)));
      total = e.fma(e.load(sums, e.index(s)), factors.back(), total);
    }
    // A row that sees nothing gives zeros instead of 0 / 0.
    total = e.choose(
        e.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, total, e.f32(0)),
        e.f32(1), total);
    Place place = rows.placeOf(op.getResult());
    e.each(valueDim, [&](Value d) {
      Value o = e.f32(0);
      for (int64_t s = 0; s < e.subgroups(); ++s)
        o = e.fma(e.load(outputs, e.add(d, s * valueDim)), factors[s], o);
      e.store(e.divf(o, total), place.memory,
              rows.at(place, row, e.add(e.mul(head, valueDim), d)));
    });
  }

  SimtFrame &frame;
  SimtEmitter &e;
  RowEmitter &rows;
  const KernelForm &form;
  tz::AttentionOp op;
  int64_t keyDim, valueDim, heads, perLane;
  RowScratch scratch;
  Value query, largest, sums, outputs;
  HeadRows keys, values; ///< of the workgroup's head
  SeenRange range;       ///< of its row
  Value bias;            ///< where its bias begins; null: there is none
};

} // namespace

Value cappedScore(SimtEmitter &e, tz::AttentionOp op, Value score) {
  double cap = op.getSoftCap().convertToDouble();
  if (cap <= 0)
    return score;
  return e.mulf(e.tanh(e.mulf(score, e.f32(1 / cap))), e.f32(cap));
}

int64_t simtAttentionScratch(tz::AttentionOp op, const SimtConfig &config) {
  if (config.matrix)
    return matrixAttentionScratch(op, config);
  return RowScratch(op, config).size;
}

void lowerSimtAttention(SimtFrame &frame, KernelForm &form) {
  if (frame.config.matrix)
    lowerMatrixAttention(frame, form);
  else
    RowAttention(frame, form).emit();
}

} // namespace terrazzo::codegen
