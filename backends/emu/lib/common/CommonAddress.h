// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One lane's address of a space to the host's, checked.
#pragma once

#include "common/CommonTables.h"

namespace terrazzo::emu {

/// Spaces as flags give them.
enum : uint64_t { spaceHost = 0, spaceShared = 1, spaceLocal = 2 };

/// Raises a fault of the launch when it is outside or misaligned.
uint64_t hostAddress(Warp *warp, uint64_t space, unsigned lane,
                     uint64_t address, uint64_t bytes, uint64_t alignment);

} // namespace terrazzo::emu
