// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Allocating, shared by what is allocated at once and in a stream's order.
#pragma once

#include "driver/DriverState.h"

namespace terrazzo::emu::driver {

/// `allocation` says kind, bytes, flags and pool. Under the lock, which is
/// released while it waits for memory that is on its way to be freed.
CUresult allocateMemory(Context &context, Lock &lock, Allocation allocation,
                        uint64_t &address);

} // namespace terrazzo::emu::driver
