// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The code of tz.elementwise's functions (ElementwiseFunctions.def).
#pragma once

#include "terrazzo/Codegen/Emitter.h"
#include "terrazzo/Dialect/Tz/Tz.h"

namespace terrazzo::codegen {

/// `function` of f32 operands, scalars or vectors.
mlir::Value applyFunction(Emitter &e, tz::ElementwiseFunction function,
                          llvm::ArrayRef<mlir::Value> operands);

} // namespace terrazzo::codegen
