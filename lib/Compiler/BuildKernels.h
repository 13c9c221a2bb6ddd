// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a planned module to one variant's code: each kernel is lowered and
// serialised on its own, in parallel, then all are linked. After every hook of
// the backend its part of the contract is checked.
#pragma once

#include "ObjectCache.h"
#include "Reports.h"
#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Target/TargetBackend.h"

namespace terrazzo {

/// Compiles those kernels of `module` that are for `target`, or takes them from
/// `cache` where nothing is dumped. Failures have been reported.
mlir::FailureOr<Artifact> buildKernels(mlir::ModuleOp module,
                                       mlir::Attribute target, const Dump &dump,
                                       const ObjectCache &cache,
                                       Reports &reports);

/// Writes `op` to <directory>/terrazzo-reproducer-<name>.mlir (an empty
/// directory: the system's for temporary files) and answers with the path, or
/// with nothing when it could not be written.
std::string writeReproducer(mlir::Operation *op, llvm::StringRef name,
                            llvm::StringRef directory);

} // namespace terrazzo
