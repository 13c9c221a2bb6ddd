// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Token ids in files: whitespace-separated integers.
#pragma once

#include "support/Error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// The ids in a file ("-": stdin). Errors: TZ0011, TZ0014.
terrazzo::Expected<std::vector<int32_t>> readIds(const std::string &path);

/// A file of ids that lives as long as this object.
struct TemporaryIds {
  /// `ids` are not empty. Errors: TZ0437.
  static terrazzo::Expected<std::unique_ptr<TemporaryIds>>
  write(const std::vector<int32_t> &ids);
  ~TemporaryIds();
  TemporaryIds(const TemporaryIds &) = delete;
  std::string path;

private:
  explicit TemporaryIds(std::string path) : path(std::move(path)) {}
};
