// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What normalizers and pre-tokenizers look for: a text, or a regular
// expression.
#pragma once

#include "text/pipeline/Parts.h"
#include "text/tokenizers/Regex.h"

#include <optional>

namespace terrazzo::text {

class Pattern {
public:
  /// Of {"String": "a"} or {"Regex": "a+"}. Errors: TZ0201, TZ0203.
  static Expected<std::shared_ptr<const Pattern>> read(const Json &object);

  /// Appends where it is found, from the left.
  Status findAll(std::string_view text, TextSpans &matches) const;

private:
  std::optional<Regex> regex;
  std::string literal;
};

} // namespace terrazzo::text
