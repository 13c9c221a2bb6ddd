// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Strict UTF-8 (Unicode 15, table 3-7): no overlong forms, no surrogates,
// nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace terrazzo {

/// One decoded code point. `length` is 0 where the bytes are no valid
/// sequence.
struct Utf8Char {
  uint32_t code = 0;
  uint32_t length = 0;
};

/// Decodes the code point at the start of `text`.
Utf8Char decodeUtf8(std::string_view text);

/// Appends the encoding of a code point.
void appendUtf8(std::string &text, uint32_t code);

bool isUtf8(std::string_view text);

/// A copy in which every byte that is not part of a valid sequence became
/// U+FFFD.
std::string repairUtf8(std::string_view text);

/// Length of the longest prefix that does not end inside a sequence that
/// further bytes could complete. Invalid bytes count as complete.
size_t completeUtf8Prefix(std::string_view text);

} // namespace terrazzo
