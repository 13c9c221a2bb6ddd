// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "package/Values.h"

#include <cstring>
#include <iterator>

namespace terrazzo::package {

static constexpr ElementType types[] = {
    {"f64", "<f8", 8, false}, {"f32", "<f4", 4, false},
    {"f16", "<f2", 2, false}, {"bf16", "", 2, false},
    {"i64", "<i8", 8, true},  {"i32", "<i4", 4, true},
    {"i16", "<i2", 2, true},  {"i8", "|i1", 1, true},
    {"i1", "|b1", 1, true},   {"ui8", "|u1", 1, true},
};

uint32_t elementNumber(std::string_view word) {
  return uint32_t(findElementType(word) - types);
}

const ElementType *elementOfNumber(uint32_t index) {
  return index < std::size(types) ? &types[index] : nullptr;
}

const ElementType *findElementType(std::string_view word) {
  for (const ElementType &type : types)
    if (type.word == word)
      return &type;
  return nullptr;
}

const ElementType &elementTypeOf(const Value &value) {
  return *findElementType(value.type()->string_view());
}

int64_t integerAt(const ElementType &type, const void *data, uint64_t index) {
  uint64_t bytes = type.bytes;
  const auto *from = static_cast<const uint8_t *>(data) + index * bytes;
  bool isSigned = type.word[0] == 'i';
  int64_t wide = isSigned && int8_t(from[bytes - 1]) < 0 ? -1 : 0;
  memcpy(&wide, from, bytes);
  return wide;
}

} // namespace terrazzo::package
