// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The interface of layouts of weights (TzLayouts.td), and what they are asked.
#pragma once

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Attributes.h"

namespace terrazzo::tz {

/// A field of a weight's blocks: `bytes` of the `blockBytes` of each, from byte
/// `offset` on, in units of `unit`. A float is a block of one unit.
struct FieldUnits {
  int64_t blocks; ///< of a row
  int64_t blockBytes, offset, bytes, unit;
};

} // namespace terrazzo::tz

#include "terrazzo/Dialect/Tz/LayoutInterface.h.inc"
