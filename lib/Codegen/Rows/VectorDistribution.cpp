// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/RowDistribution.h"
#include "terrazzo/Codegen/WeightFragments.h"

using namespace mlir;

namespace terrazzo::codegen {

void VectorDistribution::eachPack(const RowWindow &window,
                                  Body<Value, Value, Value> body) {
  e.eachLanes(window.width, window.valid, [&](Value offset, Value mask) {
    body(window.row, e.add(window.column, offset), mask);
  });
}

void VectorDistribution::eachInRuns(const RowWindow &window, int64_t length,
                                    int64_t from,
                                    Body<Value, Value, Value, Value> body) {
  eachRun(window, length, [&](Value row, Value start) {
    e.eachLanes(length - from, Value(), [&](Value offset, Value mask) {
      body(row, start, e.add(offset, from), mask);
    });
  });
}

void VectorDistribution::eachRun(const RowWindow &window, int64_t length,
                                 Body<Value, Value> body) {
  e.loop(e.index(0), window.end(e), length,
         [&](Value start) { body(window.row, e.add(window.column, start)); });
}

void VectorDistribution::eachOfRun(int64_t length, Body<Value, Value> body) {
  e.eachLanes(length, Value(), body);
}

Value VectorDistribution::sumOfRun(
    int64_t length, function_ref<Value(Value, Value, Value)> term) {
  int64_t whole = length / kLanes * kLanes;
  Value sum =
      e.loop(e.index(0), e.index(whole), kLanes, ValueRange{e.f32Vector(0)},
             [&](Value offset, ValueRange carried) {
               return SmallVector<Value>{term(offset, Value(), carried[0])};
             })[0];
  if (whole < length) {
    Value mask = e.maskOf(e.index(length - whole));
    sum = e.create<arith::SelectOp>(mask, term(e.index(whole), mask, sum), sum);
  }
  return e.reduceAdd(sum);
}

void VectorDistribution::eachNumber(const RowWindow &window,
                                    ArrayRef<double> numbers,
                                    Body<Value, const NumberPack &> body) {
  for (size_t at = 0; at < numbers.size(); at += kLanes) {
    ArrayRef<double> part = numbers.slice(at).take_front(kLanes);
    SmallVector<double> pack(part);
    pack.resize(kLanes, part.back());
    Value constant = e.create<arith::ConstantOp>(
        DenseElementsAttr::get(e.lanesOf(e.getF64Type()), ArrayRef(pack)));
    body(window.row, {e.index(static_cast<int64_t>(at)), constant,
                      static_cast<int64_t>(part.size())});
  }
}

void VectorDistribution::eachWeight(const RowWindow &window,
                                    RankedTensorType type, Value memory,
                                    function_ref<Value(Value)> rowOf,
                                    Body<Value, Value, Value> body) {
  Value number = rowOf(window.row);
  Value group = e.div(number, kLanes), lane = e.rem(number, kLanes);
  // Sixteen rows are unpacked for the sake of one: that keeps one description
  // per format, and a gather is rare.
  emitFloatColumns(
      e, type, memory, group, [&](Value k, ArrayRef<Value> columns) {
        for (auto [i, column] : llvm::enumerate(columns))
          body(window.row, e.add(k, static_cast<int64_t>(i)),
               e.create<vector::ExtractOp>(column, OpFoldResult(lane)));
      });
}

} // namespace terrazzo::codegen
