// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vectors of a package may be absent, which means that they are empty.
#pragma once

#include <cstdint>

namespace terrazzo::package {

template <typename Vector> uint32_t count(const Vector *vector) {
  return vector ? vector->size() : 0;
}

} // namespace terrazzo::package
