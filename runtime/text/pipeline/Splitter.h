// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pre-tokenizers of a tokenizer.json: a text cut into the pieces within
// which tokens lie.
#pragma once

#include "text/TextSpan.h"
#include "text/pipeline/Parts.h"

#include <functional>
#include <vector>

namespace terrazzo::text {

struct Piece {
  std::string text;
  bool first = false; ///< it begins where the whole text does
};

class Splitter {
public:
  /// Errors: TZ0201, TZ0203.
  static Expected<Splitter> read(const Json &part);

  /// Cuts all pieces; none of the result is empty. Errors: TZ0204.
  Status apply(std::vector<Piece> &pieces) const;

private:
  using Step = std::function<Status(std::vector<Piece> &pieces)>;
  Status add(const Json &part);
  Status addSplit(const Json &part);

  std::vector<Step> steps;
};

} // namespace terrazzo::text
