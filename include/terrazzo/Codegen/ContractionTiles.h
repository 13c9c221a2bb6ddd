// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The register tiles of a contraction.
#pragma once

#include "terrazzo/Codegen/Activations.h"
#include "terrazzo/Codegen/KernelFrame.h"

namespace terrazzo::codegen {

/// Rows of float activations, `stride` elements apart; an element is an f32 or
/// a pair of bf16 in an i32.
struct FloatRows {
  mlir::Value memory;
  int64_t stride = 0;
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

/// The same tile as emitIntegerTile from an unpacked panel.
void emitFloatTile(Emitter &e, const ContractionConfig &config,
                   const FloatRows &input, mlir::Value panel, mlir::Value row,
                   int64_t depth, mlir::Value tile, mlir::Value to);

} // namespace terrazzo::codegen
