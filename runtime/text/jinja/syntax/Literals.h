// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers and strings as a template writes them.
#pragma once

#include "text/jinja/values/Value.h"

namespace terrazzo::text::jinja {

struct NumberLiteral {
  size_t length = 0; ///< 0: no number begins here
  Value value;
};
/// `afterDot`: a fraction cannot begin here (as in `a.0.1`).
NumberLiteral readNumber(std::string_view source, bool afterDot, int line);

/// What the inside of a string literal stands for.
std::string unescape(std::string_view body, int line);

} // namespace terrazzo::text::jinja
