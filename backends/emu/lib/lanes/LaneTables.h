// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All lane functions of the level that this host has.
#pragma once

#include "compile/Helpers.h"

#include <functional>

namespace terrazzo::emu {
void eachLaneFunction(const std::function<void(const LaneEntry &)> &visit);
} // namespace terrazzo::emu
