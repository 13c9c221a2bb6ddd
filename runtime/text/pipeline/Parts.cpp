// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Parts.h.
#include "text/pipeline/Parts.h"

namespace terrazzo::text {

Error unsupportedPart(const std::string &what) {
  return {ExitCode::ModelNotSupported,      "TZ0201",
          "the tokenizer is not supported", "tokenizer.json",
          what + " is not known here",      "give token ids with --ids"};
}

const Json &memberOf(const Json &object, const char *key) {
  static const Json none;
  auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : none;
}

std::string textOf(const Json &object, const char *key,
                   const std::string &otherwise) {
  const Json &member = memberOf(object, key);
  return member.is_string() ? member.get<std::string>() : otherwise;
}

bool flagOf(const Json &object, const char *key, bool otherwise) {
  const Json &member = memberOf(object, key);
  return member.is_boolean() ? member.get<bool>() : otherwise;
}

uint64_t numberOf(const Json &object, const char *key, uint64_t otherwise) {
  const Json &member = memberOf(object, key);
  return member.is_number_unsigned() ? member.get<uint64_t>() : otherwise;
}

} // namespace terrazzo::text
