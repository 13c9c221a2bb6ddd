// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small files in which the kernel tells something.
#pragma once

#include <string>

namespace terrazzo::machine {

/// The whole of it, up to 256 KiB; empty when there is none.
std::string readSmallFile(const std::string &path);

} // namespace terrazzo::machine
