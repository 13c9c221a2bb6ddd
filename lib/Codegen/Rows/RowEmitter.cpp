// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/RowEmitter.h"
#include "terrazzo/Codegen/ElementwiseCode.h"
#include "terrazzo/Codegen/KernelForm.h"
#include "terrazzo/Codegen/RowBroadcast.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace terrazzo::codegen {

Value rowsOfCache(Emitter &e, tz::CacheType type, Value callRows) {
  return ShapedType::isDynamic(type.getRows()) ? callRows
                                               : e.index(type.getRows());
}

Value RowEmitter::at(const Place &place, Value row, Value column) {
  return e.add(e.add(place.base, e.mul(row, place.stride)), column);
}

void RowEmitter::emit(Operation *op, const RowWindow &window) {
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](tz::ElementwiseOp op) { emitElementwise(op, window); })
      .Case<tz::RmsNormOp, tz::LayerNormOp>([&](Operation *op) {
        emitNorm(*tz::rowNormOf(op), op->getResult(0), window);
      })
      .Case([&](tz::RopeOp op) { emitRope(op, window); })
      .Case([&](tz::CacheAppendOp op) { emitCacheAppend(op, window); })
      .Case([&](tz::EmbeddingOp op) { emitEmbedding(op, window); })
      .Default([&](Operation *op) {
        op->emitOpError("has no code as an operation on rows");
        good = false;
      });
  packs.settle();
}

void RowEmitter::emitAll(ArrayRef<Operation *> operations, RowWindow window,
                         ArrayRef<Value> results) {
  window.column = e.index(0);
  for (Operation *op : operations) {
    if (isa<tz::ScalarOp>(op))
      continue;
    Value result = op->getResult(0);
    auto append = dyn_cast<tz::CacheAppendOp>(op);
    window.width =
        rowElements(append ? append.getRows().getType() : result.getType());
    if (append)
      place(result, placeOf(append.getCache()));
    auto reshape = dyn_cast<tz::ReshapeOp>(op);
    if (!reshape) {
      emit(op, window);
    } else if (llvm::is_contained(results, result)) {
      copy(placeOf(reshape.getInput()), placeOf(result), window);
      packs.settle();
    } else {
      place(result, placeOf(reshape.getInput()));
    }
  }
}

void RowEmitter::copy(const Place &from, const Place &to,
                      const RowWindow &window) {
  packs.eachPack(window, [&](Value row, Value column, Value mask) {
    packs.store(packs.load(from.memory, at(from, row, column), mask), to.memory,
                at(to, row, column), mask);
  });
}

Value RowEmitter::firstPosition(Value operand) {
  if (auto scalar = operand.getDefiningOp<tz::ScalarOp>())
    return e.index(static_cast<int64_t>(scalar.getValue().convertToDouble()));
  Place place = placeOf(operand);
  return e.create<arith::IndexCastOp>(e.getIndexType(),
                                      e.load(place.memory, place.base));
}

Value RowEmitter::positionOf(Value operand, Value row) {
  if (cast<RankedTensorType>(operand.getType()).getRank() == 0)
    return e.add(firstPosition(operand), row);
  Place place = placeOf(operand);
  return e.create<arith::IndexCastOp>(
      e.getIndexType(), e.load(place.memory, e.add(place.base, row)));
}

/// A vector's elements at `columns` from `start` on.
static Value gatherLanes(Emitter &e, Value memory, Value start, Value columns,
                         Value mask) {
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  VectorType type = e.lanesOf(element);
  if (!mask)
    mask = e.maskOf(e.index(kLanes));
  Value zeros = e.create<arith::ConstantOp>(e.getZeroAttr(type));
  return e.create<vector::GatherOp>(type, memory, ValueRange{start}, columns,
                                    mask, zeros);
}

Value RowEmitter::operandPack(Value operand, RankedTensorType result, Value row,
                              Value column, Value mask) {
  if (auto scalar = operand.getDefiningOp<tz::ScalarOp>())
    return packs.spread(e.f32(scalar.getValue().convertToDouble()));
  auto type = cast<RankedTensorType>(operand.getType());
  Place place = placeOf(operand);
  auto f32 = [&](Value loaded) {
    return e.loadedToF32(loaded, type.getElementType());
  };
  if (type.getRank() == 0)
    return packs.spread(f32(e.load(place.memory, place.base)));
  RowBroadcast spread(type, result);
  auto from = [&](Value column) {
    return spread.isPerRow() ? at(place, row, column)
                             : e.add(place.base, column);
  };
  if (spread.isOneValue())
    return packs.spread(f32(e.load(place.memory, from(e.index(0)))));
  if (spread.isSame())
    return f32(packs.load(place.memory, from(column), mask));
  // Windows begin at multiples of the lanes, so that packs cross no run that
  // is one.
  if (spread.innerSize() % packs.lanes == 0 && !(mask && spread.repeats())) {
    Value start = from(spread.column(e, column));
    return spread.repeats() ? packs.spread(f32(e.load(place.memory, start)))
                            : f32(packs.load(place.memory, start, mask));
  }
  Value numbers = e.create<arith::AddIOp>(
      e.splat(e.create<arith::IndexCastOp>(e.getI32Type(), column)),
      e.laneNumbers());
  return f32(gatherLanes(e, place.memory, from(e.index(0)),
                         spread.column(e, numbers), mask));
}

Value RowEmitter::vectorPack(Value operand, Value offset, Value mask) {
  Place place = placeOf(operand);
  return e.loadedToF32(
      packs.load(place.memory, e.add(place.base, offset), mask),
      getElementTypeOrSelf(operand.getType()));
}

void RowEmitter::emitElementwise(tz::ElementwiseOp op,
                                 const RowWindow &window) {
  Place result = placeOf(op.getResult());
  packs.eachPack(window, [&](Value row, Value column, Value mask) {
    SmallVector<Value> operands;
    for (Value input : op.getInputs())
      operands.push_back(operandPack(input, op.getType(), row, column, mask));
    packs.store(applyFunction(e, op.getFunction(), operands), result.memory,
                at(result, row, column), mask);
  });
}

void RowEmitter::emitNorm(const tz::RowNorm &norm, Value to,
                          const RowWindow &window) {
  int64_t dim = cast<RankedTensorType>(norm.input.getType()).getShape().back();
  Place input = placeOf(norm.input), result = placeOf(to);
  packs.eachRun(window, dim, [&](Value row, Value start) {
    Value from = at(input, row, start), to = at(result, row, start), mean;
    auto load = [&](Value offset, Value mask) {
      Value x = packs.load(input.memory, e.add(from, offset), mask);
      return mean ? e.subf(x, mean) : x;
    };
    if (norm.centred) {
      Value sum = packs.sumOfRun(dim, [&](Value offset, Value mask, Value sum) {
        return e.addf(sum, load(offset, mask));
      });
      mean = packs.spread(e.mulf(sum, e.f32(1.0 / dim)));
    }
    Value squares =
        packs.sumOfRun(dim, [&](Value offset, Value mask, Value sum) {
          Value x = load(offset, mask);
          return e.fma(x, x, sum);
        });
    Value scale = packs.spread(e.normScale(squares, dim, norm.epsilon));
    packs.eachOfRun(dim, [&](Value offset, Value mask) {
      Value y = e.mulf(e.mulf(load(offset, mask), scale),
                       vectorPack(norm.weight, offset, mask));
      if (norm.bias)
        y = e.addf(y, vectorPack(norm.bias, offset, mask));
      packs.store(y, result.memory, e.add(to, offset), mask);
    });
  });
}

namespace {

/// The two halves of what is rotated: the elements of a pack and their
/// partners, which lie half of it further on, or beside them.
class RotatedPairs {
public:
  RotatedPairs(RowDistribution &packs, tz::RopeOp op, const NumberPack &pack)
      : packs(packs), e(packs.e), at(pack.at), count(pack.count),
        half(static_cast<int64_t>(op.getRotated()) / 2),
        beside(op.getMode() != tz::RopeMode::Neox) {}

  std::pair<Value, Value> load(Value memory, Value from) {
    Value first = e.add(from, beside ? e.mul(at, 2) : at);
    if (!beside || packs.lanes == 1)
      return {packs.load(memory, first, mask()),
              packs.load(memory, e.add(first, beside ? 1 : half), mask())};
    auto type = VectorType::get({2 * kLanes}, e.getF32Type());
    Value zeros = e.create<arith::ConstantOp>(e.getZeroAttr(type));
    auto parts =
        e.createOp<vector::DeinterleaveOp>(Value(e.create<vector::MaskedLoadOp>(
            type, memory, first, pairMask(), zeros)));
    return {parts.getRes1(), parts.getRes2()};
  }

  void store(Value x, Value y, Value memory, Value to) {
    Value first = e.add(to, beside ? e.mul(at, 2) : at);
    if (!beside || packs.lanes == 1) {
      packs.store(x, memory, first, mask());
      packs.store(y, memory, e.add(first, beside ? 1 : half), mask());
      return;
    }
    e.createOp<vector::MaskedStoreOp>(memory, first, pairMask(),
                                      e.create<vector::InterleaveOp>(x, y));
  }

private:
  Value mask() { return packs.maskOf(count); }
  Value pairMask() {
    return e.create<vector::CreateMaskOp>(
        VectorType::get({2 * kLanes}, e.getI1Type()),
        ValueRange{e.index(2 * count)});
  }

  RowDistribution &packs;
  Emitter &e;
  Value at;
  int64_t count, half;
  bool beside;
};

} // namespace

std::pair<Value, Value> RowEmitter::anglesOf(tz::RopeOp op, Value position,
                                             const NumberPack &pack) {
  Value whole = e.create<arith::IndexCastOp>(e.getI32Type(), position);
  Value angles =
      e.mulf(packs.spread(e.create<arith::SIToFPOp>(e.getF64Type(), whole)),
             pack.numbers);
  if (op.getFactors()) {
    Value mask = packs.maskOf(pack.count);
    Value factors = vectorPack(op.getFactors(), pack.at, mask);
    if (mask)
      factors =
          e.create<arith::SelectOp>(mask, factors, e.constantLike(factors, 1));
    Type wide = e.likeWith(factors, e.getF64Type());
    angles = e.divf(angles, e.create<arith::ExtFOp>(wide, factors));
  }
  return e.sinCos(angles);
}

void RowEmitter::emitRope(tz::RopeOp op, const RowWindow &window) {
  int64_t dim =
      cast<RankedTensorType>(op.getInput().getType()).getShape().back();
  auto rotated = static_cast<int64_t>(op.getRotated());
  Place input = placeOf(op.getInput()), result = placeOf(op.getResult());
  SmallVector<double> inverse;
  for (int64_t i = 0; i < rotated / 2; ++i)
    inverse.push_back(
        1.0 / (std::pow(op.getBase().convertToDouble(), 2.0 * i / rotated) *
               op.getScale().convertToDouble()));
  Value end = window.end(e);
  packs.eachNumber(window, inverse, [&](Value row, const NumberPack &pack) {
    auto [sine, cosine] = anglesOf(op, positionOf(op.getPosition(), row), pack);
    RotatedPairs pairs(packs, op, pack);
    e.loop(e.index(0), end, dim, [&, sine = sine, cosine = cosine](Value head) {
      Value start = e.add(window.column, head);
      auto [x, y] = pairs.load(input.memory, at(input, row, start));
      pairs.store(e.subf(e.mulf(x, cosine), e.mulf(y, sine)),
                  e.addf(e.mulf(x, sine), e.mulf(y, cosine)), result.memory,
                  at(result, row, start));
    });
  });
  if (rotated == dim || input.memory == result.memory)
    return;
  // Values beyond the rotated ones pass unchanged.
  packs.eachInRuns(window, dim, rotated,
                   [&](Value row, Value start, Value offset, Value mask) {
                     Value x =
                         packs.load(input.memory,
                                    e.add(at(input, row, start), offset), mask);
                     packs.store(x, result.memory,
                                 e.add(at(result, row, start), offset), mask);
                   });
}

void RowEmitter::emitCacheAppend(tz::CacheAppendOp op,
                                 const RowWindow &window) {
  tz::CacheType type = op.getCache().getType();
  Place rows = placeOf(op.getRows()), cache = placeOf(op.getCache());
  Value first = firstPosition(op.getPosition()),
        limit = rowsOfCache(e, type, cacheRows);
  packs.eachInRuns(
      window, type.getDim(), 0,
      [&](Value row, Value start, Value offset, Value mask) {
        Value head = e.div(start, type.getDim()), cacheRow = e.add(first, row);
        Value line = e.add(e.mul(head, limit), cacheRow);
        // What callers give is checked; what is computed may lie outside.
        e.when(e.within(cacheRow, limit), [&] {
          Value x = packs.load(rows.memory, e.add(at(rows, row, start), offset),
                               mask);
          packs.store(e.toCache(x, type.getElementType()), cache.memory,
                      e.add(e.mul(line, type.getDim()), offset), mask);
        });
      });
}

void RowEmitter::emitEmbedding(tz::EmbeddingOp op, const RowWindow &window) {
  Place ids = placeOf(op.getIds()), result = placeOf(op.getResult());
  auto type = cast<RankedTensorType>(op.getWeight().getType());
  packs.eachWeight(
      window, type, placeOf(op.getWeight()).memory,
      // What callers give is checked; what is computed is not.
      [&](Value row) {
        return e.keptBelow(e.load(ids.memory, e.add(ids.base, row)),
                           e.index(type.getShape()[0]));
      },
      [&](Value row, Value column, Value element) {
        e.store(element, result.memory, at(result, row, column));
      });
}

} // namespace terrazzo::codegen
