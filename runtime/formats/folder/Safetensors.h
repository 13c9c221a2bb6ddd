// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One safetensors file (github.com/huggingface/safetensors): eight bytes of
// length, a JSON header, and the tensors' data, which the header covers without
// a gap or an overlap. TZ0119 where it does not.
#pragma once

#include "support/Error.h"

#include <span>
#include <string>
#include <vector>

namespace terrazzo::formats {

struct SafeTensor {
  std::string name;
  std::string type;            ///< "F32"
  std::vector<uint64_t> shape; ///< the last dimension is the innermost
  uint64_t offset = 0;         ///< from the start of the file
  uint64_t bytes = 0;
};

/// The tensors of the file, whose bytes are `content`; `path` is for errors.
Expected<std::vector<SafeTensor>>
readSafetensors(std::span<const uint8_t> content, const std::string &path);

} // namespace terrazzo::formats
