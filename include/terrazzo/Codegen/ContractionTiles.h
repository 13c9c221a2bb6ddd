// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The register tiles of a contraction.
#pragma once

#include "terrazzo/Codegen/Activations.h"
#include "terrazzo/Codegen/KernelFrame.h"

namespace terrazzo::codegen {

/// Rows of float activations, `stride` elements apart from `base` on; an
/// element is an f32 or a pair of bf16 in an i32. Rows behind `last` are not
/// there, and it stands for them; null: there are as many as tiles take.
struct FloatRows {
  mlir::Value memory, base;
  int64_t stride = 0;
  mlir::Value last;
};

/// The columns of a workgroup, side by side for each depth: a panel that
/// emitPanel made, or with `weight` a weight of floats as it is packed, `memory`
/// its bytes, from column `column` on.
struct FloatColumns {
  mlir::Value memory;
  mlir::RankedTensorType weight = {};
  mlir::Value column = {};
};

/// config.tileRows rows from `row` on times config.groupColumns columns from
/// `column` on, from integers as they lie in the weight; written to `tile` from
/// `to` on, rows config.groupColumns apart.
void emitIntegerTile(Emitter &e, mlir::RankedTensorType weight,
                     mlir::Value memory, mlir::Value column, int64_t columns,
                     const ContractionConfig &config,
                     const QuantisedRows &input, mlir::Value row,
                     mlir::Value tile, mlir::Value to);

/// Unpacks config.groupColumns columns of a weight to floats: for each
/// config.tileColumns of them, depth by depth (pairs of depths for bf16), the
/// columns side by side.
void emitPanel(Emitter &e, mlir::RankedTensorType weight, mlir::Value memory,
               mlir::Value column, const ContractionConfig &config,
               mlir::Value panel);

/// Whether a product with `weight` needs no panel.
bool readsWeightInPlace(mlir::RankedTensorType weight,
                        const ContractionConfig &config);

/// The same tile as emitIntegerTile from floats.
void emitFloatTile(Emitter &e, const ContractionConfig &config,
                   const FloatRows &input, const FloatColumns &columns,
                   mlir::Value row, int64_t depth, mlir::Value tile,
                   mlir::Value to);

} // namespace terrazzo::codegen
