// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Content hashes (XXH3, 64 and 128 bits: fast, not cryptographic) of model
// files and their tensors: what packages and cached files are matched by.
#pragma once

#include "formats/ModelFile.h"

#include <string>

namespace terrazzo::formats {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const Hash128 &) const = default;
  /// 32 hexadecimal digits.
  std::string hex() const;
};

Hash128 hash128(const void *data, size_t bytes);
uint64_t hash64(const void *data, size_t bytes);

/// Of one tensor's bytes.
Hash128 hashTensor(const ModelFile &file, const ModelTensor &tensor);

/// Of the header: metadata and tensor table, without the data.
Hash128 hashHeader(const ModelFile &file);

/// Of the whole file: header and data. Reads every byte.
Hash128 hashModel(const ModelFile &file);

} // namespace terrazzo::formats
