// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions that compiled kernels call, by name. Those over lanes exist
// once for each level of the host's vector instructions; the best one that this
// machine has is used.
#pragma once

#include "Warp.h"

#include <span>
#include <string_view>
#include <vector>

namespace terrazzo::emu {

struct LaneEntry {
  std::string_view name;
  LaneFunction function;
};

/// Null when there is none.
LaneFunction findLaneFunction(std::string_view name);

struct Symbol {
  std::string_view name;
  void *address;
};
/// Of flow control, faults and the C library; Flow.cpp.
std::span<const Symbol> flowSymbols();

/// "x86-64-v4", "x86-64-v3", "baseline".
std::string_view hostLevel();

} // namespace terrazzo::emu
