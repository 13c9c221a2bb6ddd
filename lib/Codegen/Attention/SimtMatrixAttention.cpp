// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention of a block of query rows, a subgroup for each sixteen, as products
// of matrices (Dao et al., arXiv 2205.14135): queries stay in the workgroup's
// memory, keys and values pass through it block by block, those of a cache as
// they lie there and those of a tensor rounded to what the fragments hold,
// scores become weights in registers with an online softmax, and weights go
// through memory to be the left operand of the second product.
//
// Workgroups count heads fastest: head + heads * (block of rows).
#include "AttentionRows.h"
#include "SimtAttention.h"

using namespace mlir;

namespace terrazzo::codegen {

namespace {

/// Cached rows of a block; fewer for wide heads, which fill the memory.
int64_t blockOf(int64_t dim) { return dim > 128 ? 32 : 64; }

/// Keys or values in the workgroup's memory: rows of `dim` values, zeros up to
/// what fragments take, and a gap that spreads rows over the memory's banks.
struct StagedRows {
  explicit StagedRows(int64_t dim)
      : dim(dim), width(llvm::alignTo(dim, FragmentCode::depth)),
        stride(width + 8) {}
  int64_t dim, width, stride;
};

struct MatrixScratch {
  MatrixScratch(tz::AttentionOp op, const SimtConfig &config)
      : key(lastSize(op.getQuery())), value(lastSize(op.getResult())),
        block(blockOf(std::max(key.dim, value.dim))), weightStride(block + 8) {
    ScratchPlan plan;
    plan.reserve(kSumsBytes, 1);
    query = plan.reserve(config.groupRows * key.stride, 2);
    keys = plan.reserve(block * key.stride, 2);
    values = plan.reserve(block * value.stride, 2);
    weights = plan.reserve(config.groupRows * weightStride, 2);
    size = plan.size();
  }
  static int64_t lastSize(Value value) {
    return cast<RankedTensorType>(value.getType()).getShape().back();
  }
  StagedRows key, value;
  int64_t block, weightStride, query, keys, values, weights, size;
};

class MatrixAttention {
public:
  MatrixAttention(SimtFrame &frame, const KernelForm &form)
      : frame(frame), e(frame.e), rows(frame.rows), form(form),
        unit(e, frame.config.matrix), op(form.attention),
        groupRows(frame.config.groupRows), s(op, frame.config),
        fragments(s.value.width / unit.columns()),
        scoreFragments(s.block / unit.columns()), element(unit.operandType()) {
    heads = cast<RankedTensorType>(op.getQuery().getType()).getShape()[1];
    query = frame.view(element, s.query, groupRows * s.key.stride);
    keys = frame.view(element, s.keys, s.block * s.key.stride);
    values = frame.view(element, s.values, s.block * s.value.stride);
    weights = frame.view(element, s.weights, groupRows * s.weightStride);
    positions = unit.positions();
    subgroupRow = e.mul(e.subgroup, FragmentCode::rows);
  }

  void emit() {
    Value head = e.rem(frame.workgroup, heads);
    rowBegin = e.mul(e.div(frame.workgroup, heads), groupRows);
    rowCount = e.min(e.sub(frame.tokens, rowBegin), e.index(groupRows));
    Value keyHead = e.div(head, heads / op.getKeyHeads());
    keyRows = headRows(frame, op.getKeys(), keyHead);
    valueRows = headRows(frame, op.getValues(), keyHead);
    loadQueries(head);
    SeenRows seen = seenRows(frame, form);
    SeenRange any = seen.ofAny(rowBegin, e.add(rowBegin, rowCount));
    findRanges(seen, head);
    Value start = seen.fromFirst() ? e.index(0)
                                   : e.mul(e.div(any.first, s.block), s.block);
    ScoreState scores = startOfScores(e, op, rows, head);
    // The lanes of a row keep a part of its sum each.
    auto [firstLane, lastLane] = unit.rowLanes();
    double sharing = 1;
    for (int64_t bit = firstLane; bit && bit <= lastLane; bit *= 2)
      sharing *= 2;
    SmallVector<Value> state(unit.laneRows(), scores.largest);
    state.append(unit.laneRows(), e.mulf(scores.sum, e.f32(1 / sharing)));
    state.append(fragments, unit.zero());
    state = e.loop(start, any.end, s.block, state,
                   [&](Value block, ValueRange carried) {
                     loadBlock(block, any.end);
                     return addBlock(block, carried);
                   });
    store(head, state);
  }

private:
  /// What the rows of this lane's sums see, and where their bias begins. Rows
  /// behind the last one are that one again.
  void findRanges(SeenRows &seen, Value head) {
    ranges.resize(unit.laneRows());
    bias.resize(unit.laneRows());
    for (size_t i = 0; i < positions.size(); ++i) {
      int64_t r = unit.rowOfElement(int64_t(i));
      if (ranges[r].end)
        continue;
      Value own = e.min(e.add(subgroupRow, positions[i].row),
                        e.sub(rowCount, e.index(1)));
      ranges[r] = seen.of(e.add(rowBegin, own));
      if (op.getBias())
        bias[r] = seen.biasAt(head, e.add(rowBegin, own));
    }
    lastKey = e.sub(seen.count(), e.index(1));
    fromFirst = seen.fromFirst();
  }

  void loadQueries(Value head) {
    Place place = rows.placeOf(op.getQuery());
    e.each(groupRows * s.key.width, [&](Value i) {
      Value row = e.div(i, s.key.width), d = e.rem(i, s.key.width);
      Value source = e.add(rowBegin, e.min(row, e.sub(rowCount, e.index(1))));
      Value column = e.min(d, e.index(s.key.dim - 1));
      Value q = e.mulf(
          e.load(place.memory,
                 rows.at(place, source, e.add(e.mul(head, s.key.dim), column))),
          e.f32(op.getScale().convertToDouble()));
      if (s.key.width != s.key.dim)
        q = e.choose(e.less(d, e.index(s.key.dim)), q, e.f32(0));
      e.store(unit.toOperand(q), query, e.add(e.mul(row, s.key.stride), d));
    });
  }

  /// Rows of a block from `block` on; those beyond the last one that anybody
  /// sees repeat it: weights of zero must meet numbers. Whether copies have
  /// begun.
  bool loadRows(const StagedRows &staged, Value to, const HeadRows &from,
                Value block, Value last) {
    bool asTheyLie =
        cast<MemRefType>(from.memory.getType()).getElementType() == element;
    // What begins at sixteen bytes is copied, or read, as such.
    int64_t most = asTheyLie ? 8 : 4;
    int64_t step = staged.dim % most == 0 ? most : 1;
    int64_t units = staged.dim / step;
    e.each(s.block * units, [&](Value i) {
      Value row = e.div(i, units), d = e.mul(e.rem(i, units), step);
      Value line = e.min(e.add(block, row), e.sub(last, e.index(1)));
      Value source = e.add(from.at(e, line), d);
      Value place = e.add(e.mul(row, staged.stride), d);
      if (asTheyLie && step > 1)
        e.createOp<tile::CopyOp>(from.memory, source, to, place);
      else if (step > 1)
        e.storeVector(unit.toOperand(e.loadVector(from.memory, source, step)),
                      to, place);
      else if (asTheyLie)
        e.store(e.load(from.memory, source), to, place);
      else
        e.store(unit.toOperand(e.load(from.memory, source)), to, place);
    });
    bool copies = asTheyLie && step > 1;
    if (staged.width == staged.dim)
      return copies;
    int64_t pad = staged.width - staged.dim;
    Value zero = e.create<arith::ConstantOp>(e.getZeroAttr(element));
    e.each(s.block * pad, [&](Value i) {
      e.store(zero, to,
              e.add(e.mul(e.div(i, pad), staged.stride),
                    e.add(e.rem(i, pad), staged.dim)));
    });
    return copies;
  }

  void loadBlock(Value block, Value last) {
    e.barrier();
    bool copies = loadRows(s.key, keys, keyRows, block, last);
    copies |= loadRows(s.value, values, valueRows, block, last);
    if (copies) {
      e.createOp<tile::CommitCopiesOp>();
      e.createOp<tile::WaitCopiesOp>(0);
    }
    e.barrier();
  }

  SmallVector<SmallVector<Value>> scores(Value block) {
    SmallVector<Value> sums(scoreFragments, unit.zero());
    for (int64_t k = 0; k < s.key.width; k += FragmentCode::depth) {
      Value left = unit.loadLeft(
          query, e.add(e.mul(subgroupRow, s.key.stride), k), s.key.stride);
      for (int64_t n = 0; n < scoreFragments; ++n) {
        Value right = unit.loadRight(
            keys, e.index(n * unit.columns() * s.key.stride + k), s.key.stride);
        sums[n] = unit.multiply(left, right, sums[n]);
      }
    }
    SmallVector<SmallVector<Value>> result;
    for (int64_t n = 0; n < scoreFragments; ++n) {
      result.emplace_back();
      for (auto [i, sum] : llvm::enumerate(unit.elements(sums[n])))
        result.back().push_back(scoreOf(
            sum, unit.rowOfElement(int64_t(i)),
            e.add(block, e.add(positions[i].column, n * unit.columns()))));
    }
    return result;
  }

  /// What is left of the score of key row `line` for row `r` of this lane's.
  Value scoreOf(Value sum, int64_t r, Value line) {
    Value score = cappedScore(e, op, sum);
    if (bias[r])
      score = withBias(e, score,
                       e.load(rows.memoryOf(op.getBias()),
                              e.add(bias[r], e.min(line, lastKey))));
    Value seen = e.less(line, ranges[r].end);
    if (!fromFirst)
      seen = e.both(seen, e.less(e.sub(ranges[r].first, e.index(1)), line));
    return e.choose(seen, score, e.f32(kUnseenScore));
  }

  SmallVector<Value> addBlock(Value block, ValueRange carried) {
    int64_t laneRows = unit.laneRows();
    auto [firstLane, lastLane] = unit.rowLanes();
    SmallVector<SmallVector<Value>> all = scores(block);
    SmallVector<Value> top(carried.begin(), carried.begin() + laneRows);
    for (auto &fragment : all)
      for (auto [i, x] : llvm::enumerate(fragment)) {
        Value &own = top[unit.rowOfElement(i)];
        own = e.create<arith::MaxNumFOp>(own, x);
      }
    SmallVector<Value> shift, factor, sum;
    for (int64_t r = 0; r < laneRows; ++r) {
      top[r] = e.maxOverLanes(top[r], firstLane, lastLane);
      // A row that has seen nothing yet: exponents of equal infinities must not
      // count.
      Value any = e.create<arith::CmpFOp>(arith::CmpFPredicate::OGT, top[r],
                                          e.f32(kUnseenScore / 2));
      shift.push_back(e.choose(any, top[r], e.f32(0)));
      factor.push_back(e.exp(e.subf(carried[r], shift[r])));
      sum.push_back(e.mulf(carried[laneRows + r], factor[r]));
    }
    for (auto [n, fragment] : llvm::enumerate(all))
      for (auto [i, x] : llvm::enumerate(fragment)) {
        int64_t r = unit.rowOfElement(i);
        Value p = e.exp(e.subf(x, shift[r]));
        sum[r] = e.addf(sum[r], p);
        Value at =
            e.add(e.mul(e.add(subgroupRow, positions[i].row), s.weightStride),
                  e.add(positions[i].column,
                        static_cast<int64_t>(n) * unit.columns()));
        e.store(unit.toOperand(p), weights, at);
      }
    e.barrier();
    SmallVector<Value> next = top;
    next.append(sum);
    next.append(weighValues(carried.drop_front(2 * laneRows), factor));
    return next;
  }

  SmallVector<Value> weighValues(ValueRange carried, ArrayRef<Value> factor) {
    SmallVector<Value> outputs;
    for (Value output : carried) {
      SmallVector<Value> elements = unit.elements(output);
      for (auto [i, x] : llvm::enumerate(elements))
        x = e.mulf(x, factor[unit.rowOfElement(i)]);
      outputs.push_back(unit.fromElements(elements));
    }
    for (int64_t k = 0; k < s.block; k += FragmentCode::depth) {
      Value left =
          unit.loadLeft(weights, e.add(e.mul(subgroupRow, s.weightStride), k),
                        s.weightStride);
      for (int64_t n = 0; n < fragments; ++n) {
        Value right = unit.loadRight(
            values, e.index(k * s.value.stride + n * unit.columns()),
            s.value.stride, /*transposed=*/true);
        outputs[n] = unit.multiply(left, right, outputs[n]);
      }
    }
    return outputs;
  }

  void store(Value head, ArrayRef<Value> state) {
    int64_t laneRows = unit.laneRows();
    auto [firstLane, lastLane] = unit.rowLanes();
    SmallVector<Value> inverse;
    for (int64_t r = 0; r < laneRows; ++r) {
      Value sum = e.sumOverLanes(state[laneRows + r], firstLane, lastLane);
      // A row that sees nothing gives zeros instead of 0 / 0.
      inverse.push_back(e.choose(
          e.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, sum, e.f32(0)),
          sum, e.divf(e.f32(1), sum)));
    }
    Place place = rows.placeOf(op.getResult());
    for (int64_t n = 0; n < fragments; ++n)
      for (auto [i, x] :
           llvm::enumerate(unit.elements(state[2 * laneRows + n]))) {
        Value row = e.add(subgroupRow, positions[i].row);
        Value d = e.add(positions[i].column, n * unit.columns());
        Value column = e.add(e.mul(head, s.value.dim), d);
        Value stored = e.less(row, rowCount);
        if ((n + 1) * unit.columns() > s.value.dim)
          stored = e.both(stored, e.less(d, e.index(s.value.dim)));
        e.when(stored, [&] {
          e.store(e.mulf(x, inverse[unit.rowOfElement(i)]), place.memory,
                  rows.at(place, e.add(rowBegin, row), column));
        });
      }
  }

  SimtFrame &frame;
  SimtEmitter &e;
  RowEmitter &rows;
  const KernelForm &form;
  FragmentCode unit;
  tz::AttentionOp op;
  int64_t heads, groupRows;
  MatrixScratch s;
  int64_t fragments, scoreFragments;
  Type element; ///< of what is multiplied
  Value query, keys, values, weights, subgroupRow, rowBegin, rowCount;
  HeadRows keyRows, valueRows; ///< of the workgroup's head
  SmallVector<FragmentCode::Position> positions;
  /// Of each row of this lane's.
  SmallVector<SeenRange> ranges;
  SmallVector<Value> bias; ///< null: there is none
  Value lastKey;
  bool fromFirst = false;
};

} // namespace

bool takesMatrixAttention(tz::AttentionOp op, tile::FragmentAttr fragment) {
  tz::CacheType cache = op.getKeyCache();
  return !cache || cache.getElementType() == fragment.getElements();
}

int64_t matrixAttentionScratch(tz::AttentionOp op, const SimtConfig &config) {
  return MatrixScratch(op, config).size;
}

void lowerMatrixAttention(SimtFrame &frame, const KernelForm &form) {
  MatrixAttention(frame, form).emit();
}

} // namespace terrazzo::codegen
