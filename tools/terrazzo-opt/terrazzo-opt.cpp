// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mlir-opt with Terrazzo's dialects, passes and plugins.
#include "DeveloperTool.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  std::vector<char *> arguments(argv, argv + argc);
  mlir::DialectRegistry registry;
  if (int code = terrazzo::beginDeveloperTool(arguments, registry))
    return code;
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(arguments.size(), arguments.data(),
                        "Terrazzo's modular optimizer driver\n", registry));
}
