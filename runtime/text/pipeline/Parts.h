// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading the parts of a tokenizer.json. A part of a kind that is not known is
// refused by name (TZ0201).
#pragma once

#include "formats/folder/StrictJson.h"

#include <string>

namespace terrazzo::text {

using formats::Json;

/// TZ0201; `what` says which part: "the normalizer 'Nmt'".
Error unsupportedPart(const std::string &what);

/// Members of an object, and what holds where there is none of that kind.
std::string textOf(const Json &object, const char *key,
                   const std::string &otherwise = "");
bool flagOf(const Json &object, const char *key, bool otherwise);
uint64_t numberOf(const Json &object, const char *key, uint64_t otherwise);
/// Null where it is absent.
const Json &memberOf(const Json &object, const char *key);

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
