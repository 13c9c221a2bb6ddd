// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A device for tests: a plugin over malloc'ed memory whose addresses are
// flipped, so that whoever uses one as a pointer crashes, and whose work is
// put off until its results are asked for, so that whoever reuses memory too
// early gets wrong results. It runs the toy model's kernels.
//
// What stands behind "toy:" makes it misbehave:
//   absent     there is none
//   small=N    it has N bytes of memory, and says so
//   full=N     the N-th block is refused
//   fail=N     the N-th launch is refused
//   late=N     the N-th launch fails when it is done
//   unrecorded recordings fail at their end
#pragma once

#include <cstdint>

namespace terrazzo::test {

/// What the plugin counts; its symbol is `toy_device_counts`.
struct ToyCounts {
  int64_t devices, blocks, codes, hostRooms, recordings; ///< that live
  int64_t launches, replays;                             ///< so far
  int64_t illegal; ///< uses of addresses outside of any block
};

} // namespace terrazzo::test
