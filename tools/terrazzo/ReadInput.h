// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text that a verb takes from a file or from stdin.
#pragma once

#include "support/Error.h"

#include <string>
#include <vector>

/// The whole of a file, or of stdin for "-". Errors: TZ0011.
terrazzo::Expected<std::string> readInput(const std::string &path);

/// The texts that stdin holds as a JSON string a line; lines of white space
/// alone are passed over. Errors: TZ0011, TZ0012.
terrazzo::Expected<std::vector<std::string>> readJsonLines();
