// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random models in tz: @trunk from token ids, a position and caches to rows,
// and
// @head from rows to rows, over every operation, broadcast, element type of
// weights and awkward size that kernels say they take. What a backend takes
// less of, GraphLimits says.
//
// Names tell what a weight's numbers are like: "positive..." are between 0.5
// and 2, all others normal, scaled so that a product of normal rows is normal.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Dialect/Tz/Tz.h"
#include "llvm/ADT/DenseMap.h"

namespace terrazzo::conformance {

struct GraphLimits {
  int64_t operations = 8; ///< in each function, about
};

/// Rows of every fixed cache; a context may not be longer.
inline constexpr int64_t kFixedRows = 192;

/// A verified module, the same for the same seed and limits.
mlir::OwningOpRef<mlir::ModuleOp> randomGraph(mlir::MLIRContext &context,
                                              uint64_t seed,
                                              const GraphLimits &limits);

} // namespace terrazzo::conformance
