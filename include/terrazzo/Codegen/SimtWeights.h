// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a thread takes from a packed weight, as floats.
#pragma once

#include "terrazzo/Codegen/PackedRows.h"
#include "terrazzo/Codegen/SimtEmitter.h"
#include "terrazzo/Dialect/Tile/Tile.h"

namespace terrazzo::codegen {

/// Where a thread stands in a weight: `rows` rows (1 or 4) from `row` on of
/// sixteen, in a memory of words, and 32 depths from 32 * part on.
struct WeightPlace {
  SixteenRows sixteen;
  mlir::Value row, part;
  int64_t rows = 1;
};

/// The sixteen rows from 16 * `number` on of a weight, in words.
SixteenRows sixteenOf(SimtEmitter &e, mlir::RankedTensorType type,
                      mlir::Value number);

/// For each fragment g of `wanted` (below 8) the values at depths 4g to 4g + 3
/// of the part, each a vector of `place.rows` f32. Depths beyond the weight's
/// are zeros.
llvm::SmallVector<mlir::Value>
unpackFloats(SimtEmitter &e, mlir::RankedTensorType type, mlir::Value words,
             const WeightPlace &place, llvm::ArrayRef<mlir::Value> wanted);

/// Parts of 32 depths, the last one perhaps cut short.
inline int64_t countParts(mlir::RankedTensorType weight) {
  return (weight.getShape()[1] + 31) / 32;
}

} // namespace terrazzo::codegen
