// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Hash.h.
#include "formats/Hash.h"

#include <cstdio>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace terrazzo::formats {

std::string Hash128::hex() const {
  char text[33];
  std::snprintf(text, sizeof(text), "%016llx%016llx",
                static_cast<unsigned long long>(high),
                static_cast<unsigned long long>(low));
  return text;
}

Hash128 hash128(const void *data, size_t bytes) {
  XXH128_hash_t hash = XXH3_128bits(data, bytes);
  return {hash.low64, hash.high64};
}

uint64_t hash64(const void *data, size_t bytes) {
  return XXH3_64bits(data, bytes);
}

Hash128 hashTensor(const ModelFile &file, const ModelTensor &tensor) {
  return hash128(file.tensorData(tensor), tensor.bytes);
}

Hash128 hashHeader(const ModelFile &file) {
  return hash128(file.header().data(), file.header().size());
}

Hash128 hashModel(const ModelFile &file) {
  return hash128(file.data(), file.fileBytes());
}

} // namespace terrazzo::formats
