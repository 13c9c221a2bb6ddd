// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the makers of a model want its tokens drawn: the general.sampling.* keys
// that converters write from a model's generation_config.json.
#pragma once

#include "formats/ModelFile.h"
#include "text/Sampler.h"

#include <string>
#include <vector>

namespace terrazzo::text {

struct ModelSampling {
  SamplerOptions options;  ///< the defaults where the file says nothing
  int64_t repeatLast = 64; ///< negative: the whole context
  /// For a person: what was taken, and what the file asks for in vain.
  std::vector<std::string> notes;
};

/// Errors: TZ0111 for a key of another type, TZ0221 for a value out of range.
Expected<ModelSampling> readModelSampling(const formats::ModelFile &file);

} // namespace terrazzo::text
