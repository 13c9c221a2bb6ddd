// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/Command.h"
#include "package/Count.h"

namespace terrazzo::exec {

CommandSizes::CommandSizes(const package::Command &command)
    : factor(int64_t(command.factor())), count(package::count(command.sizes())),
      size(command.size()), bytes(command.bytes()),
      bytesPerSize(command.bytes_per_size()) {
  for (uint32_t i = 0; i < count; ++i)
    sources[i] = command.sizes()->Get(i);
  for (uint32_t i = 0; i < package::count(command.tiles()); ++i)
    tiles[i] = int64_t(command.tiles()->Get(i));
}

} // namespace terrazzo::exec
