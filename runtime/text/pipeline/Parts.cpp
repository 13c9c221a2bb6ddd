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

Error tooLong(const std::string &part) {
  return {ExitCode::Usage,
          "TZ0204",
          "the text is too long",
          "",
          "the tokenizer's " + part + " makes more than " +
              std::to_string(mostTimes) + " times as much of it",
          "split the text into smaller parts"};
}

} // namespace terrazzo::text
