// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/RowDistribution.h"
#include "terrazzo/Codegen/SimtWeights.h"

using namespace mlir;

namespace terrazzo::codegen {

Value ThreadDistribution::rowsOf(const RowWindow &window) {
  return window.count ? window.count : e.index(1);
}

void ThreadDistribution::eachElement(const RowWindow &window,
                                     Body<Value, Value> body) {
  Value count = window.maxCount == 1 ? e.index(window.width)
                                     : e.mul(rowsOf(window), window.width);
  simt.each(count, [&](Value i) {
    Value row = window.row, offset = i;
    if (window.maxCount > 1) {
      row = e.add(row, e.div(i, window.width));
      offset = e.rem(i, window.width);
    }
    if (window.valid)
      e.when(e.less(offset, window.valid), [&] { body(row, offset); });
    else
      body(row, offset);
  });
}

void ThreadDistribution::eachPack(const RowWindow &window,
                                  Body<Value, Value, Value> body) {
  eachElement(window, [&](Value row, Value offset) {
    body(row, e.add(window.column, offset), Value());
  });
}

void ThreadDistribution::eachInRuns(const RowWindow &window, int64_t length,
                                    int64_t from,
                                    Body<Value, Value, Value, Value> body) {
  eachElement(window, [&](Value row, Value offset) {
    Value start = window.column;
    if (window.width != length) {
      start = e.add(start, e.mul(e.div(offset, length), length));
      offset = e.rem(offset, length);
    }
    if (from > 0)
      e.when(e.less(e.index(from - 1), offset),
             [&] { body(row, start, offset, Value()); });
    else
      body(row, start, offset, Value());
  });
}

void ThreadDistribution::eachRun(const RowWindow &window, int64_t length,
                                 Body<Value, Value> body) {
  int64_t runs = window.width / length;
  summed = false;
  byWorkgroup = window.maxCount * runs == 1;
  if (byWorkgroup)
    return body(window.row, window.column);
  simt.eachSubgroup(e.mul(rowsOf(window), runs), [&](Value unit) {
    Value row = e.add(window.row, e.div(unit, runs));
    Value offset = e.mul(e.rem(unit, runs), length);
    auto run = [&] { body(row, e.add(window.column, offset)); };
    if (window.valid)
      e.when(e.less(offset, window.valid), run);
    else
      run();
  });
}

void ThreadDistribution::eachOfRun(int64_t length, Body<Value, Value> body) {
  e.loop(byWorkgroup ? simt.thread : simt.lane, e.index(length),
         byWorkgroup ? simt.threads : simt.lanes,
         [&](Value offset) { body(offset, Value()); });
}

Value ThreadDistribution::sumOfRun(
    int64_t length, function_ref<Value(Value, Value, Value)> term) {
  // Everybody has read the sums before they are written again.
  if (byWorkgroup && summed)
    simt.barrier();
  summed = true;
  Value own =
      e.loop(byWorkgroup ? simt.thread : simt.lane, e.index(length),
             byWorkgroup ? simt.threads : simt.lanes, ValueRange{e.f32(0)},
             [&](Value offset, ValueRange carried) {
               return SmallVector<Value>{term(offset, Value(), carried[0])};
             })[0];
  own = simt.sumOverLanes(own, 1, simt.lanes / 2);
  if (!byWorkgroup)
    return own;
  return simt.joinSubgroups(own, sums,
                            [&](Value a, Value b) { return e.addf(a, b); });
}

void ThreadDistribution::eachNumber(const RowWindow &window,
                                    ArrayRef<double> numbers,
                                    Body<Value, const NumberPack &> body) {
  auto size = static_cast<int64_t>(numbers.size());
  Value table = e.table(DenseElementsAttr::get(
      RankedTensorType::get({size}, e.getF64Type()), numbers));
  simt.each(e.mul(rowsOf(window), size), [&](Value unit) {
    Value at = e.rem(unit, size);
    body(e.add(window.row, e.div(unit, size)), {at, e.load(table, at), 1});
  });
}

void ThreadDistribution::eachWeight(const RowWindow &window,
                                    RankedTensorType type, Value memory,
                                    function_ref<Value(Value)> rowOf,
                                    Body<Value, Value, Value> body) {
  int64_t depth = type.getShape()[1], parts = countParts(type);
  simt.each(e.mul(rowsOf(window), 8 * parts), [&](Value unit) {
    Value row = e.add(window.row, e.div(unit, 8 * parts));
    Value fragment = e.rem(unit, 8), part = e.div(e.rem(unit, 8 * parts), 8);
    Value number = rowOf(row);
    WeightPlace place{sixteenOf(simt, type, e.div(number, kLanes)),
                      e.rem(number, kLanes), part, 1};
    Value first = e.add(e.mul(part, 32), e.mul(fragment, 4));
    SmallVector<Value> values =
        unpackFloats(simt, type, memory, place, fragment);
    for (int64_t o = 0; o < 4; ++o) {
      Value column = e.add(first, o);
      auto give = [&] { body(row, column, simt.element(values[o], 0)); };
      if (depth % 32)
        e.when(e.less(column, e.index(depth)), give);
      else
        give();
    }
  });
}

} // namespace terrazzo::codegen
