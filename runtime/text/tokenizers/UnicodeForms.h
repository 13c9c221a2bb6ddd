// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Unicode's normal forms (UAX #15) of valid UTF-8; text that utf8proc cannot
// map comes back as it is.
#pragma once

#include <string>
#include <string_view>

namespace terrazzo::text {

/// NFC: marks are one character with their letters where there is one.
std::string composed(std::string_view text);
/// NFD: marks stand behind their letters.
std::string decomposed(std::string_view text);
/// NFKC and NFKD: the same, and characters of compatibility are what they are
/// compatible with.
std::string composedCompatible(std::string_view text);
std::string decomposedCompatible(std::string_view text);
/// How many bytes the first extended grapheme cluster (UAX #29) has.
size_t graphemeLength(std::string_view text);

} // namespace terrazzo::text
