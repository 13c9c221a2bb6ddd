// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lane functions that exist once, for every host (Common*.cpp).
#pragma once

#define TERRAZZO_EMU_LEVEL common
#include "lanes/Lane.h"

#include <type_traits>

namespace terrazzo::emu {
extern const LaneTable commonIntegerTable[], commonWarpTable[],
    commonAtomicTable[], commonCopyTable[], commonDirectedTable[],
    commonConvertTable[], commonCallTable[], commonAddressTable[];
} // namespace terrazzo::emu
