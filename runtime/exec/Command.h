// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every executor makes of a package's commands: how many workgroups a
// launch has, how many bytes a fill or copy writes, and where the time went.
//
//   workgroups = factor x product of ceil(sizes[i] / tiles[i]),
//   a tile of 0 leaves its size out; sizes = [size of the function, cache rows]
#pragma once

#include "machine/Clock.h"
#include "package/Package.h"

#include <array>
#include <cstdint>

namespace terrazzo::exec {

/// Where the time of one command went; for `explain`.
struct CommandTime {
  uint64_t nanoseconds = 0;
  uint64_t runs = 0;
};

/// The sizes of one command as functions of a call's.
struct CommandSizes {
  CommandSizes() = default;
  explicit CommandSizes(const package::Command &command)
      : factor(int64_t(command.factor())), bytes(command.bytes()),
        bytesPerSize(command.bytes_per_size()) {
    if (const auto *given = command.tiles())
      for (uint32_t i = 0; i < given->size() && i < tiles.size(); ++i)
        tiles[i] = int64_t(given->Get(i));
  }

  int64_t workgroups(const int64_t *sizes) const {
    int64_t groups = factor;
    for (size_t i = 0; i < tiles.size(); ++i)
      if (tiles[i] > 0)
        groups *= sizes[i] / tiles[i] + (sizes[i] % tiles[i] != 0);
    return groups;
  }
  uint64_t byteCount(const int64_t *sizes) const {
    return bytes + bytesPerSize * uint64_t(sizes[0]);
  }

private:
  int64_t factor = 1;
  std::array<int64_t, 2> tiles = {0, 0};
  uint64_t bytes = 0;
  uint64_t bytesPerSize = 0;
};

using machine::nanosecondsNow;

} // namespace terrazzo::exec
