// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks of anonymous memory, and files as memory of one's own.
#pragma once

#include "formats/ModelFile.h"
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
  /// `purpose` is what the error calls it ("the KV cache"). Without `huge`,
  /// pages stay small: for memory of which little may ever be touched.
  static Expected<Block> allocate(uint64_t bytes, const char *purpose,
                                  bool huge = true);
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

/// Files' content as memory of one's own: writes are never seen by the file,
/// and turn just the page they hit into a private copy. A lost file is handled
/// by the fault guard (formats/FaultGuard.h). Move-only.
class PrivateFile {
public:
  PrivateFile() = default;
  /// Those that a model lies in, as ModelFile::data() has them. TZ0603 when one
  /// cannot be mapped or has another size now.
  static Expected<PrivateFile> open(const formats::ModelFile &model);
  PrivateFile(PrivateFile &&other) noexcept {
    *this = static_cast<PrivateFile &&>(other);
  }
  PrivateFile &operator=(PrivateFile &&other) noexcept;
  ~PrivateFile();

  uint8_t *data() const { return start; }
  /// Gives the resident pages back; they are read again when touched.
  void releasePages() const;

private:
  uint8_t *start = nullptr;
  uint64_t bytes = 0;
  int slot = -1;
};

} // namespace terrazzo::exec
