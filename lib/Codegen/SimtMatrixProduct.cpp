// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SimtProducts.h"
#include "terrazzo/Codegen/SimtWeights.h"

using namespace mlir;

namespace terrazzo::codegen {

MatrixProduct::MatrixProduct(SimtFrame &frame, int64_t offset)
    : frame(frame), e(frame.e), config(frame.config), unit(*frame.matrix),
      operand(unit.operandType(e.getContext())),
      activations(frame.view(operand, offset, activationElements(config))) {
  ownGroups =
      llvm::divideCeil(config.groupColumns / MatrixUnit::rows, e.subgroups());
  fragments = config.groupRows / unit.columns();
}

void MatrixProduct::loadStage(const ProductInput &input, Value depth,
                              Value to) {
  constexpr int64_t quads = kStage / 4;
  e.each(config.groupRows * quads, [&](Value i) {
    Value row = e.div(i, quads), quad = e.rem(i, quads);
    Value inside = e.less(row, input.rowCount);
    Value source =
        e.add(input.rowBegin, e.min(row, e.sub(input.rowCount, e.index(1))));
    Value k = e.add(depth, e.mul(quad, 4));
    SmallVector<Value> values;
    if (input.depth % 4 == 0) {
      if (input.depth % kStage)
        inside = e.both(inside, e.less(k, e.index(input.depth)));
      Value at = frame.rows.at(input.place, source,
                               e.min(k, e.index(input.depth - 4)));
      Value x = e.loadVector(input.place.memory, at, 4);
      for (int64_t o = 0; o < 4; ++o)
        values.push_back(e.choose(inside, e.element(x, o), e.f32(0)));
    } else {
      for (int64_t o = 0; o < 4; ++o) {
        Value column = e.add(k, o);
        Value there = e.both(inside, e.less(column, e.index(input.depth)));
        Value x =
            e.load(input.place.memory,
                   frame.rows.at(input.place, source,
                                 e.min(column, e.index(input.depth - 1))));
        values.push_back(e.choose(there, x, e.f32(0)));
      }
    }
    // Neighbouring depths stay neighbours wherever the unit wants them.
    Value line = e.add(e.add(to, e.mul(row, kStride)),
                       e.mul(e.div(quad, 4), MatrixUnit::depth));
    Value inQuad = e.rem(quad, 4);
    for (int64_t pair = 0; pair < 2; ++pair) {
      Value x = e.create<arith::TruncFOp>(
          VectorType::get({2}, operand),
          e.vectorOf({values[2 * pair], values[2 * pair + 1]}));
      // storedAt is affine in the quad for each place inside it.
      int64_t base = unit.storedAt(2 * pair),
              step = unit.storedAt(4 + 2 * pair) - base;
      e.storeVector(x, activations,
                    e.add(line, e.add(e.mul(inQuad, step), base)));
    }
  });
}

Value MatrixProduct::groupOf(const ProductWeight &weight, int64_t own) {
  Value first = e.div(weight.column, MatrixUnit::rows);
  Value group = e.add(e.add(first, e.subgroup), own * e.subgroups());
  // Groups that are not there repeat the last one and are never stored.
  return e.min(group, e.index(llvm::divideCeil(weight.type.getShape()[0],
                                               MatrixUnit::rows) -
                              1));
}

SmallVector<Value> MatrixProduct::leftOf(const ProductWeight &weight,
                                         Value group, Value part) {
  Value quad = unit.quadOfLane(e);
  SmallVector<Value> wanted = {quad, e.add(quad, 4)};
  SmallVector<SmallVector<Value>> quads(2);
  for (Value row : unit.quadRows(e)) {
    SmallVector<Value> values = unpackFloats(e, weight.type, weight.words,
                                             {group, row, part, 1}, wanted);
    for (int64_t half = 0; half < 2; ++half) {
      SmallVector<Value> four;
      for (int64_t o = 0; o < 4; ++o)
        four.push_back(e.element(values[4 * half + o], 0));
      quads[half].push_back(e.create<arith::TruncFOp>(
          VectorType::get({4}, operand), e.vectorOf(four)));
    }
  }
  return {unit.leftFromQuads(e, quads[0]), unit.leftFromQuads(e, quads[1])};
}

SmallVector<Value> MatrixProduct::multiplyStage(const ProductInput &input,
                                                const ProductWeight &weight,
                                                Value stage, Value from,
                                                ValueRange carried) {
  SmallVector<Value> sums(carried.begin(), carried.end());
  constexpr int64_t partsOfStage = kStage / 32;
  for (int64_t p = 0; p < partsOfStage; ++p) {
    // A part beyond the depth meets zeros.
    Value part = e.min(e.add(e.mul(stage, partsOfStage), p),
                       e.index(countParts(weight.type) - 1));
    SmallVector<SmallVector<Value>> left;
    for (int64_t own = 0; own < ownGroups; ++own)
      left.push_back(leftOf(weight, groupOf(weight, own), part));
    for (int64_t half = 0; half < 2; ++half)
      for (int64_t n = 0; n < fragments; ++n) {
        Value at = e.add(from, n * unit.columns() * kStride + 32 * p +
                                   MatrixUnit::depth * half);
        Value right = unit.loadRight(e, activations, at, kStride);
        for (int64_t own = 0; own < ownGroups; ++own) {
          Value &sum = sums[own * fragments + n];
          sum = unit.multiply(e, left[own][half], right, sum);
        }
      }
  }
  return sums;
}

void MatrixProduct::store(ValueRange sums, Value tile) {
  SmallVector<MatrixUnit::Position> positions = unit.positions(e);
  for (int64_t own = 0; own < ownGroups; ++own) {
    Value group = e.add(e.subgroup, own * e.subgroups());
    e.when(e.less(group, e.index(config.groupColumns / MatrixUnit::rows)), [&] {
      for (int64_t n = 0; n < fragments; ++n) {
        SmallVector<Value> elements =
            unit.elements(e, sums[own * fragments + n]);
        for (auto [element, position] : llvm::zip(elements, positions)) {
          Value row = e.add(position.column, n * unit.columns());
          Value column = e.add(e.mul(group, MatrixUnit::rows), position.row);
          e.store(element, tile,
                  e.add(e.mul(row, config.groupColumns), column));
        }
      }
    });
  }
}

void MatrixProduct::emit(const ProductInput &input, const ProductWeight &weight,
                         Value tile) {
  int64_t stages = llvm::divideCeil(input.depth, kStage);
  SmallVector<Value> sums(ownGroups * fragments, unit.zero(e));
  // Two buffers take turns, so one barrier a stage is enough: who writes the
  // next one has seen everybody leave it.
  sums = e.loop(e.index(0), e.index(stages), 1, sums,
                [&](Value stage, ValueRange carried) {
                  Value from =
                      e.mul(e.rem(stage, 2), config.groupRows * kStride);
                  loadStage(input, e.mul(stage, kStage), from);
                  e.barrier();
                  return multiplyStage(input, weight, stage, from, carried);
                });
  store(sums, tile);
  e.barrier();
}

} // namespace terrazzo::codegen
