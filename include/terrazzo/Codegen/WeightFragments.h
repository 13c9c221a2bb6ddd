// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A walk over sixteen rows of a packed weight as float columns.
#pragma once

#include "terrazzo/Codegen/Emitter.h"
#include "terrazzo/Dialect/Tile/Tile.h"

namespace terrazzo::codegen {

/// Calls `body(k, columns)` along the depth of sixteen rows of a packed weight,
/// from row 16 * `number` on: columns[i] holds their values at depth k + i as
/// vector<16xf32>. Emits a loop over blocks; `body` is emitted once for each
/// part of a block.
void emitFloatColumns(
    Emitter &e, mlir::RankedTensorType type, mlir::Value memory,
    mlir::Value number,
    llvm::function_ref<void(mlir::Value, llvm::ArrayRef<mlir::Value>)> body);

} // namespace terrazzo::codegen
