// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A smaller module that still fails: operations are left out as long as the
// failure stays.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace terrazzo::conformance {

/// `fails` is asked of verified modules, until nothing can be left out any more
/// or `seconds` have passed.
mlir::OwningOpRef<mlir::ModuleOp>
shrink(mlir::ModuleOp module, llvm::function_ref<bool(mlir::ModuleOp)> fails,
       double seconds);

} // namespace terrazzo::conformance
