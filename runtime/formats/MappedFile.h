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

struct stat;

namespace terrazzo::formats {

/// Which file lies at a path, and in which state: two equal ones have the same
/// content, unless it was written twice within the clock's granularity.
struct FileIdentity {
  uint64_t device = 0, inode = 0, bytes = 0;
  int64_t modified[2] = {0, 0}, changed[2] = {0, 0}; ///< s and ns

  FileIdentity() = default;
  explicit FileIdentity(const struct stat &facts);
  /// Of the file at `path` now; none when there is none.
  static FileIdentity of(const std::string &path);
  bool operator==(const FileIdentity &) const = default;
  std::string text() const;
  /// Whether it was changed so lately that a second change may leave no trace.
  bool isYoung() const;
};

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
  /// As it was when it was mapped.
  const FileIdentity &identity() const { return origin; }

  /// False when part of the file was lost under FaultPolicy::Substitute.
  bool intact() const;

private:
  MappedFile() = default;

  std::string filePath;
  FileIdentity origin;
  const uint8_t *base = nullptr;
  size_t bytes = 0;
  int slot = -1;
};

} // namespace terrazzo::formats
