// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text that a verb takes from a file or from stdin.
#pragma once

#include "support/Error.h"

#include <string>

/// The whole of a file, or of stdin for "-". Errors: TZ0011.
terrazzo::Expected<std::string> readInput(const std::string &path);
