// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Remarks of the passes: one sentence each, filed under the pass's name.
#pragma once

#include "mlir/IR/Remarks.h"

namespace terrazzo {

enum class Decision { Passed, Missed };

/// Emits a remark with text `text` from the pass `pass` about `location`. Both
/// strings must be alive until the call returns. Costs nothing when nobody
/// listens.
void remarkDecision(mlir::Location location, llvm::StringRef pass,
                    Decision decision, llvm::function_ref<std::string()> text);

} // namespace terrazzo
