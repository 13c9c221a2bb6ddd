// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The control groups (cgroup) that this process is in, version 1 or 2: what
// limits containers and services. A limit of any group above counts as well, so
// each question is asked of the whole chain, as far up as it is visible here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace terrazzo::machine {

/// One group of the chain, as a folder of the kernel's.
struct ControlGroup {
  std::string folder;
  bool unified; ///< version 2
};

/// The chain of a controller ("memory", "cpu"), innermost group first; empty
/// when there is none. `root` stands before every path, for tests.
std::vector<ControlGroup> controlGroups(const std::string &controller,
                                        const std::string &root = "");

/// Processors' worth of time that the chain grants: quota / period, the
/// smallest of all; infinity without a quota.
double processorQuota(const std::string &root = "");

/// Memory that the chain bounds.
struct GroupMemory {
  uint64_t limit = UINT64_MAX;     ///< of the tightest group
  uint64_t available = UINT64_MAX; ///< before some group is full; its file
                                   ///< cache, which is given up, not counted
};
GroupMemory groupMemory(const std::string &root = "");

} // namespace terrazzo::machine
