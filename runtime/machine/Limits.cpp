// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/Limits.h"
#include "machine/ControlGroup.h"
#include "machine/SmallFile.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace terrazzo::machine {

namespace {

/// The soft limit of this process; UINT64_MAX without one.
uint64_t resourceLimit(int resource) {
  rlimit limit;
  if (::getrlimit(__rlimit_resource_t(resource), &limit) != 0 ||
      limit.rlim_cur == RLIM_INFINITY)
    return UINT64_MAX;
  return limit.rlim_cur;
}

/// Bytes of address space (index 0) or of data (index 5) in use.
uint64_t ownPages(int index) {
  std::string text = readSmallFile("/proc/self/statm");
  const char *at = text.c_str();
  char *end = nullptr;
  uint64_t value = 0;
  for (int i = 0; i <= index; ++i, at = end)
    value = ::strtoull(at, &end, 10);
  return value * uint64_t(::sysconf(_SC_PAGESIZE));
}

void bound(MemoryBound &memory, uint64_t available, const std::string &reason) {
  if (available < memory.available)
    memory = {available, reason};
}

/// The nearest part of a path that exists.
std::string existingPart(std::string path) {
  while (path.size() > 1 && ::access(path.c_str(), F_OK) != 0) {
    size_t slash = path.rfind('/');
    if (slash == std::string::npos)
      return ".";
    path.erase(std::max<size_t>(slash, 1));
  }
  return path;
}

std::string mebibytes(uint64_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

} // namespace

std::vector<int> usableProcessors() {
  std::vector<int> processors;
  // A set of fixed size is refused on machines with more processors than that.
  for (int most = CPU_SETSIZE; most <= (1 << 20); most *= 2) {
    cpu_set_t *set = CPU_ALLOC(most);
    if (!set)
      break;
    size_t bytes = CPU_ALLOC_SIZE(most);
    CPU_ZERO_S(bytes, set);
    int failed = ::sched_getaffinity(0, bytes, set);
    for (int i = 0; failed == 0 && i < most; ++i)
      if (CPU_ISSET_S(i, bytes, set))
        processors.push_back(i);
    CPU_FREE(set);
    if (failed == 0 || errno != EINVAL)
      break;
  }
  if (processors.empty())
    processors.push_back(0);
  return processors;
}

unsigned usableCores() {
  double cores = double(usableProcessors().size());
  return unsigned(std::max(1.0, std::min(cores, processorQuota())));
}

unsigned workersFor(const ThreadWish &wish) {
  unsigned most = usableCores();
  if (wish.count == 0)
    return most;
  return wish.force ? wish.count : std::min(wish.count, most);
}

MemoryBound memoryBound() {
  MemoryBound memory{UINT64_MAX, "the machine"};
  std::string meminfo = readSmallFile("/proc/meminfo");
  constexpr const char *key = "MemAvailable:";
  if (size_t at = meminfo.find(key); at != std::string::npos)
    bound(memory,
          ::strtoull(meminfo.c_str() + at + strlen(key), nullptr, 10) << 10,
          "the machine");
  GroupMemory group = groupMemory();
  bound(memory, group.available,
        "its control group allows " + mebibytes(group.limit));
  uint64_t space = resourceLimit(RLIMIT_AS), used = ownPages(0);
  if (space != UINT64_MAX)
    bound(memory, space > used ? space - used : 0,
          "ulimit -v allows " + mebibytes(space));
  uint64_t data = resourceLimit(RLIMIT_DATA), own = ownPages(5);
  if (data != UINT64_MAX)
    bound(memory, data > own ? data - own : 0,
          "ulimit -d allows " + mebibytes(data));
  return memory;
}

uint64_t physicalMemory() {
  long pages = ::sysconf(_SC_PHYS_PAGES), size = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? uint64_t(pages) * uint64_t(size) : UINT64_MAX;
}

Error noRoomToMap(const std::string &path, uint64_t bytes) {
  MemoryBound bound = memoryBound();
  Error error;
  error.code = "TZ0601";
  error.exit = ExitCode::OutOfMemory;
  error.what = "no memory to map a file";
  error.where = path;
  error.why = mebibytes(bytes) + " are needed, " + mebibytes(bound.available) +
              " are available: " + bound.reason;
  error.help = "raise that limit, or use a smaller model";
  return error;
}

uint64_t largestFile() { return resourceLimit(RLIMIT_FSIZE); }

bool isNoexec(const std::string &path) {
  struct statvfs facts;
  return ::statvfs(existingPart(path).c_str(), &facts) == 0 &&
         (facts.f_flag & ST_NOEXEC) != 0;
}

bool isWritable(const std::string &path) {
  // Rights alone say little: root has them where nothing can be made.
  std::string file = existingPart(path) + "/terrazzo-XXXXXX";
  int made = ::mkostemp(file.data(), O_CLOEXEC);
  if (made < 0)
    return false;
  ::close(made);
  ::unlink(file.c_str());
  return true;
}

uint64_t freeBytes(const std::string &path) {
  struct statvfs facts;
  if (::statvfs(path.c_str(), &facts) != 0)
    return 0;
  return uint64_t(facts.f_bavail) * facts.f_frsize;
}

Expected<std::string> temporaryFolder() {
  const char *given = ::getenv("TMPDIR");
  std::string folder = given && *given ? given : "/tmp";
  struct stat facts;
  int number = 0;
  if (::stat(folder.c_str(), &facts) != 0)
    number = errno;
  else if (!S_ISDIR(facts.st_mode))
    number = ENOTDIR;
  else if (::access(folder.c_str(), W_OK | X_OK) != 0)
    number = errno;
  if (number == 0)
    return folder;
  return temporaryError(folder, number);
}

Error temporaryError(const std::string &folder, int number) {
  Error error;
  error.code = "TZ0437";
  error.what = "no temporary file can be written";
  error.where = folder;
  error.why = strerror(number);
  error.help = "set TMPDIR to a folder with room";
  return error;
}

} // namespace terrazzo::machine
