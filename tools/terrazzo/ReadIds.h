// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Token ids in files: whitespace-separated integers.
#pragma once

#include "support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

/// The ids in a file ("-": stdin). Errors: TZ0011, TZ0014.
terrazzo::Expected<std::vector<int32_t>> readIds(const std::string &path);

/// A file of ids that lives as long as this object.
struct TemporaryIds {
  TemporaryIds() = default;
  ~TemporaryIds();
  TemporaryIds(const TemporaryIds &) = delete;
  /// Writes it. Errors: TZ0437.
  terrazzo::Status create(const std::vector<int32_t> &ids);
  std::string path;
};
