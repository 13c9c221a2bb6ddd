// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention of a block of query rows, a subgroup for each sixteen, as products
// of matrices (Dao et al., arXiv 2205.14135): queries stay in the workgroup's
// memory, keys and values pass through it block by block as they lie in the
// cache, scores become weights in registers with an online softmax, and weights
// go through memory to be the left operand of the second product.
//
// Workgroups count heads fastest: head + heads * (block of rows).
#include "SimtAttention.h"

using namespace mlir;

namespace terrazzo::codegen {

namespace {

/// Cached rows of a block; fewer for wide heads, which fill the memory.
int64_t blockOf(int64_t dim) { return dim > 128 ? 32 : 64; }

/// A cache in the workgroup's memory: rows of `dim` values, zeros up to what a
/// matrix unit takes, and a gap that spreads rows over the memory's banks.
struct CachedBlock {
  explicit CachedBlock(tz::CacheType type)
      : dim(type.getDim()), width(llvm::alignTo(dim, FragmentCode::depth)),
        stride(width + 8) {}
  int64_t dim, width, stride;
};

struct MatrixScratch {
  MatrixScratch(tz::AttentionOp op, const SimtConfig &config)
      : key(op.getKeyCache()),
        value(cast<tz::CacheType>(op.getValues().getType())),
        block(blockOf(std::max(key.dim, value.dim))), weightStride(block + 8) {
    ScratchPlan plan;
    plan.reserve(kSumsBytes, 1);
    query = plan.reserve(config.groupRows * key.stride, 2);
    keys = plan.reserve(block * key.stride, 2);
    values = plan.reserve(block * value.stride, 2);
    weights = plan.reserve(config.groupRows * weightStride, 2);
    size = plan.size();
  }
  CachedBlock key, value;
  int64_t block, weightStride, query, keys, values, weights, size;
};

class MatrixAttention {
public:
  MatrixAttention(SimtFrame &frame, tz::AttentionOp op)
      : frame(frame), e(frame.e), rows(frame.rows),
        unit(e, frame.config.matrix), op(op), type(op.getKeyCache()),
        groupRows(frame.config.groupRows), s(op, frame.config),
        fragments(s.value.width / unit.columns()),
        scoreFragments(s.block / unit.columns()) {
    heads = cast<RankedTensorType>(op.getQuery().getType()).getShape()[1];
    Type half = e.getF16Type();
    query = frame.view(half, s.query, groupRows * s.key.stride);
    keys = frame.view(half, s.keys, s.block * s.key.stride);
    values = frame.view(half, s.values, s.block * s.value.stride);
    weights = frame.view(half, s.weights, groupRows * s.weightStride);
    positions = unit.positions();
    subgroupRow = e.mul(e.subgroup, FragmentCode::rows);
  }

  void emit() {
    Value head = e.rem(frame.workgroup, heads);
    rowBegin = e.mul(e.div(frame.workgroup, heads), groupRows);
    rowCount = e.min(e.sub(frame.tokens, rowBegin), e.index(groupRows));
    Value first = rows.firstPosition(op.getPosition());
    position = e.add(first, rowBegin);
    base = e.mul(e.div(head, heads / type.getHeads()),
                 rowsOfCache(e, type, frame.sizes.cacheRows()));
    loadQueries(head);
    Value last = e.add(position, rowCount), start = e.index(0);
    if (int64_t window = op.getWindow())
      start = e.mul(
          e.div(e.max(e.sub(e.add(position, 1), e.index(window)), e.index(0)),
                s.block),
          s.block);
    SmallVector<Value> state(unit.laneRows(), e.f32(kUnseenScore));
    state.append(unit.laneRows(), e.f32(0));
    state.append(fragments, unit.zero());
    state = e.loop(start, last, s.block, state,
                   [&](Value block, ValueRange carried) {
                     loadBlock(block, last);
                     return addBlock(block, carried);
                   });
    store(head, state);
  }

private:
  void loadQueries(Value head) {
    Place place = rows.placeOf(op.getQuery());
    Value scale = e.f32(op.getScale().convertToDouble());
    e.each(groupRows * s.key.width, [&](Value i) {
      Value row = e.div(i, s.key.width), d = e.rem(i, s.key.width);
      // Rows that are not there repeat the last one and are never stored.
      Value source = e.add(rowBegin, e.min(row, e.sub(rowCount, e.index(1))));
      Value column = e.min(d, e.index(s.key.dim - 1));
      Value q = e.mulf(
          e.load(place.memory,
                 rows.at(place, source, e.add(e.mul(head, s.key.dim), column))),
          scale);
      if (s.key.width != s.key.dim)
        q = e.choose(e.less(d, e.index(s.key.dim)), q, e.f32(0));
      e.store(e.create<arith::TruncFOp>(e.getF16Type(), q), query,
              e.add(e.mul(row, s.key.stride), d));
    });
  }

  /// Rows of a block from `line` on; those beyond the last one that anybody
  /// sees repeat it: weights of zero must meet numbers.
  void loadCached(const CachedBlock &cached, Value to, Value memory,
                  Value block, Value last) {
    // Rows that begin at sixteen bytes are copied as such.
    int64_t step = cached.dim % 8 == 0 ? 8 : 1;
    auto lineOf = [&](Value row) {
      return e.add(base, e.min(e.add(block, row), e.sub(last, e.index(1))));
    };
    int64_t units = cached.dim / step;
    e.each(s.block * units, [&](Value i) {
      Value row = e.div(i, units), d = e.mul(e.rem(i, units), step);
      Value from = e.add(e.mul(lineOf(row), cached.dim), d);
      Value place = e.add(e.mul(row, cached.stride), d);
      if (step == 8)
        e.createOp<tile::CopyOp>(memory, from, to, place);
      else
        e.store(e.load(memory, from), to, place);
    });
    if (cached.width == cached.dim)
      return;
    int64_t pad = cached.width - cached.dim;
    Value zero = e.create<arith::ConstantOp>(e.getF16FloatAttr(0));
    e.each(s.block * pad, [&](Value i) {
      e.store(zero, to,
              e.add(e.mul(e.div(i, pad), cached.stride),
                    e.add(e.rem(i, pad), cached.dim)));
    });
  }

  void loadBlock(Value block, Value last) {
    e.barrier();
    loadCached(s.key, keys, rows.placeOf(op.getKeys()).memory, block, last);
    loadCached(s.value, values, rows.placeOf(op.getValues()).memory, block,
               last);
    e.createOp<tile::CommitCopiesOp>();
    e.createOp<tile::WaitCopiesOp>(0);
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
      for (auto [element, at] : llvm::zip(unit.elements(sums[n]), positions)) {
        Value row = e.add(position, e.add(subgroupRow, at.row));
        Value line = e.add(block, e.add(at.column, n * unit.columns()));
        Value seen = e.less(line, e.add(row, 1));
        if (int64_t window = op.getWindow())
          seen = e.both(seen, e.less(row, e.add(line, window)));
        result.back().push_back(
            e.choose(seen, cappedScore(e, op, element), e.f32(kUnseenScore)));
      }
    }
    return result;
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
        e.store(e.create<arith::TruncFOp>(e.getF16Type(), p), weights, at);
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
    for (int64_t r = 0; r < laneRows; ++r)
      inverse.push_back(e.divf(
          e.f32(1), e.sumOverLanes(state[laneRows + r], firstLane, lastLane)));
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
  FragmentCode unit;
  tz::AttentionOp op;
  tz::CacheType type;
  int64_t heads, groupRows;
  MatrixScratch s;
  int64_t fragments, scoreFragments;
  Value query, keys, values, weights, subgroupRow, rowBegin, rowCount, position,
      base;
  SmallVector<FragmentCode::Position> positions;
};

} // namespace

bool takesMatrixAttention(tz::AttentionOp op) {
  tz::CacheType cache = op.getKeyCache();
  return cache && cache.getElementType().isF16() && op.getPosition() &&
         !op.getFirst() && !op.getEnd();
}

int64_t matrixAttentionScratch(tz::AttentionOp op, const SimtConfig &config) {
  return MatrixScratch(op, config).size;
}

void lowerMatrixAttention(SimtFrame &frame, tz::AttentionOp op) {
  MatrixAttention(frame, op).emit();
}

} // namespace terrazzo::codegen
