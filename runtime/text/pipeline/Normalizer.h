// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The normalizers of a tokenizer.json: what becomes of a text before it is
// split.
#pragma once

#include "text/pipeline/Parts.h"

#include <functional>
#include <vector>

namespace terrazzo::text {

class Normalizer {
public:
  /// Errors: TZ0201, TZ0203.
  static Expected<Normalizer> read(const Json &part);

  /// Of valid UTF-8; `first` becomes false when its beginning was taken away.
  /// Errors: TZ0204.
  Expected<std::string> apply(std::string_view text, bool &first) const;
  bool empty() const { return steps.empty(); }

private:
  using Step = std::function<Status(std::string &text, bool &first)>;
  Status add(const Json &part);

  std::vector<Step> steps;
};

} // namespace terrazzo::text
