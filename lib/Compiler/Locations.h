// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Locations as a user reads them.
#pragma once

#include "mlir/IR/Location.h"
#include <string>

namespace terrazzo {

/// The model's tensors behind a location: "blk.0: attn_norm, attn_q, attn_k".
/// Names appear once, in order; files and lines as "file:line".
std::string describeLocation(mlir::Location location);

} // namespace terrazzo
