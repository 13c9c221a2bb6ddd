// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums of products of two arrays in register tiles, for workers with vectors.
#pragma once

#include "terrazzo/Codegen/KernelFrame.h"
#include "terrazzo/Codegen/LoopCut.h"

namespace terrazzo::codegen {

/// One workgroup of a cut that has a product.
void lowerProduct(KernelFrame &frame, const LoopCut &cut, LoopElements &places,
                  const ProductTile &tile, mlir::Value workgroup);

} // namespace terrazzo::codegen
