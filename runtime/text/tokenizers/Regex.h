// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A regular expression over valid UTF-8, by PCRE2. What backtracks for too long
// gives up (TZ0204).
#pragma once

#include "support/Error.h"
#include "text/TextSpan.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct pcre2_real_code_8;

namespace terrazzo::text {

class Regex {
public:
  /// Of a pattern in PCRE2's syntax; the error is a message alone.
  static Expected<Regex> compile(const std::string &pattern);
  /// Of a pattern in the syntax that tokenizer.json has, Oniguruma's (its
  /// default is Ruby's); what means something else in PCRE2 is said with that.
  static Expected<Regex> compileOniguruma(const std::string &pattern);

  /// Appends the matches in `text`, from the left; they do not overlap, and may
  /// be empty.
  Status findAll(std::string_view text, TextSpans &matches) const;

private:
  struct Free {
    void operator()(pcre2_real_code_8 *code) const;
  };
  std::unique_ptr<pcre2_real_code_8, Free> code;
};

} // namespace terrazzo::text
