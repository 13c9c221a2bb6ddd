// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arguments and results of functions: types of their elements, by the words
// that packages have for them.
#pragma once

#include "package/Package_generated.h"

#include <cstdint>
#include <string_view>

namespace terrazzo::package {

/// One row of the table.
struct ElementType {
  std::string_view word; ///< "f32", as MLIR spells it
  std::string_view npy;  ///< NumPy's, little-endian: "<f4"; empty: it has none
  uint32_t bytes;
  bool integer;
};

/// Its row in the table, which the C interface numbers from 1 on.
uint32_t elementNumber(std::string_view word);
/// The row of such a number less 1; null when there is none.
const ElementType *elementOfNumber(uint32_t index);
/// Null for a word that is none.
const ElementType *findElementType(std::string_view word);

/// That of a checked value.
const ElementType &elementTypeOf(const Value &value);
/// Element `index` of a value of integers.
int64_t integerAt(const ElementType &type, const void *data, uint64_t index);

} // namespace terrazzo::package
