// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mlir-lsp-server with Terrazzo's dialects and plugins.
#include "../terrazzo-opt/DeveloperTool.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  std::vector<char *> arguments(argv, argv + argc);
  mlir::DialectRegistry registry;
  if (int code = terrazzo::beginDeveloperTool(arguments, registry))
    return code;
  return failed(
      mlir::MlirLspServerMain(arguments.size(), arguments.data(), registry));
}
