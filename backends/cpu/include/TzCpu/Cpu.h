// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The cpu backend's dialect, passes and steps from a kernel's module to a
// linked image.
#pragma once

#include "mlir/IR/Dialect.h"
#include "mlir/Pass/Pass.h"
#include "terrazzo/Target/TargetBackend.h"

#include "TzCpu/CpuDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "TzCpu/CpuAttributes.h.inc"

namespace terrazzo::tz_cpu {

/// The target for an architecture string ("x86-64-v4+vnni+bf16=fast"; empty:
/// this machine's).
mlir::FailureOr<TargetAttr> resolveTarget(mlir::MLIRContext *context,
                                          llvm::StringRef arch,
                                          EmitErrorFn emitError);
/// This machine's architecture string.
std::string hostArch();
/// LLVM's name and features for a target.
std::string llvmCpu(TargetAttr target);
std::string llvmFeatures(TargetAttr target);

/// Levels of memory and units of computation; rates are those of one 3.5 GHz
/// core.
plan::TargetSpecAttr buildSpec(TargetAttr target);
mlir::FailureOr<plan::KernelConfigAttr>
configureKernel(plan::KernelOp kernel, int64_t maxSize, TargetAttr target);

/// tile.contract -> this processor's instructions; without a target that of the
/// module's `plan.target`.
std::unique_ptr<mlir::Pass> createLowerContractPass(TargetAttr target = {});
/// The entry with the runtime's kernel ABI around the function on memrefs.
std::unique_ptr<mlir::Pass> createWrapEntryPass();
/// Wide transposes as shuffles, before vectors become LLVM's.
std::unique_ptr<mlir::Pass> createLowerTransposePass();

mlir::FailureOr<Object> compileObject(mlir::ModuleOp module,
                                      llvm::StringRef name, TargetAttr target,
                                      const Dump &dump);
mlir::FailureOr<Artifact> linkImage(mlir::MLIRContext *context,
                                    llvm::ArrayRef<Object> objects,
                                    const Dump &dump);

} // namespace terrazzo::tz_cpu
