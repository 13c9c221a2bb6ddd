// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/RowEmitter.h"
#include "terrazzo/Codegen/ElementwiseCode.h"
#include "terrazzo/Codegen/KernelForm.h"
#include "terrazzo/Codegen/RowBroadcast.h"
#include "terrazzo/Codegen/WeightFragments.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace terrazzo::codegen {

Value RowEmitter::at(const Place &place, Value row, Value column) {
  return e.add(e.add(place.base, e.mul(row, place.stride)), column);
}

void RowEmitter::lanes(int64_t width, Value valid,
                       function_ref<void(Value, Value)> body) {
  int64_t whole = valid ? 0 : width / kLanes * kLanes;
  if (whole == kLanes)
    body(e.index(0), Value());
  else if (whole)
    e.loop(e.index(0), e.index(whole), kLanes,
           [&](Value offset) { body(offset, Value()); });
  for (int64_t offset = whole; offset < width; offset += kLanes) {
    Value left = valid ? e.max(e.sub(valid, e.index(offset)), e.index(0))
                       : e.index(width - offset);
    body(e.index(offset), e.maskOf(left));
  }
}

void RowEmitter::emit(Operation *op, const Window &window) {
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
}

Value RowEmitter::positionOf(Value operand, Value row) {
  Place place = placeOf(operand);
  bool each = cast<RankedTensorType>(operand.getType()).getRank() == 1;
  Value at = each ? e.add(place.base, row) : place.base;
  Value stored =
      e.create<arith::IndexCastOp>(e.getIndexType(), e.load(place.memory, at));
  return each ? stored : e.add(stored, row);
}

/// Sixteen values at `columns` from `start` on.
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

Value RowEmitter::operandLanes(Value operand, RankedTensorType result,
                               const Window &window, Value offset, Value mask) {
  if (auto scalar = operand.getDefiningOp<tz::ScalarOp>())
    return e.f32Vector(scalar.getValue().convertToDouble());
  auto type = cast<RankedTensorType>(operand.getType());
  Place place = placeOf(operand);
  auto f32 = [&](Value loaded) {
    return e.loadedToF32(loaded, type.getElementType());
  };
  if (type.getRank() == 0)
    return e.splat(e.load(place.memory, place.base));
  RowBroadcast spread(type, result);
  Value column = e.add(window.column, offset);
  auto first = [&](Value column) {
    return spread.isPerRow() ? at(place, window.row, column)
                             : e.add(place.base, column);
  };
  if (spread.isOneValue())
    return e.splat(f32(e.load(place.memory, first(e.index(0)))));
  if (spread.isSame())
    return f32(e.loadLanes(place.memory, first(column), mask));
  // Windows begin at multiples of the lanes, so that lanes cross no run that
  // is one.
  if (spread.innerSize() % kLanes == 0 && !(mask && spread.repeats())) {
    Value from = first(spread.column(e, column));
    return spread.repeats() ? e.splat(f32(e.load(place.memory, from)))
                            : f32(e.loadLanes(place.memory, from, mask));
  }
  Value numbers = e.create<arith::AddIOp>(
      e.splat(e.create<arith::IndexCastOp>(e.getI32Type(), column)),
      e.laneNumbers());
  return f32(gatherLanes(e, place.memory, first(e.index(0)),
                         spread.column(e, numbers), mask));
}

Value rowsOfCache(Emitter &e, tz::CacheType type, Value callRows) {
  return ShapedType::isDynamic(type.getRows()) ? callRows
                                               : e.index(type.getRows());
}

Value RowEmitter::endOf(const Window &window) {
  return window.valid ? window.valid : e.index(window.width);
}

void RowEmitter::emitElementwise(tz::ElementwiseOp op, const Window &window) {
  Place result = placeOf(op.getResult());
  lanes(window.width, window.valid, [&](Value offset, Value mask) {
    SmallVector<Value> operands;
    for (Value input : op.getInputs())
      operands.push_back(
          operandLanes(input, op.getType(), window, offset, mask));
    Value value = applyFunction(e, op.getFunction(), operands);
    e.storeLanes(value, result.memory,
                 at(result, window.row, e.add(window.column, offset)), mask);
  });
}

/// Sum over the `dim` numbers from `from` on of what `term` makes of them and
/// adds to what it is given.
static Value sumOfRow(Emitter &e, Value memory, Value from, int64_t dim,
                      function_ref<Value(Value x, Value sum)> term) {
  int64_t whole = dim / kLanes * kLanes;
  Value sum =
      e.loop(e.index(0), e.index(whole), kLanes, ValueRange{e.f32Vector(0)},
             [&](Value offset, ValueRange carried) {
               Value x = e.loadLanes(memory, e.add(from, offset));
               return SmallVector<Value>{term(x, carried[0])};
             })[0];
  if (whole < dim) {
    Value mask = e.maskOf(e.index(dim - whole));
    Value x = e.loadLanes(memory, e.add(from, whole), mask);
    sum = e.create<arith::SelectOp>(mask, term(x, sum), sum);
  }
  return e.reduceAdd(sum);
}

void RowEmitter::emitNorm(const tz::RowNorm &norm, Value to,
                          const Window &window) {
  int64_t dim = cast<RankedTensorType>(norm.input.getType()).getShape().back();
  Place input = placeOf(norm.input), result = placeOf(to),
        weight = placeOf(norm.weight), bias;
  if (norm.bias)
    bias = placeOf(norm.bias);
  e.loop(e.index(0), endOf(window), dim, [&](Value head) {
    Value from = at(input, window.row, e.add(window.column, head));
    Value to = at(result, window.row, e.add(window.column, head));
    Value mean;
    if (norm.centred) {
      Value sum = sumOfRow(e, input.memory, from, dim,
                           [&](Value x, Value sum) { return e.addf(sum, x); });
      mean = e.splat(e.mulf(sum, e.f32(1.0 / dim)));
    }
    auto centred = [&](Value x) { return mean ? e.subf(x, mean) : x; };
    Value squares =
        sumOfRow(e, input.memory, from, dim, [&](Value x, Value sum) {
          x = centred(x);
          return e.fma(x, x, sum);
        });
    Value scale = e.splat(e.normScale(squares, dim, norm.epsilon));
    lanes(dim, Value(), [&](Value offset, Value mask) {
      Value x = e.loadLanes(input.memory, e.add(from, offset), mask);
      Value w = e.loadLanes(weight.memory, e.add(weight.base, offset), mask);
      Value y = e.mulf(e.mulf(centred(x), scale), w);
      if (norm.bias)
        y = e.addf(y, e.loadLanes(bias.memory, e.add(bias.base, offset), mask));
      e.storeLanes(y, result.memory, e.add(to, offset), mask);
    });
  });
}

/// Exponents -2i/rotated, i counted from `first` in eight lanes, as logarithms
/// of the inverse frequencies.
static Value inverseFrequencies(Emitter &e, tz::RopeOp op, int64_t first) {
  SmallVector<double> values;
  double base = op.getBase().convertToDouble(),
         scale = op.getScale().convertToDouble();
  for (int64_t i = first; i < first + 8; ++i)
    values.push_back(1.0 / (std::pow(base, 2.0 * i / op.getRotated()) * scale));
  return e.create<arith::ConstantOp>(DenseElementsAttr::get(
      VectorType::get({8}, e.getF64Type()), ArrayRef(values)));
}

void RowEmitter::emitRope(tz::RopeOp op, const Window &window) {
  int64_t dim =
      cast<RankedTensorType>(op.getInput().getType()).getShape().back();
  int64_t half = op.getRotated() / 2;
  Place input = placeOf(op.getInput()), result = placeOf(op.getResult());
  bool neox = op.getMode() == tz::RopeMode::Neox;
  Value position = positionOf(op.getPosition(), window.row);
  Value angleScale = e.create<arith::SIToFPOp>(
      e.getF64Type(), e.create<arith::IndexCastOp>(e.getI64Type(), position));
  VectorType wide = VectorType::get({8}, e.getF64Type()),
             narrow = VectorType::get({8}, e.getF32Type());
  VectorType pairs = VectorType::get({16}, e.getF32Type());
  for (int64_t i = 0; i < half; i += 8) {
    int64_t count = std::min<int64_t>(8, half - i);
    Value angles = e.mulf(e.create<vector::BroadcastOp>(wide, angleScale),
                          inverseFrequencies(e, op, i));
    Value mask = e.create<vector::CreateMaskOp>(
        VectorType::get({8}, e.getI1Type()), ValueRange{e.index(count)});
    Value pairMask = e.create<vector::CreateMaskOp>(
        VectorType::get({16}, e.getI1Type()), ValueRange{e.index(2 * count)});
    if (op.getFactors()) {
      Place factors = placeOf(op.getFactors());
      Value ones =
          e.create<arith::ConstantOp>(DenseElementsAttr::get(narrow, 1.0f));
      Value f = e.create<vector::MaskedLoadOp>(
          narrow, factors.memory, e.add(factors.base, i), mask, ones);
      angles = e.divf(angles, e.create<arith::ExtFOp>(wide, f));
    }
    auto [sine, cosine] = e.sinCos(angles);
    Value zero =
        e.create<arith::ConstantOp>(DenseElementsAttr::get(narrow, 0.0f));
    Value zeroPairs =
        e.create<arith::ConstantOp>(DenseElementsAttr::get(pairs, 0.0f));
    e.loop(e.index(0), endOf(window), dim, [&](Value head) {
      Value from = at(input, window.row, e.add(window.column, head));
      Value to = at(result, window.row, e.add(window.column, head));
      Value x, y;
      if (neox) {
        x = e.create<vector::MaskedLoadOp>(narrow, input.memory, e.add(from, i),
                                           mask, zero);
        y = e.create<vector::MaskedLoadOp>(narrow, input.memory,
                                           e.add(from, half + i), mask, zero);
      } else {
        Value both = e.create<vector::MaskedLoadOp>(
            pairs, input.memory, e.add(from, 2 * i), pairMask, zeroPairs);
        auto parts = e.createOp<vector::DeinterleaveOp>(both);
        x = parts.getRes1();
        y = parts.getRes2();
      }
      Value newX = e.subf(e.mulf(x, cosine), e.mulf(y, sine));
      Value newY = e.addf(e.mulf(x, sine), e.mulf(y, cosine));
      if (neox) {
        e.createOp<vector::MaskedStoreOp>(result.memory, e.add(to, i), mask,
                                          newX);
        e.createOp<vector::MaskedStoreOp>(result.memory, e.add(to, half + i),
                                          mask, newY);
      } else {
        Value both = e.create<vector::InterleaveOp>(newX, newY);
        e.createOp<vector::MaskedStoreOp>(result.memory, e.add(to, 2 * i),
                                          pairMask, both);
      }
    });
  }
  if (int64_t(op.getRotated()) == dim || input.memory == result.memory)
    return;
  // Values beyond the rotated ones pass unchanged.
  e.loop(e.index(0), endOf(window), dim, [&](Value head) {
    Value from = e.add(at(input, window.row, e.add(window.column, head)),
                       op.getRotated());
    Value to = e.add(at(result, window.row, e.add(window.column, head)),
                     op.getRotated());
    lanes(dim - op.getRotated(), Value(), [&](Value offset, Value mask) {
      Value x = e.loadLanes(input.memory, e.add(from, offset), mask);
      e.storeLanes(x, result.memory, e.add(to, offset), mask);
    });
  });
}

void RowEmitter::emitCacheAppend(tz::CacheAppendOp op, const Window &window) {
  tz::CacheType type = op.getCache().getType();
  Place rows = placeOf(op.getRows()), cache = placeOf(op.getCache());
  Value position = positionOf(op.getPosition(), window.row);
  Value limit = rowsOfCache(e, type, cacheRows);
  e.loop(e.index(0), endOf(window), type.getDim(), [&](Value start) {
    Value column = e.add(window.column, start);
    Value head = e.div(column, type.getDim());
    Value to = e.mul(e.add(e.mul(head, limit), position), type.getDim());
    Value from = at(rows, window.row, column);
    lanes(type.getDim(), Value(), [&](Value offset, Value mask) {
      Value x = e.loadLanes(rows.memory, e.add(from, offset), mask);
      e.storeLanes(e.toCache(x, type.getElementType()), cache.memory,
                   e.add(to, offset), mask);
    });
  });
}

void RowEmitter::emitEmbedding(tz::EmbeddingOp op, const Window &window) {
  Place ids = placeOf(op.getIds()), weight = placeOf(op.getWeight()),
        result = placeOf(op.getResult());
  auto type = cast<RankedTensorType>(op.getWeight().getType());
  // What callers give is checked; what is computed is not.
  Value id = e.keptBelow(e.load(ids.memory, e.add(ids.base, window.row)),
                         e.index(type.getShape()[0]));
  Value group = e.div(id, kLanes), lane = e.rem(id, kLanes);
  Value to = at(result, window.row, e.index(0));
  // Sixteen rows are unpacked for the sake of one: that keeps one description
  // per format, and a gather is rare.
  emitFloatColumns(
      e, type, weight.memory, group, [&](Value k, ArrayRef<Value> columns) {
        for (auto [i, column] : llvm::enumerate(columns))
          e.store(e.create<vector::ExtractOp>(column, OpFoldResult(lane)),
                  result.memory, e.add(to, e.add(k, static_cast<int64_t>(i))));
      });
}

} // namespace terrazzo::codegen
