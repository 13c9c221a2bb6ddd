// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/WeightFragments.h"
#include "terrazzo/Codegen/BlockFormats.h"
#include "terrazzo/Codegen/KernelForm.h"

using namespace mlir;

namespace terrazzo::codegen {

Value packedBlockOffset(Emitter &e, RankedTensorType type, Value group,
                        Value block) {
  const FormatInfo &info =
      getFormatInfo(cast<tz::BlockType>(type.getElementType()).getFormat());
  return e.add(e.mul(group, packedGroupBytes(type)),
               e.mul(block, kInterleave * info.bytes));
}

/// Sixteen rows of 32 values as f32 columns: byte o of each lane of fragment g
/// is column 4g + o.
static SmallVector<Value> toFloatColumns(Emitter &e, tile::UnpackOp unpack) {
  SmallVector<Value> columns;
  int64_t perGroup = 32 / unpack.getScales().size();
  for (auto [g, fragment] : llvm::enumerate(unpack.getFragments())) {
    Value words = e.create<vector::BitCastOp>(e.i32Lanes(), fragment);
    for (int64_t o = 0; o < 4; ++o) {
      Value q = o ? e.create<arith::ShRUIOp>(words, e.i32Vector(8 * o)) : words;
      if (o < 3)
        q = e.create<arith::AndIOp>(q, e.i32Vector(255));
      int64_t group = (4 * static_cast<int64_t>(g) + o) / perGroup;
      columns.push_back(e.fma(e.toF32(q), unpack.getScales()[group],
                              unpack.getMinimums()[group]));
    }
  }
  return columns;
}

void emitFloatColumns(Emitter &e, RankedTensorType type, Value memory,
                      Value group,
                      function_ref<void(Value, ArrayRef<Value>)> body) {
  int64_t depth = type.getShape()[1];
  if (auto blockType = dyn_cast<tz::BlockType>(type.getElementType())) {
    const FormatInfo &info = getFormatInfo(blockType.getFormat());
    e.loop(e.index(0), e.index(depth / info.values), 1, [&](Value block) {
      Value offset = packedBlockOffset(e, type, group, block);
      for (int64_t part = 0; part < info.values / 32; ++part) {
        auto unpack = e.createOp<tile::UnpackOp>(blockType.getFormat(), memory,
                                                 offset, part);
        body(e.add(e.mul(block, info.values), 32 * part),
             toFloatColumns(e, unpack));
      }
    });
    return;
  }
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  VectorType stored = VectorType::get({kLanes}, type.getElementType());
  e.loop(e.index(0), e.index(depth), 1, [&](Value k) {
    Value at = e.add(e.mul(group, packedGroupBytes(type)),
                     e.mul(k, kInterleave * bytes));
    Value raw = e.loadBytes(memory, at, kInterleave * bytes);
    body(k, e.toF32(e.create<vector::BitCastOp>(stored, raw)));
  });
}

} // namespace terrazzo::codegen
