// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See UnicodeClasses.h.
#include "text/UnicodeClasses.h"

#include <utf8proc.h>
#include <utility>

namespace terrazzo::text {

bool isSpace(uint32_t code) {
  if (code == 0x20 || (code >= 0x09 && code <= 0x0D) || code == 0x85)
    return true;
  utf8proc_category_t category = utf8proc_category(int32_t(code));
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

bool isWordCharacter(uint32_t code) {
  constexpr uint32_t nonJoiner = 0x200C, joiner = 0x200D;
  if (code == nonJoiner || code == joiner)
    return true;
  // Letters in circles and squares are symbols, and alphabetic.
  for (auto [from, to] : {std::pair(0x24B6u, 0x24E9u),
                          {0x1F130u, 0x1F149u},
                          {0x1F150u, 0x1F169u},
                          {0x1F170u, 0x1F189u}})
    if (code >= from && code <= to)
      return true;
  switch (utf8proc_category_t category = utf8proc_category(int32_t(code))) {
  case UTF8PROC_CATEGORY_ND:
  case UTF8PROC_CATEGORY_NL:
  case UTF8PROC_CATEGORY_PC:
    return true;
  default:
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_ME;
  }
}

} // namespace terrazzo::text
