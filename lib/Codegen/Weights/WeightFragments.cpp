// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/WeightFragments.h"
#include "terrazzo/Codegen/PackedRows.h"

using namespace mlir;

namespace terrazzo::codegen {

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
                      Value number,
                      function_ref<void(Value, ArrayRef<Value>)> body) {
  PackedRows packed(type);
  SixteenRows rows = packed.find(e, number);
  if (auto blockType = dyn_cast<tz::BlockType>(type.getElementType())) {
    int64_t values = getFormatInfo(blockType.getFormat()).values;
    e.loop(e.index(0), e.index(packed.blocks), 1, [&](Value block) {
      for (int64_t part = 0; part < values / 32; ++part) {
        auto unpack = e.createOp<tile::UnpackOp>(type, memory, rows.origin,
                                                 rows.first, block, part);
        body(e.add(e.mul(block, values), 32 * part), toFloatColumns(e, unpack));
      }
    });
    return;
  }
  VectorType stored = VectorType::get({kLanes}, type.getElementType());
  e.loop(e.index(0), e.index(packed.blocks), 1, [&](Value k) {
    Value at = packed.unitAt(e, rows, packed.fields[0], k, e.index(0));
    Value raw = e.loadBytes(memory, at, kLanes * packed.blockBytes);
    body(k, e.toF32(e.create<vector::BitCastOp>(stored, raw)));
  });
}

} // namespace terrazzo::codegen
