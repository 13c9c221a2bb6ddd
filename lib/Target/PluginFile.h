// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The first step of a plugin's load: its ELF file is read, not opened, since
// opening runs static constructors, and those of a second MLIR or LLVM end the
// process.
#pragma once

#include "llvm/ADT/StringRef.h"

namespace terrazzo {

class Status;

/// Checks that the library needs libMLIR and libTerrazzo and defines nothing
/// that belongs to MLIR, LLVM or Terrazzo.
Status checkPluginFile(llvm::StringRef path);

} // namespace terrazzo
