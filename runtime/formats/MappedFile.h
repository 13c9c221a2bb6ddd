// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file mapped read-only for the life of the object. The range is registered
// with the fault guard (FaultGuard.h).
#pragma once

#include "support/Error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct stat;

namespace terrazzo::formats {

/// Which file lies at a path, and in which state: two equal ones have the same
/// content, unless it was written twice within the clock's granularity.
struct FileIdentity {
  uint64_t device = 0, inode = 0, bytes = 0;
  int64_t modified[2] = {0, 0}, changed[2] = {0, 0}; ///< s and ns

  FileIdentity() = default;
  explicit FileIdentity(const struct stat &facts);
  /// Of the file at `path` now, or of all of a model's files in the folder
  /// there; none when there is none.
  static FileIdentity of(const std::string &path);
  bool operator==(const FileIdentity &) const = default;
  std::string text() const;
  /// Whether it was changed so lately that a second change may leave no trace.
  bool isYoung() const;
};

/// One of the files that a mapping is made of, and where in it it lies.
struct FilePart {
  std::string path;
  uint64_t offset = 0, bytes = 0;
  /// Of bytes that lie in no folder: a file without a name, open for as long as
  /// the mapping lives.
  int memory = -1;
};

class MappedFile {
public:
  /// Maps a regular file. Errors: TZ0101 (cannot be opened, is a folder, is
  /// not a regular file, cannot be mapped).
  static Expected<std::unique_ptr<MappedFile>> open(const std::string &path);
  /// Maps files of a folder one behind another, each from the beginning of a
  /// page, and behind them these bytes, from `begin` on; a page of zeros follows. The path and
  /// the identity are the folder's.
  static Expected<std::unique_ptr<MappedFile>>
  openAll(const std::string &folder, const std::vector<std::string> &names,
          std::span<const uint8_t> behind = {}, uint64_t begin = 0);
  /// The same for `path`, which is the first of `names` in its folder, and
  /// others that belong to it. The path is the first one's.
  static Expected<std::unique_ptr<MappedFile>>
  openBeside(const std::string &path, const std::string &folder,
             const std::vector<std::string> &names);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  const uint8_t *data() const { return base; }
  size_t size() const { return bytes; }
  const std::string &path() const { return filePath; }
  /// One, or those of openAll.
  const std::vector<FilePart> &parts() const { return files; }
  /// As it was when it was mapped.
  const FileIdentity &identity() const { return origin; }
  /// Whether the same file, in the same state, still lies at the path.
  bool isUnchanged() const { return identityNow() == origin; }

  /// False when part of the file was lost under FaultPolicy::Substitute.
  bool intact() const;

private:
  MappedFile() = default;
  Status mapAll(const std::string &folder,
                const std::vector<std::string> &names,
                std::span<const uint8_t> behind = {}, uint64_t begin = 0);
  FileIdentity identityNow() const;

  std::string filePath;
  bool beside = false; ///< several files that are no folder
  std::vector<FilePart> files;
  FileIdentity origin;
  const uint8_t *base = nullptr;
  size_t bytes = 0;
  size_t mappedBytes = 0;
  int slot = -1;
};

} // namespace terrazzo::formats
