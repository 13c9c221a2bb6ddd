// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What bounds this process: read here and nowhere else, so that every message,
// every default and `terrazzo doctor` say the same. A machine is rarely a
// process's own: containers have quotas and memory of their own, services have
// limits (ulimit), folders are full, or mounted so that no program runs there.
#pragma once

#include "support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace terrazzo::machine {

/// The processors that this process may run on (its affinity), in order.
std::vector<int> usableProcessors();

/// As many threads can run at once: the affinity, and the whole processors in
/// the quota of its control groups; at least 1.
unsigned usableCores();

/// Threads that a user asked for.
struct ThreadWish {
  uint32_t count = 0; ///< 0: usableCores()
  bool force = false; ///< more than usableCores(), too
};
unsigned workersFor(const ThreadWish &wish);

/// Memory that this process may still take, and what bounds it.
struct MemoryBound {
  uint64_t available = UINT64_MAX; ///< bytes
  std::string reason; ///< "the machine", "its control group allows 64 MiB", ...
};
MemoryBound memoryBound();
/// Bytes of the machine, used or not; UINT64_MAX where nobody says.
uint64_t physicalMemory();

/// TZ0601, exit 6: a file cannot be mapped, for want of memory or of address
/// space.
Error noRoomToMap(const std::string &path, uint64_t bytes);

/// The largest file that this process may write (ulimit -f).
uint64_t largestFile();

/// True when the file system that holds `path`, or the nearest part of it that
/// exists, runs no programs.
bool isNoexec(const std::string &path);

/// True when files can be made in the nearest part of `path` that exists.
bool isWritable(const std::string &path);

/// Room for files where `path` lies; 0 when it cannot be asked.
uint64_t freeBytes(const std::string &path);

/// $TMPDIR, else /tmp, if files can be made there; else temporaryError.
Expected<std::string> temporaryFolder();

/// TZ0437, exit 1, with `number` of errno as the reason: no temporary file can
/// be written in `folder`.
Error temporaryError(const std::string &folder, int number);

} // namespace terrazzo::machine
