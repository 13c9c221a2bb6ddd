// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An ONNX file as a module: one function, @main, whose arguments and results
// are the graph's inputs and outputs under their names.
#pragma once

#include "formats/ModelFile.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "support/Error.h"
#include "terrazzo/Import/Import.h"

namespace terrazzo::onnx {

/// Errors: TZ0331 for versions and graphs that are not read, TZ0332 for
/// operators that are not, TZ0333 for one node, TZ0334 for an input.
Expected<mlir::OwningOpRef<mlir::ModuleOp>>
importOnnx(const formats::ModelFile &file, llvm::StringRef path,
           mlir::MLIRContext *context, const ImportOptions &options);

} // namespace terrazzo::onnx
