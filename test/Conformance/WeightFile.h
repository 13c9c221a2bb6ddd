// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A GGUF file with the weights that a module asks for, of random content.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "support/Error.h"

namespace terrazzo::conformance {

/// Writes `path`, and where each weight lies in it into the module's weights.
/// The content follows from the seed and a weight's name.
Status writeWeights(mlir::ModuleOp module, const std::string &path,
                    uint64_t seed);

} // namespace terrazzo::conformance
