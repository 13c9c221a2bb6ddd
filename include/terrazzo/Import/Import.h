// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a model file to the tz dialect. The module holds no weights: each
// tz.weight names a tensor of the file. Its functions are those that
// lib/Import/GraphBuilder.h says, and it carries tz.architecture, tz.file (base
// name) and the facts that lib/Import/Architecture.h lists.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "support/Error.h"
#include <vector>

namespace terrazzo {
namespace formats {
class ModelFile;
} // namespace formats

struct ImportOptions {
  /// Gives every tz.weight the XXH3 hash of its content; reads the whole file.
  bool hashWeights = true;
};

/// Imports the model at `path`, a GGUF file, a folder or an ONNX file. Answers with
/// ExitCode::ModelNotSupported for an architecture, tensor type or setting that
/// is not supported and for a malformed file; the error names the tensor or the
/// key. Loads the tz dialect into `context`.
Expected<mlir::OwningOpRef<mlir::ModuleOp>>
importModel(llvm::StringRef path, mlir::MLIRContext *context,
            const ImportOptions &options = {});

/// The same for a file that is open already.
Expected<mlir::OwningOpRef<mlir::ModuleOp>>
importModel(const formats::ModelFile &file, llvm::StringRef path,
            mlir::MLIRContext *context, const ImportOptions &options = {});

/// Names of the supported architectures, as `general.architecture` gives them.
std::vector<llvm::StringRef> importableArchitectures();

} // namespace terrazzo
