// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/SimtRowEmitter.h"
#include "terrazzo/Codegen/ElementwiseCode.h"
#include "terrazzo/Codegen/KernelForm.h"
#include "terrazzo/Codegen/RowBroadcast.h"
#include "terrazzo/Codegen/SimtWeights.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace terrazzo::codegen {

void SimtRowEmitter::eachElement(const SimtWindow &window,
                                 function_ref<void(Value, Value)> body) {
  Value count = window.maxCount == 1 ? e.index(window.width)
                                     : e.mul(window.count, window.width);
  e.each(count, [&](Value i) {
    Value row = window.row, offset = i;
    if (window.maxCount > 1) {
      row = e.add(row, e.div(i, window.width));
      offset = e.rem(i, window.width);
    }
    Value column = e.add(window.column, offset);
    if (window.valid)
      e.when(e.less(offset, window.valid), [&] { body(row, column); });
    else
      body(row, column);
  });
}

void SimtRowEmitter::emit(Operation *op, const SimtWindow &window) {
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
  e.barrier();
}

void SimtRowEmitter::copy(const Place &from, const Place &to,
                          const SimtWindow &window) {
  eachElement(window, [&](Value row, Value column) {
    e.store(e.load(from.memory, at(from, row, column)), to.memory,
            at(to, row, column));
  });
}

Value SimtRowEmitter::firstPosition(Value operand) {
  Place place = placeOf(operand);
  return e.create<arith::IndexCastOp>(e.getIndexType(),
                                      e.load(place.memory, place.base));
}

Value SimtRowEmitter::positionOf(Value operand, Value row) {
  if (cast<RankedTensorType>(operand.getType()).getRank() == 0)
    return e.add(firstPosition(operand), row);
  Place place = placeOf(operand);
  return e.create<arith::IndexCastOp>(
      e.getIndexType(), e.load(place.memory, e.add(place.base, row)));
}

Value SimtRowEmitter::operandAt(Value operand, RankedTensorType result,
                                Value row, Value column) {
  if (auto scalar = operand.getDefiningOp<tz::ScalarOp>())
    return e.f32(scalar.getValue().convertToDouble());
  auto type = cast<RankedTensorType>(operand.getType());
  Place place = placeOf(operand);
  if (type.getRank() == 0)
    return e.toF32(e.load(place.memory, place.base));
  RowBroadcast spread(type, result);
  if (!spread.isSame())
    column = spread.column(e, column);
  Value from =
      spread.isPerRow() ? at(place, row, column) : e.add(place.base, column);
  return e.loadedToF32(e.load(place.memory, from), type.getElementType());
}

void SimtRowEmitter::emitElementwise(tz::ElementwiseOp op,
                                     const SimtWindow &window) {
  Place result = placeOf(op.getResult());
  eachElement(window, [&](Value row, Value column) {
    SmallVector<Value> operands;
    for (Value input : op.getInputs())
      operands.push_back(operandAt(input, op.getType(), row, column));
    e.store(applyFunction(e, op.getFunction(), operands), result.memory,
            at(result, row, column));
  });
}

Value SimtRowEmitter::total(Value value, bool byWorkgroup) {
  value = e.sumOverLanes(value, 1, e.lanes / 2);
  if (!byWorkgroup)
    return value;
  e.when(e.equal(e.lane, e.index(0)),
         [&] { e.store(value, sums, e.subgroup); });
  e.barrier();
  Value all = e.load(sums, e.index(0));
  for (int64_t i = 1; i < e.subgroups(); ++i)
    all = e.addf(all, e.load(sums, e.index(i)));
  return all;
}

void SimtRowEmitter::normaliseRow(const tz::RowNorm &norm, const Place &result,
                                  Value from, Value to, int64_t dim,
                                  bool byWorkgroup) {
  Place input = placeOf(norm.input), weight = placeOf(norm.weight);
  Value first = byWorkgroup ? e.thread : e.lane;
  int64_t step = byWorkgroup ? e.threads : e.lanes;
  auto sumOf = [&](function_ref<Value(Value x, Value sum)> term) {
    Value own = e.loop(first, e.index(dim), step, ValueRange{e.f32(0)},
                       [&](Value i, ValueRange carried) {
                         Value x = e.load(input.memory, e.add(from, i));
                         return SmallVector<Value>{term(x, carried[0])};
                       })[0];
    return total(own, byWorkgroup);
  };
  Value mean;
  if (norm.centred) {
    mean = e.mulf(sumOf([&](Value x, Value sum) { return e.addf(sum, x); }),
                  e.f32(1.0 / dim));
    // Everybody has read the sums before they are written again.
    if (byWorkgroup)
      e.barrier();
  }
  auto centred = [&](Value x) { return mean ? e.subf(x, mean) : x; };
  Value squares = sumOf([&](Value x, Value sum) {
    x = centred(x);
    return e.fma(x, x, sum);
  });
  Value scale = e.normScale(squares, dim, norm.epsilon);
  e.loop(first, e.index(dim), step, [&](Value i) {
    Value x = centred(e.load(input.memory, e.add(from, i)));
    Value w = e.toF32(e.load(weight.memory, e.add(weight.base, i)));
    Value y = e.mulf(e.mulf(x, scale), w);
    if (norm.bias) {
      Place bias = placeOf(norm.bias);
      y = e.addf(y, e.toF32(e.load(bias.memory, e.add(bias.base, i))));
    }
    e.store(y, result.memory, e.add(to, i));
  });
}

void SimtRowEmitter::emitNorm(const tz::RowNorm &norm, Value to,
                              const SimtWindow &window) {
  int64_t dim = cast<RankedTensorType>(norm.input.getType()).getShape().back();
  int64_t heads = window.width / dim;
  Place input = placeOf(norm.input), result = placeOf(to);
  auto normalise = [&](Value row, Value column, bool byWorkgroup) {
    normaliseRow(norm, result, at(input, row, column), at(result, row, column),
                 dim, byWorkgroup);
  };
  if (window.maxCount * heads == 1)
    return normalise(window.row, window.column, /*byWorkgroup=*/true);
  e.eachSubgroup(e.mul(window.count, heads), [&](Value unit) {
    Value row = e.add(window.row, e.div(unit, heads));
    Value offset = e.mul(e.rem(unit, heads), dim);
    auto body = [&] {
      normalise(row, e.add(window.column, offset), /*byWorkgroup=*/false);
    };
    if (window.valid)
      e.when(e.less(offset, window.valid), body);
    else
      body();
  });
}

void SimtRowEmitter::emitRope(tz::RopeOp op, const SimtWindow &window) {
  int64_t dim =
      cast<RankedTensorType>(op.getInput().getType()).getShape().back();
  int64_t rotated = op.getRotated(), half = rotated / 2;
  bool neox = op.getMode() == tz::RopeMode::Neox;
  Place input = placeOf(op.getInput()), result = placeOf(op.getResult());
  Value heads = window.valid ? window.valid : e.index(window.width);
  SmallVector<double> inverse;
  for (int64_t i = 0; i < half; ++i)
    inverse.push_back(
        1.0 / (std::pow(op.getBase().convertToDouble(), 2.0 * i / rotated) *
               op.getScale().convertToDouble()));
  Value frequencies = e.table(inverse);
  e.each(e.mul(window.count, half), [&](Value unit) {
    Value row = e.add(window.row, e.div(unit, half)), i = e.rem(unit, half);
    Value position = e.create<arith::IndexCastOp>(
        e.getI32Type(), positionOf(op.getPosition(), row));
    Value angle = e.mulf(e.create<arith::SIToFPOp>(e.getF64Type(), position),
                         e.load(frequencies, i));
    if (op.getFactors()) {
      Place factors = placeOf(op.getFactors());
      Value factor = e.load(factors.memory, e.add(factors.base, i));
      angle = e.divf(angle, e.create<arith::ExtFOp>(e.getF64Type(), factor));
    }
    auto [sine, cosine] = e.sinCos(angle);
    Value x = neox ? i : e.mul(i, 2);
    Value y = neox ? e.add(i, half) : e.add(x, 1);
    e.loop(e.index(0), heads, dim, [&](Value head) {
      Value start = e.add(window.column, head);
      Value from = at(input, row, start), to = at(result, row, start);
      Value a = e.load(input.memory, e.add(from, x)),
            b = e.load(input.memory, e.add(from, y));
      e.store(e.subf(e.mulf(a, cosine), e.mulf(b, sine)), result.memory,
              e.add(to, x));
      e.store(e.addf(e.mulf(a, sine), e.mulf(b, cosine)), result.memory,
              e.add(to, y));
    });
  });
  if (rotated == dim || input.memory == result.memory)
    return;
  // Values beyond the rotated ones pass unchanged.
  eachElement(window, [&](Value row, Value column) {
    Value beyond =
        e.less(e.index(rotated - 1), e.rem(e.sub(column, window.column), dim));
    e.when(beyond, [&] {
      e.store(e.load(input.memory, at(input, row, column)), result.memory,
              at(result, row, column));
    });
  });
}

void SimtRowEmitter::emitCacheAppend(tz::CacheAppendOp op,
                                     const SimtWindow &window) {
  tz::CacheType type = op.getCache().getType();
  Place rows = placeOf(op.getRows()), cache = placeOf(op.getCache());
  Value first = firstPosition(op.getPosition());
  eachElement(window, [&](Value row, Value column) {
    Value head = e.div(column, type.getDim()),
          offset = e.rem(column, type.getDim());
    Value line =
        e.add(e.mul(head, rowsOfCache(e, type, cacheRows)), e.add(first, row));
    Value x = e.load(rows.memory, at(rows, row, column));
    e.store(e.toCache(x, type.getElementType()), cache.memory,
            e.add(e.mul(line, type.getDim()), offset));
  });
}

void SimtRowEmitter::emitEmbedding(tz::EmbeddingOp op,
                                   const SimtWindow &window) {
  Place ids = placeOf(op.getIds()), weight = placeOf(op.getWeight()),
        result = placeOf(op.getResult());
  auto type = cast<RankedTensorType>(op.getWeight().getType());
  int64_t depth = type.getShape()[1], parts = countParts(type);
  e.each(e.mul(window.count, 8 * parts), [&](Value unit) {
    Value row = e.add(window.row, e.div(unit, 8 * parts));
    Value fragment = e.rem(unit, 8), part = e.div(e.rem(unit, 8 * parts), 8);
    // What callers give is checked; what is computed is not.
    Value id = e.keptBelow(e.load(ids.memory, e.add(ids.base, row)),
                           e.index(type.getShape()[0]));
    WeightPlace place{originOf(e, type, e.div(id, kLanes)), e.rem(id, kLanes),
                      part, 1};
    Value first = e.add(e.mul(part, 32), e.mul(fragment, 4));
    SmallVector<Value> values =
        unpackFloats(e, type, weight.memory, place, fragment);
    for (int64_t o = 0; o < 4; ++o) {
      Value k = e.add(first, o);
      auto store = [&] {
        e.store(e.element(values[o], 0), result.memory, at(result, row, k));
      };
      if (depth % 32)
        e.when(e.less(k, e.index(depth)), store);
      else
        store();
    }
  });
}

} // namespace terrazzo::codegen
