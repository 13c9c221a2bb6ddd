// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows of activations brought into the form that the products take.
#pragma once

#include "terrazzo/Codegen/Emitter.h"
#include "terrazzo/Codegen/RowEmitter.h"

namespace terrazzo::codegen {

/// Rows rounded to signed bytes with a scale for each 32 values (largest
/// magnitude / 127, ties to even), and the sums that stand for a weight's
/// minimum: `sums` per 32 values, `halfSums` per 16, both already scaled.
struct QuantisedRows {
  mlir::Value bytes;    ///< memref<?xi8>, depth values a row
  mlir::Value words;    ///< the same memory as memref<?xi32>
  mlir::Value scales;   ///< memref<?xf32>, depth / 32 a row
  mlir::Value sums;     ///< memref<?xf32>, depth / 32 a row
  mlir::Value halfSums; ///< memref<?xf32>, depth / 16 a row
  int64_t depth = 0;
};

/// Quantises row `row` of `input` into row `to`.
void quantiseRow(Emitter &e, RowEmitter &rows, const Place &input,
                 mlir::Value row, const QuantisedRows &result);

/// Copies row `row` of `input`, converting to the element type of `memory`,
/// `depth` values a row.
void convertRow(Emitter &e, RowEmitter &rows, const Place &input,
                mlir::Value row, mlir::Value memory, int64_t depth,
                int64_t stride);

} // namespace terrazzo::codegen
