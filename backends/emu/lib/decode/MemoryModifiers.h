// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What instructions that access memory have in common.
#pragma once

#include "compile/Emitter.h"

namespace terrazzo::emu {

struct MemoryModifiers {
  Space space = Space::Generic;
  bool hasSpace = false;
  bool ordered = false; ///< volatile, relaxed, acquire, release, mmio
  bool nonCoherent = false;
  bool cacheHint = false; ///< one more operand
  unsigned vector = 1;
};

/// Takes everything up to the type or operation, each kind once.
MemoryModifiers takeMemoryModifiers(Decoder &d);

/// Names of the spaces in lane functions: an address of Global, Constant or a
/// generic one is the host's.
std::string spaceName(Space space);

/// `space` as lane functions of atomics take it: 0 host, 1 shared, 2 local.
uint64_t spaceFlag(Space space);

} // namespace terrazzo::emu
