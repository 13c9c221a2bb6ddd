// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mlir-reduce with Terrazzo's dialects, passes and plugins.
#include "../terrazzo-opt/DeveloperTool.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"

int main(int argc, char **argv) {
  std::vector<char *> arguments(argv, argv + argc);
  mlir::DialectRegistry registry;
  if (int code = terrazzo::beginDeveloperTool(arguments, registry))
    return code;
  mlir::MLIRContext context(registry);
  return failed(
      mlir::mlirReduceMain(arguments.size(), arguments.data(), context));
}
