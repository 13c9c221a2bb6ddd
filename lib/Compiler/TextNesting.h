// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// MLIR's parser calls itself for each bracket and for each sign of an affine
// expression, and what walks an expression does so too. A text from outside
// must not make them leave their stack.
#pragma once

#include "llvm/ADT/StringRef.h"
#include <string>

namespace terrazzo {

/// What of a module's text is too deep, in a few words. Empty: nothing.
std::string findTooDeep(llvm::StringRef text);

} // namespace terrazzo
