// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What passes that read products do with them first.
#pragma once

#include "terrazzo/Dialect/Tz/Tz.h"

namespace terrazzo {

/// A side that is another array with its dimensions in another order becomes
/// that array, with its letters in another order.
void absorbTransposes(tz::ContractOp op);

} // namespace terrazzo
