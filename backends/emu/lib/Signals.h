// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The last net under the checks of accesses: a host fault inside the device's
// memory (freed while a kernel runs) or below a fiber's stack (endless
// recursion) ends the launch. Every other fault goes to who had it before.
#pragma once

namespace terrazzo::emu {

/// For the calling thread; the handlers themselves are installed once.
void installSignalStack();

} // namespace terrazzo::emu
