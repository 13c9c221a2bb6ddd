// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The fragments of mma.sync.m16n8k16 of f16 or bf16 with f32 sums (PTX ISA,
// "Matrix multiply-accumulate using mma instruction"). A lane is g = lane / 4
// and t = lane % 4; of a left fragment it has
//
//   elements 0, 1   row g,     depths 2t and 2t + 1
//   elements 2, 3   row g + 8, the same depths
//   elements 4, 5   row g,     depths 2t + 8 and 2t + 9
//   elements 6, 7   row g + 8, the same depths
//
// of a right one column g at the depths of elements 0, 1 and 4, 5, and of a sum
// rows g and g + 8, columns 2t and 2t + 1. Processors of 7.5 multiply 8 depths
// at a time.
#include "TzNvidia/Nvidia.h"

using namespace mlir;

namespace terrazzo::tz_nvidia {

tile::FragmentAttr fragmentOf(Type elements) {
  MLIRContext *context = elements.getContext();
  AffineExpr lane, i;
  bindDims(context, lane, i);
  AffineExpr g = lane.floorDiv(4), pair = (lane % 4) * 2 + i % 2;
  auto map = [&](AffineExpr first, AffineExpr second) {
    return AffineMap::get(2, 0, {first, second}, context);
  };
  return tile::FragmentAttr::get(
      context, /*rows=*/16, /*columns=*/8, /*depth=*/16, kWarp, elements,
      map(g + (i.floorDiv(2) % 2) * 8, pair + i.floorDiv(4) * 8),
      map(pair + i.floorDiv(2) * 8, g), map(g + i.floorDiv(2) * 8, pair));
}

SmallVector<tile::FragmentAttr> fragmentsOf(TargetAttr target) {
  if (!architectureOf(target).hasMatrix())
    return {};
  auto halves = fragmentOf(Float16Type::get(target.getContext()));
  if (target.getOperand() != "bf16")
    return {halves};
  return {fragmentOf(BFloat16Type::get(target.getContext())), halves};
}

} // namespace terrazzo::tz_nvidia
