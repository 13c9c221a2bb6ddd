// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/SimtWeights.h"

using namespace mlir;

namespace terrazzo::codegen {

SixteenRows sixteenOf(SimtEmitter &e, RankedTensorType type, Value number) {
  return PackedRows(type, /*indexBytes=*/4).find(e, number);
}

/// Fragments of a block format: scale * q + minimum.
static SmallVector<Value> unpackBlock(SimtEmitter &e, RankedTensorType type,
                                      Value words, const WeightPlace &place,
                                      ArrayRef<Value> wanted) {
  int64_t parts = cast<tz::BlockType>(type.getElementType()).getValues() / 32;
  Value block = e.div(place.part, parts), part = e.rem(place.part, parts);
  auto unpack = e.createOp<tile::UnpackLaneOp>(
      type, words, place.sixteen.origin, place.sixteen.first, place.row, block,
      part, ValueRange(wanted), place.rows);
  SmallVector<Value> values;
  for (auto [i, fragment] : llvm::enumerate(unpack.getFragments())) {
    Value scale = unpack.getScales()[0], minimum = unpack.getMinimums()[0];
    if (unpack.getScales().size() == 2) {
      Value first = e.less(wanted[i], e.index(4));
      auto pick = [&](ValueRange both) {
        if (std::optional<int64_t> g = getConstantIntValue(wanted[i]))
          return both[*g < 4 ? 0 : 1];
        return e.choose(first, both[0], both[1]);
      };
      scale = pick(unpack.getScales());
      minimum = pick(unpack.getMinimums());
    }
    for (int64_t o = 0; o < 4; ++o) {
      Value q = fragment;
      if (o)
        q = e.create<arith::ShRUIOp>(q, e.constantLike(q, 8 * o));
      if (o < 3)
        q = e.create<arith::AndIOp>(q, e.constantLike(q, 255));
      values.push_back(e.fma(e.toF32(q), scale, minimum));
    }
  }
  return values;
}

/// One depth of a float weight.
static Value loadFloats(SimtEmitter &e, RankedTensorType type, Value words,
                        const WeightPlace &place, Value depth) {
  int64_t bytes = type.getElementTypeBitWidth() / 8, perWord = 4 / bytes;
  int64_t total = type.getShape()[1];
  Value inside;
  if (total % 32) {
    inside = e.less(depth, e.index(total));
    depth = e.min(depth, e.index(total - 1));
  }
  PackedRows packed(type, /*indexBytes=*/4);
  Value at = e.add(
      packed.unitAt(e, place.sixteen, packed.fields[0], depth, e.index(0)),
      e.div(place.row, perWord));
  int64_t count = std::max<int64_t>(place.rows / perWord, 1);
  Value raw = e.loadVector(words, at, count);
  VectorType stored = VectorType::get({count * perWord}, type.getElementType());
  Value values = e.create<vector::BitCastOp>(stored, raw);
  if (place.rows == 1 && perWord == 2) {
    Value low = e.element(values, 0), high = e.element(values, 1);
    Value own = e.choose(e.equal(e.rem(place.row, 2), e.index(0)), low, high);
    values = e.vectorOf(own);
  }
  values = e.toF32(values);
  return inside ? e.choose(inside, values, e.constantLike(values, 0)) : values;
}

SmallVector<Value> unpackFloats(SimtEmitter &e, RankedTensorType type,
                                Value words, const WeightPlace &place,
                                ArrayRef<Value> wanted) {
  if (isa<tz::BlockType>(type.getElementType()))
    return unpackBlock(e, type, words, place, wanted);
  SmallVector<Value> values;
  for (Value g : wanted)
    for (int64_t o = 0; o < 4; ++o) {
      Value depth = e.add(e.add(e.mul(place.part, 32), e.mul(g, 4)), o);
      values.push_back(loadFloats(e, type, words, place, depth));
    }
  return values;
}

} // namespace terrazzo::codegen
