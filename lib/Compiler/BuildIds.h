// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Build ids of the files that this process's compiler is made of, from the
// notes that the linker left in them.
#pragma once

#include <string>
#include <vector>

namespace terrazzo {

/// "name=hex" for the program itself, libTerrazzo and every loaded plugin, by
/// name; a file without a note is left out.
std::vector<std::string> compilerBuildIds();

} // namespace terrazzo
