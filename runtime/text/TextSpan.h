// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A part of a text, in bytes.
#pragma once

#include <cstddef>
#include <vector>

namespace terrazzo::text {

struct TextSpan {
  size_t begin;
  size_t end;
  bool operator==(const TextSpan &) const = default;
};

/// Ascending, apart from each other, none empty.
using TextSpans = std::vector<TextSpan>;

} // namespace terrazzo::text
