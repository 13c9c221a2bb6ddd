// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a path to a tz module.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "support/Error.h"

namespace terrazzo {

/// What the package says about where the graph came from.
struct LoadedModel {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string name; ///< base name of the model's file
  std::string hash; ///< of its header
};

/// Imports a model file, or reads a tz module (.mlir, .mlirbc).
Expected<LoadedModel> loadModel(llvm::StringRef path,
                                mlir::MLIRContext *context);

} // namespace terrazzo
