// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading the parts of a tokenizer.json. A part of a kind that is not known is
// refused by name (TZ0201).
#pragma once

#include "formats/folder/StrictJson.h"

#include <string>

namespace terrazzo::text {

using formats::flagOf;
using formats::Json;
using formats::memberOf;
using formats::numberOf;
using formats::textOf;

/// TZ0201; `what` says which part: "the normalizer 'Nmt'".
Error unsupportedPart(const std::string &what);

/// How many times as long a part may make a text, beside what any text may
/// become.
constexpr size_t mostTimes = 32;
/// As many bytes as may become of `before`.
constexpr size_t mostOf(size_t before) {
  constexpr size_t least = 1u << 20;
  return least + mostTimes * before;
}
/// TZ0204; `part` is "normalizer".
Error tooLong(const std::string &part);

/// `body(part)` for a part and, where it is a "Sequence", for those of which it
/// is one, which stand under `list`. Stops at the first fault.
template <typename Body>
Status eachPart(const Json &part, const char *list, Body body) {
  if (part.is_null())
    return {};
  if (textOf(part, "type") != "Sequence")
    return body(part);
  for (const Json &inner : memberOf(part, list))
    if (Status status = eachPart(inner, list, body); !status)
      return status;
  return {};
}

} // namespace terrazzo::text
