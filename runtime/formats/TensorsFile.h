// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A single .safetensors file as a model of which nothing but its tensors is
// known, under the names that they have there: the weights of a module of tz.
#pragma once

#include "formats/ModelFile.h"

namespace terrazzo::formats {

/// Tensors of elements that no kernel reads are left out. TZ0101, TZ0119.
Expected<std::unique_ptr<ModelFile>> openTensorsFile(const std::string &path);

} // namespace terrazzo::formats
