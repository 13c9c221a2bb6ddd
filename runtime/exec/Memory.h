// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks of anonymous memory, and how much of it there is.
#pragma once

#include "support/Error.h"

#include <cstddef>
#include <cstdint>

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

/// Bytes that this process may still take, by the machine and by its control
/// group; a large number when neither says.
uint64_t availableMemory();

} // namespace terrazzo::exec
