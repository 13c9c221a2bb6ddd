// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Logits that are not finite are no answer. Steps look at theirs; when some are
// not, this finds out where it began, as well as the memory left by the step
// tells: in the weights, in what was appended to a cache, in a layer, or behind
// the last one.
#pragma once

#include "decode/Decoder.h"

namespace terrazzo::decode {

/// The error TZ0805 (exit code 5) that names the operation where numbers ceased
/// to be finite. `rows`: of the last chunk.
Error explainNonFinite(const exec::LoadedModel &model, Decoder &decoder,
                       bool onDevice, uint32_t rows);

} // namespace terrazzo::decode
