// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The two steps of tz-form-kernels after grouping: a group becomes a
// plan.kernel, and the kernels of a function become a plan.program.
#pragma once

#include "KernelGroups.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace terrazzo {

/// A kernel and the function's values that its bindings stand for.
struct FormedKernel {
  plan::KernelOp kernel;
  mlir::Location location;
  llvm::SmallVector<mlir::Value> inputs;
  /// Results that are not a state's new version.
  llvm::SmallVector<mlir::Value> outputs;
  /// Caches among the inputs that the kernel changes.
  llvm::SmallVector<mlir::Value> changed;
  /// The kernel's sizes, of the function's.
  llvm::SmallVector<mlir::AffineExpr> sizes;
};

/// Makes a kernel of `group`, in front of the builder's insertion point.
FormedKernel outlineKernel(mlir::OpBuilder &builder, tz::FuncOp func,
                           const KernelGroup &group,
                           const GroupingLimits &limits,
                           mlir::SymbolTable &symbols);

/// Makes the program of `func` from its kernels, in front of `func`. Fails,
/// with a diagnostic, when the function's signature is not one that a program
/// can have.
mlir::LogicalResult formProgram(tz::FuncOp func, const GroupingLimits &limits,
                                llvm::ArrayRef<FormedKernel> kernels,
                                mlir::SymbolTable &symbols);

} // namespace terrazzo
