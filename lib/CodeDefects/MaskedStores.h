// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "terrazzo/CodeDefects/CodeDefects.h"

namespace terrazzo {

/// Stores of one lane of truncated integers that write as many bytes as the
/// wider ones had.
extern const CodeDefect maskedStores;

} // namespace terrazzo
