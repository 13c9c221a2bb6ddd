// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Code points whose treatment by Python does not follow from their category
// and their simple case mapping; all ascending.
#pragma once

#include <cstddef>
#include <cstdint>

namespace terrazzo::text::jinja {

struct CodeRange {
  uint32_t first, last;
};
struct SpecialCase {
  uint32_t code;
  const char *text; ///< UTF-8
};

extern const CodeRange lowerBeside[], upperBeside[], digitBeside[],
    numericBeside[], ignorableBeside[];
extern const size_t lowerBesideCount, upperBesideCount, digitBesideCount,
    numericBesideCount, ignorableBesideCount;
extern const SpecialCase upperSpecial[], titleSpecial[];
extern const size_t upperSpecialCount, titleSpecialCount;

} // namespace terrazzo::text::jinja
