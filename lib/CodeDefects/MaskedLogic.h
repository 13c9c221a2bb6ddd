// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "terrazzo/CodeDefects/CodeDefects.h"

namespace terrazzo {

/// AVX-512's three-operand logic, merged under a mask, with a wrong truth
/// table.
extern const CodeDefect maskedLogic;

} // namespace terrazzo
