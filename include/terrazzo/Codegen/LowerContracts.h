// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What each chip's pass that lowers tile.contract has in common.
#pragma once

#include "terrazzo/Dialect/Tile/Tile.h"

namespace terrazzo::codegen {

/// Has `lower` replace each tile.contract of a module by instructions of
/// `target`; null: the module's `plan.target`. Where it answers false the chip
/// has none, which is an error at the operation.
llvm::LogicalResult lowerContracts(
    mlir::ModuleOp module, mlir::Attribute target,
    llvm::function_ref<bool(mlir::Attribute target, tile::ContractOp op)>
        lower);

} // namespace terrazzo::codegen
