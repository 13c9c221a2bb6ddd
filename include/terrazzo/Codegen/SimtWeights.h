// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a thread takes from a weight in sixteen interleaved rows, as floats.
#pragma once

#include "terrazzo/Codegen/SimtEmitter.h"
#include "terrazzo/Dialect/Tile/Tile.h"

namespace terrazzo::codegen {

/// Where a thread stands in a weight: `rows` rows (1 or 4) from `row` on of
/// sixteen interleaved rows that begin at word `origin`, and 32 depths from
/// 32 * part on.
struct WeightPlace {
  mlir::Value origin, row, part;
  int64_t rows = 1;
};

/// The first word of the sixteen rows `group` of a weight.
mlir::Value originOf(SimtEmitter &e, mlir::RankedTensorType type,
                     mlir::Value group);

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
