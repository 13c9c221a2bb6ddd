// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See RunOptions.h.
#include "RunOptions.h"

using namespace terrazzo;

Expected<std::vector<int32_t>> chatTokens(const std::vector<Message> &messages,
                                          bool demanded,
                                          const formats::GgufFile &model,
                                          const text::Tokenizer &tokenizer) {
  if (demanded)
    return Error{ExitCode::ModelNotSupported,
                 "TZ0036",
                 "the model has no chat template",
                 model.path(),
                 "",
                 "leave out --chat"};
  return tokenizer.encode(messages.back().content, {tokenizer.addsBos(), true});
}
