// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file mapped read-only for the life of the object. The range is registered
// with the fault guard (FaultGuard.h).
#pragma once

#include "support/Error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace terrazzo::formats {

class MappedFile {
public:
  /// Maps a regular file. Errors: TZ0101 (cannot be opened, is a folder, is
  /// not a regular file, cannot be mapped).
  static Expected<std::unique_ptr<MappedFile>> open(const std::string &path);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  const uint8_t *data() const { return base; }
  size_t size() const { return bytes; }
  const std::string &path() const { return filePath; }

  /// False when part of the file was lost under FaultPolicy::Substitute.
  bool intact() const;

private:
  MappedFile() = default;

  std::string filePath;
  const uint8_t *base = nullptr;
  size_t bytes = 0;
  int slot = -1;
};

} // namespace terrazzo::formats
