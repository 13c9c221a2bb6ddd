// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What identifies a program or library as built: the build id in its ELF notes.
// The file is read, never opened as a library.
#pragma once

#include <string>

namespace terrazzo::exec {

/// The build id of the ELF file at `path` in hexadecimal digits; where it has
/// none, its size and time of change stand for it; empty when there is no such
/// file.
std::string buildIdOf(const std::string &path);

} // namespace terrazzo::exec
