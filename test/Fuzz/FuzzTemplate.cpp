// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as a chat template: parsed and rendered.
#include "text/ChatTemplate.h"

#include <cstddef>
#include <cstdint>

using namespace terrazzo;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view source(reinterpret_cast<const char *>(data), size);
  auto chat = text::ChatTemplate::parse(source, "input");
  if (!chat)
    return 0;
  auto prompt = chat->renderJson(R"([{"role": "user", "content": "a b"},
                           {"role": "assistant", "content": ["x", 1, null]}])",
                                 {});
  (void)static_cast<bool>(prompt);
  return 0;
}
