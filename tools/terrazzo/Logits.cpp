// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Logits.h.
#include "Logits.h"

using namespace terrazzo;

Expected<Logits> allocateLogits(const decode::Session &session) {
  void *room = nullptr;
  constexpr size_t alignment = 64;
  if (::posix_memalign(&room, alignment, session.vocabulary() * sizeof(float)))
    return Error{ExitCode::OutOfMemory,
                 "TZ0003",
                 "out of memory",
                 "the probabilities of a token",
                 "",
                 "give the process more memory, or a smaller --ctx-size"};
  return Logits(static_cast<float *>(room));
}
