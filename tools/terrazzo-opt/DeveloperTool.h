// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What terrazzo-opt, terrazzo-lsp-server and terrazzo-reduce begin with.
#pragma once

#include "mlir/IR/DialectRegistry.h"
#include <vector>

namespace terrazzo {

/// Registers every dialect and pass of MLIR and of Terrazzo, and loads the
/// plugins that the arguments name:
///
///   --load-plugin=<id or path>   also --load-plugin <...>, any number of times
///   --load-dialect-plugin=<...>  upstream's name for it, checked alike
///
/// These are taken out of `arguments` before upstream sees them, so no plugin
/// is opened unchecked. Returns 0, or the exit code after an error was printed.
int beginDeveloperTool(std::vector<char *> &arguments,
                       mlir::DialectRegistry &registry);

} // namespace terrazzo
