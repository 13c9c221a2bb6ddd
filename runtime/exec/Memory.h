// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks of anonymous memory, and a model's file as memory.
#pragma once

#include "support/Error.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace terrazzo::exec {

/// Anonymous memory, zero until it is written, taken from the system page by
/// page as it is touched. 2 MiB-aligned and asked to be of huge pages from one
/// huge page on. Move-only.
class Block {
public:
  Block() = default;
  /// `purpose` is what the error calls it ("the KV cache").
  static Expected<Block> allocate(uint64_t bytes, const char *purpose);
  Block(Block &&other) noexcept { *this = static_cast<Block &&>(other); }
  Block &operator=(Block &&other) noexcept;
  ~Block();

  uint8_t *data() const { return start; }
  uint64_t size() const { return bytes; }

private:
  uint8_t *start = nullptr;
  uint64_t bytes = 0;
  void *mapping = nullptr;
  uint64_t mappingBytes = 0;
};

/// A file mapped for reading. The mapping stays when the file is renamed or
/// unlinked; when it shrinks, touching what is gone raises SIGBUS, which the
/// tools report (see SignalGuard.h).
class MappedFile {
public:
  MappedFile() = default;
  static Expected<MappedFile> open(const std::string &path);
  MappedFile(MappedFile &&other) noexcept {
    *this = static_cast<MappedFile &&>(other);
  }
  MappedFile &operator=(MappedFile &&other) noexcept;
  ~MappedFile();

  const uint8_t *data() const { return start; }
  uint64_t size() const { return bytes; }
  /// Gives the resident pages back; they are read again when touched.
  void releasePages() const;
  /// Whether the file still holds all that was mapped.
  bool isWhole() const;

private:
  const uint8_t *start = nullptr;
  uint64_t bytes = 0;
  int file = -1;
};

/// Bytes that this process may still take, by the machine and by its control
/// group; a large number when neither says.
uint64_t availableMemory();

} // namespace terrazzo::exec
