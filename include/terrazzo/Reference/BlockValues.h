// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the bytes of a weight mean, exactly, as ggml defines its block formats
// (ggml-common.h and ggml-quants.c of llama.cpp describe them): every value is
// scale * integer + offset, evaluated in float64, where it is exact.
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include <cstdint>

namespace terrazzo::reference {

/// Values in, and bytes of, one block of `element`; 1 and the element's size
/// for f32, f16 and bf16.
struct BlockShape {
  int64_t values, bytes;
};
BlockShape blockShape(mlir::Type element);

/// Decodes `count` consecutive blocks of `element` from `bytes` into
/// count * values numbers.
void decodeBlocks(mlir::Type element, const uint8_t *bytes, int64_t count,
                  double *numbers);

} // namespace terrazzo::reference
