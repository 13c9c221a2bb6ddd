// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every executor makes of a package's commands: how many workgroups a
// launch has, how many bytes a copy writes, and where the time went.
//
//   workgroups = factor x product of ceil(sizes[i] / tiles[i]),
//   a tile of 0 leaves its size out; sizes are extents of the call
//   (package/Extents.h)
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

/// The numbers of one command as functions of a call's extents.
class CommandSizes {
public:
  CommandSizes() = default;
  explicit CommandSizes(const package::Command &command);

  /// The kernel's sizes of a launch, into `own`; there are at most
  /// mostKernelSizes.
  void gather(const int64_t *extents, int64_t *own) const {
    for (uint32_t i = 0; i < count; ++i)
      own[i] = extents[sources[i]];
  }
  uint32_t sizeCount() const { return count; }
  /// From what was gathered.
  int64_t workgroups(const int64_t *own) const {
    int64_t groups = factor;
    for (uint32_t i = 0; i < count; ++i)
      if (tiles[i] > 0)
        groups *= own[i] / tiles[i] + (own[i] % tiles[i] != 0);
    return groups;
  }
  uint64_t byteCount(const int64_t *extents) const {
    return bytes + bytesPerSize * uint64_t(extents[size]);
  }

private:
  int64_t factor = 1;
  uint32_t count = 0;
  std::array<uint32_t, mostKernelSizes> sources = {};
  std::array<int64_t, mostKernelSizes> tiles = {};
  uint32_t size = 0;
  uint64_t bytes = 0;
  uint64_t bytesPerSize = 0;
};

using machine::nanosecondsNow;

} // namespace terrazzo::exec
