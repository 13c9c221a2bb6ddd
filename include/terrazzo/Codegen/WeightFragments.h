// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks over the interleaved rows of a weight: as float columns, or part by
// part as small integers.
#pragma once

#include "terrazzo/Codegen/Emitter.h"
#include "terrazzo/Dialect/Tile/Tile.h"

namespace terrazzo::codegen {

/// Calls `body(k, columns)` along the depth of sixteen interleaved rows, number
/// `group` of the weight: columns[i] holds the sixteen rows' values at depth k
/// + i as vector<16xf32>. Emits a loop over blocks; `body` is emitted once for
/// each part of a block.
void emitFloatColumns(
    Emitter &e, mlir::RankedTensorType type, mlir::Value memory,
    mlir::Value group,
    llvm::function_ref<void(mlir::Value, llvm::ArrayRef<mlir::Value>)> body);

/// Byte offset of block `block` of the sixteen interleaved rows `group`.
mlir::Value packedBlockOffset(Emitter &e, mlir::RankedTensorType type,
                              mlir::Value group, mlir::Value block);

} // namespace terrazzo::codegen
