// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/Activations.h"

using namespace mlir;

namespace terrazzo::codegen {

/// Magnitudes order as their bits do, those of a NaN above all: so it gets into
/// the scale, where a maximum of floats might drop it and the bytes cannot show
/// it.
static Value largestMagnitude(Emitter &e, Value a, Value b) {
  auto bits = [&](Value x) {
    return e.create<arith::BitcastOp>(e.i32Lanes(), e.create<math::AbsFOp>(x));
  };
  Value largest = e.create<vector::ReductionOp>(
      vector::CombiningKind::MAXSI, e.create<arith::MaxSIOp>(bits(a), bits(b)));
  return e.create<arith::BitcastOp>(e.getF32Type(), largest);
}

void quantiseRow(Emitter &e, RowEmitter &rows, const Place &input, Value row,
                 const QuantisedRows &result) {
  int64_t blocks = result.depth / 32;
  VectorType bytes = e.lanesOf(e.getI8Type());
  e.loop(e.index(0), e.index(blocks), 1, [&](Value block) {
    Value from = rows.at(input, row, e.mul(block, 32));
    Value half[2] = {e.loadLanes(input.memory, from),
                     e.loadLanes(input.memory, e.add(from, kLanes))};
    Value magnitude = largestMagnitude(e, half[0], half[1]);
    Value scale = e.mulf(magnitude, e.f32(1.0 / 127.0));
    // A block of zeros, or of values too small to invert, stays zero.
    Value usable = e.create<arith::CmpFOp>(arith::CmpFPredicate::OGT, magnitude,
                                           e.f32(1e-30));
    Value inverse = e.create<arith::SelectOp>(
        usable, e.divf(e.f32(127), magnitude), e.f32(0));
    Value factor = e.splat(inverse);
    Value at = e.add(e.mul(row, result.depth), e.mul(block, 32));
    Value blockAt = e.add(e.mul(row, blocks), block);
    SmallVector<Value> halves;
    for (int64_t h = 0; h < 2; ++h) {
      Value rounded = e.create<math::RoundEvenOp>(e.mulf(half[h], factor));
      Value q = e.create<arith::FPToSIOp>(e.i32Lanes(), rounded);
      e.storeLanes(e.create<arith::TruncIOp>(bytes, q), result.bytes,
                   e.add(at, h * kLanes));
      Value sum = e.mulf(e.toF32(e.reduceAdd(q)), scale);
      e.store(sum, result.halfSums, e.add(e.mul(blockAt, 2), h));
      halves.push_back(sum);
    }
    e.store(scale, result.scales, blockAt);
    e.store(e.addf(halves[0], halves[1]), result.sums, blockAt);
  });
}

void convertRow(Emitter &e, RowEmitter &rows, const Place &input, Value row,
                Value memory, int64_t depth, int64_t stride) {
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  e.eachLanes(depth, Value(), [&](Value offset, Value mask) {
    Value x = e.loadLanes(input.memory, rows.at(input, row, offset), mask);
    if (!element.isF32())
      x = e.create<arith::TruncFOp>(e.lanesOf(element), x);
    e.storeLanes(x, memory, e.add(e.mul(row, stride), offset), mask);
  });
}

} // namespace terrazzo::codegen
