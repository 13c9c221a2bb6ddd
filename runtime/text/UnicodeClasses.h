// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Classes of code points as Unicode's regular expressions name them (UTS #18):
// what tokenizers ask about the characters around a token.
#pragma once

#include <cstdint>

namespace terrazzo::text {

/// `\s`: White_Space.
bool isSpace(uint32_t code);
/// `\w`: letters, marks, decimal digits, connecting punctuation, joiners.
bool isWordCharacter(uint32_t code);

} // namespace terrazzo::text
