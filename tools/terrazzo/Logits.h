// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Room for the logits of one token, aligned as kernels want it, so that they
// write it in place.
#pragma once

#include "decode/Session.h"

#include <cstdlib>
#include <memory>

struct FreeFloats {
  void operator()(float *floats) const { std::free(floats); }
};
using Logits = std::unique_ptr<float[], FreeFloats>;

/// `session.vocabulary()` of them. Errors: TZ0003.
terrazzo::Expected<Logits>
allocateLogits(const terrazzo::decode::Session &session);
