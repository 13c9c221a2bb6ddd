// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Properties of code points as Python's str methods ask for them, and its case
// mappings.
#pragma once

#include "text/jinja/values/Text.h"

#include <cstdint>

namespace terrazzo::text::jinja {

bool isSpace(uint32_t code);
bool isPrintable(uint32_t code);
bool isAlpha(uint32_t code);
bool isDecimal(uint32_t code);
bool isDigit(uint32_t code);
bool isNumeric(uint32_t code);
bool isLower(uint32_t code);
bool isUpper(uint32_t code);
bool isTitle(uint32_t code);
inline bool isAlnum(uint32_t code) {
  return isAlpha(code) || isDecimal(code) || isDigit(code) || isNumeric(code);
}
/// Of a decimal digit in any script.
int decimalValue(uint32_t code);
bool isIdentifierStart(uint32_t code);
bool isIdentifierPart(uint32_t code);

enum class Case { Lower, Upper, Title, Fold, Swap };
/// One character may become several; a sigma at a word's end has its own form.
TextPtr mapCase(const Text &text, Case to);
TextPtr capitalize(const Text &text);
TextPtr titleCase(const Text &text);

} // namespace terrazzo::text::jinja
