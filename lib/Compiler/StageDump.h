// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The IR of every step, for whoever reads along: PREFIX.NN-pass.mlir after each
// pass that has a name. Such a file is what terrazzo-opt takes.
#pragma once

#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/ADT/StringRef.h"

namespace terrazzo {

class StageDump : public mlir::PassInstrumentation {
public:
  StageDump(llvm::StringRef directory, llvm::StringRef prefix)
      : directory(directory), prefix(prefix) {}

  /// What could not be written is left out.
  void write(mlir::Operation *op, llvm::StringRef name);
  void runAfterPass(mlir::Pass *pass, mlir::Operation *op) override;

private:
  std::string directory, prefix;
  int number = 0;
};

} // namespace terrazzo
