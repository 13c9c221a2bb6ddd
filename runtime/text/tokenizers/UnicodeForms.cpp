// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See UnicodeForms.h.
#include "text/tokenizers/UnicodeForms.h"

#include <cstdlib>
#include <utf8proc.h>

namespace terrazzo::text {

static std::string mapped(std::string_view text, utf8proc_option_t form) {
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

} // namespace terrazzo::text
