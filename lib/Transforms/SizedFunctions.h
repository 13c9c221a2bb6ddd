// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of a module together with the sizes of their values.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Dialect/Tz/Sizes.h"

namespace terrazzo {

/// Calls `visit` for each function with a body of one block; fails, with a
/// diagnostic, where sizes do not agree.
inline mlir::LogicalResult eachSizedFunction(
    mlir::ModuleOp module,
    llvm::function_ref<void(tz::FuncOp, const tz::Sizes &)> visit) {
  for (auto func : module.getOps<tz::FuncOp>()) {
    if (func.isExternal() || !llvm::hasSingleElement(func.getBody()))
      continue;
    mlir::FailureOr<tz::Sizes> sizes = tz::Sizes::infer(func);
    if (failed(sizes))
      return mlir::failure();
    visit(func, *sizes);
  }
  return mlir::success();
}

} // namespace terrazzo
