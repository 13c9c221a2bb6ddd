// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A field of a block of weights, as BlockFormats.def lists them.
#pragma once

#include <cstdint>

namespace terrazzo {

struct BlockField {
  enum Kind {
    Number, ///< one floating-point number, in blocks an f16
    Words,  ///< small integers, four bytes of which stay together
    Bytes,  ///< integers of a byte, or what is made of them
    Bits    ///< one bit for each of 32 values
  };
  int64_t offset, bytes;
  Kind kind;

  /// Bytes that stay together when rows are packed.
  int64_t unit() const {
    return kind == Bytes ? 1 : kind == Number ? bytes : 4;
  }
};

} // namespace terrazzo
