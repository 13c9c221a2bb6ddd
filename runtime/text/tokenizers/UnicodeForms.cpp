// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See UnicodeForms.h.
#include "text/tokenizers/UnicodeForms.h"

#include "support/Utf8.h"

#include <algorithm>
#include <cstdlib>
#include <utf8proc.h>

namespace terrazzo::text {

static std::string mapped(std::string_view text, int form) {
  utf8proc_uint8_t *result = nullptr;
  utf8proc_ssize_t length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t *>(text.data()),
                   utf8proc_ssize_t(text.size()), &result,
                   utf8proc_option_t(UTF8PROC_STABLE | form));
  if (length < 0)
    return std::string(text);
  std::string copy(reinterpret_cast<const char *>(result), size_t(length));
  std::free(result);
  return copy;
}

std::string composed(std::string_view text) {
  return mapped(text, UTF8PROC_COMPOSE);
}

std::string decomposed(std::string_view text) {
  return mapped(text, UTF8PROC_DECOMPOSE);
}

std::string composedCompatible(std::string_view text) {
  return mapped(text, UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
}

std::string decomposedCompatible(std::string_view text) {
  return mapped(text, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
}

size_t graphemeLength(std::string_view text) {
  utf8proc_int32_t state = 0;
  Utf8Char c = decodeUtf8(text);
  size_t length = std::max(c.length, 1u);
  while (length < text.size()) {
    Utf8Char next = decodeUtf8(text.substr(length));
    if (utf8proc_grapheme_break_stateful(int32_t(c.code), int32_t(next.code),
                                         &state))
      break;
    length += std::max(next.length, 1u);
    c = next;
  }
  return length;
}

} // namespace terrazzo::text
