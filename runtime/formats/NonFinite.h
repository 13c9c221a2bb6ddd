// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Looks for numbers that are none: in logits at each step (one pass, at the
// speed of memory), in weights and caches once something went wrong.
#pragma once

#include "formats/BlockFormat.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace terrazzo::formats {

/// The largest finite float16.
inline constexpr double largestHalf = 65504;

/// Whether all of them are finite.
bool allFinite(const float *values, size_t count);

struct NonFinite {
  uint64_t at;      ///< which value, or the first of which block
  std::string what; ///< "NaN", "Inf" or "-Inf"
};

/// The first number of a tensor that is not finite, or the first scale of a
/// block; nothing for formats without floating scales known here.
std::optional<NonFinite> findNonFinite(BlockFormat format, const uint8_t *data,
                                       uint64_t bytes);

/// The largest magnitude in a tensor of F32 or BF16; 0 for other formats.
double largestMagnitude(BlockFormat format, const uint8_t *data,
                        uint64_t bytes);

} // namespace terrazzo::formats
