// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The cache: packages, compiled kernels, packed weights and memoised hashes of
// models, each in a folder of its own. Everything in it can be made again;
// deleting it is always safe.
#pragma once

#include "support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace terrazzo::exec {

/// $TERRAZZO_CACHE_DIR, else $XDG_CACHE_HOME/terrazzo, else ~/.cache/terrazzo;
/// empty when none of them is set.
std::string cacheFolder();

/// Below it, the folder of compiled kernels, which the compiler fills.
inline constexpr const char *objectFolder = "objects";

struct CacheEntry {
  std::string kind; ///< "package", "weights", "model" or "kernel"
  std::string path;
  uint64_t bytes = 0;
};

/// What is in the cache, sorted by path.
std::vector<CacheEntry> listCache(const std::string &folder);

/// Removes every entry, and the folders that are empty then; answers the bytes
/// that became free. Files that are not the cache's stay.
Expected<uint64_t> clearCache(const std::string &folder);

} // namespace terrazzo::exec
