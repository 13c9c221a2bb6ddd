// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SimtProducts.h"
#include "terrazzo/Codegen/SimtWeights.h"

using namespace mlir;

namespace terrazzo::codegen {

static constexpr int64_t kPartStride = 36;
/// Lanes that take the same part, each four of sixteen rows.
static constexpr int64_t kRowLanes = 4;

static int64_t groupsOf(const SimtConfig &config) {
  return config.groupColumns / kLanes;
}

int64_t VectorProduct::splits(const SimtConfig &config) {
  return std::max<int64_t>(config.threads / config.lanes / groupsOf(config), 1);
}

int64_t VectorProduct::activationElements(const SimtConfig &config,
                                          int64_t depth) {
  return config.groupRows * llvm::divideCeil(depth, 32) * kPartStride;
}

Value VectorProduct::loadActivations(SimtFrame &frame,
                                     const ProductInput &input,
                                     int64_t offset) {
  SimtEmitter &e = frame.e;
  int64_t parts = llvm::divideCeil(input.depth, 32), padded = parts * 32;
  Value memory = frame.view(e.getF32Type(), offset,
                            activationElements(frame.config, input.depth));
  int64_t rows = frame.config.groupRows;
  e.each(rows * padded, [&](Value i) {
    Value row = e.index(0), k = i;
    if (rows > 1) {
      row = e.div(i, padded);
      k = e.rem(i, padded);
    }
    // Rows that are not there repeat the last one and are never stored.
    Value source =
        e.add(input.rowBegin, e.min(row, e.sub(input.rowCount, e.index(1))));
    Value column = e.min(k, e.index(input.depth - 1));
    Value x =
        e.load(input.place.memory, frame.rows.at(input.place, source, column));
    if (padded != input.depth)
      x = e.choose(e.less(k, e.index(input.depth)), x, e.f32(0));
    Value to = e.add(e.mul(e.add(e.mul(row, parts), e.div(k, 32)), kPartStride),
                     e.rem(k, 32));
    e.store(x, memory, to);
  });
  e.barrier();
  return memory;
}

void VectorProduct::addPart(MutableArrayRef<Value> sums,
                            const ProductWeight &weight, Value group, Value row,
                            Value part, int64_t depth) {
  SmallVector<Value> wanted;
  for (int64_t g = 0; g < 8; ++g)
    wanted.push_back(e.index(g));
  SmallVector<Value> values = unpackFloats(
      e, weight.type, weight.words,
      {sixteenOf(e, weight.type, group), row, part, kRowLanes}, wanted);
  int64_t parts = llvm::divideCeil(depth, 32);
  for (auto [t, sum] : llvm::enumerate(sums)) {
    Value at = e.mul(e.add(part, static_cast<int64_t>(t) * parts), kPartStride);
    for (int64_t g = 0; g < 8; ++g) {
      Value x = e.loadVector(activations, e.add(at, 4 * g), 4);
      for (int64_t o = 0; o < 4; ++o)
        sum = e.fma(
            values[4 * g + o],
            e.create<vector::BroadcastOp>(sum.getType(), e.element(x, o)), sum);
    }
  }
}

void VectorProduct::emit(const ProductInput &input, const ProductWeight &weight,
                         Value tile) {
  int64_t groups = groupsOf(config), split = splits(config);
  int64_t slots = config.lanes / kRowLanes, parts = countParts(weight.type);
  int64_t tileSize = config.groupRows * config.groupColumns;
  Value memory = frame.view(e.getF32Type(), partial, split * tileSize);
  Value firstGroup = e.div(weight.column, kLanes);
  Value totalGroups =
      e.index(llvm::divideCeil(weight.type.getShape()[0], kLanes));
  Value row = e.mul(e.rem(e.lane, kRowLanes), kRowLanes);
  Value slot = e.div(e.lane, kRowLanes);
  // Subgroups: group of columns fastest, then share of the depth.
  e.loop(e.subgroup, e.index(groups * split), e.subgroups(), [&](Value share) {
    Value own = e.rem(share, groups), part = e.div(share, groups);
    Value group = e.add(firstGroup, own);
    e.when(e.less(group, totalGroups), [&] {
      Value zero = e.vectorOf(SmallVector<Value>(kRowLanes, e.f32(0)));
      SmallVector<Value> sums(config.groupRows, zero);
      sums = e.loop(e.add(slot, e.mul(part, slots)), e.index(parts),
                    slots * split, sums, [&](Value k, ValueRange carried) {
                      SmallVector<Value> next(carried.begin(), carried.end());
                      addPart(next, weight, group, row, k, input.depth);
                      return next;
                    });
      for (auto [t, sum] : llvm::enumerate(sums)) {
        SmallVector<Value> whole;
        for (int64_t r = 0; r < kRowLanes; ++r)
          whole.push_back(
              e.sumOverLanes(e.element(sum, r), kRowLanes, config.lanes / 2));
        Value at = e.add(e.mul(part, tileSize),
                         e.add(e.add(e.mul(own, kLanes), row),
                               static_cast<int64_t>(t) * config.groupColumns));
        e.when(e.equal(slot, e.index(0)),
               [&] { e.storeVector(e.vectorOf(whole), memory, at); });
      }
    });
  });
  e.barrier();
  e.each(tileSize, [&](Value i) {
    Value sum = e.load(memory, i);
    for (int64_t s = 1; s < split; ++s)
      sum = e.addf(sum, e.load(memory, e.add(i, s * tileSize)));
    e.store(sum, tile, i);
  });
  e.barrier();
}

} // namespace terrazzo::codegen
