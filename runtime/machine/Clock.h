// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The clock that durations are measured with; it never goes back.
#pragma once

#include <cstdint>
#include <ctime>

namespace terrazzo::machine {

inline uint64_t nanosecondsNow() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return uint64_t(now.tv_sec) * 1'000'000'000u + uint64_t(now.tv_nsec);
}

} // namespace terrazzo::machine
