// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A package's code, checked before anything in it is used: its structure is
// hostile until then.
#pragma once

#include "TzNvidia/CodeBlob.h"

#include <string>
#include <string_view>
#include <vector>

namespace terrazzo::nvidia {

struct CheckedKernel {
  std::string_view name, ptx; ///< NUL-terminated both
  std::string_view cubin;     ///< empty: none
  uint32_t threads = 0, bindingCount = 0;
};

struct CheckedCode {
  std::string architecture; ///< "sm_80"
  std::vector<CheckedKernel> kernels;
};

/// False with a sentence in `why`. The views point into `bytes`.
bool checkCode(std::string_view bytes, CheckedCode &code, std::string &why);

/// The kernel whose record begins at `entry`; -1: none does.
int kernelAt(const CheckedCode &code, uint64_t entry);

} // namespace terrazzo::nvidia
