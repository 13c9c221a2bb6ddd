// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random functions on arrays: @arrays takes and gives arrays of any rank and
// element, with several sizes and expressions of them, over every operation
// that does not need rows of tokens, and some that do.
#pragma once

#include "RandomGraph.h"

namespace terrazzo::conformance {

/// The largest value of each size in calls.
inline constexpr int64_t kMostOfSize[] = {4, 40, 23};
inline constexpr const char *kSizeNames[] = {"B", "T", "S"};
int64_t mostOfSize(llvm::StringRef name);

/// A verified module, the same for the same seed and limits.
mlir::OwningOpRef<mlir::ModuleOp> randomArrays(mlir::MLIRContext &context,
                                               uint64_t seed,
                                               const GraphLimits &limits);

} // namespace terrazzo::conformance
