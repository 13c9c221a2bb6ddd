// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/Limits.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace terrazzo;
using namespace terrazzo::machine;

namespace {

/// Runs `body` in a child, whose limits are its own; its answer.
template <typename Body> int inChild(Body body) {
  pid_t child = ::fork();
  if (child == 0)
    ::_exit(body());
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace

TEST(Limits, AffinityBoundsTheCores) {
  int cores = inChild([] {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(usableProcessors().front(), &set);
    ::sched_setaffinity(0, sizeof(set), &set);
    return int(usableCores());
  });
  EXPECT_EQ(cores, 1);
}

TEST(Limits, NeverMoreWorkersThanCoresUnlessForced) {
  unsigned cores = usableCores();
  EXPECT_EQ(workersFor({}), cores);
  EXPECT_EQ(workersFor({1}), 1u);
  EXPECT_EQ(workersFor({cores + 40}), cores);
  EXPECT_EQ(workersFor({cores + 40, true}), cores + 40);
}

TEST(Limits, AddressSpaceBoundsMemory) {
  int fits = inChild([] {
    rlimit limit;
    ::getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = uint64_t(300) << 20;
    ::setrlimit(RLIMIT_AS, &limit);
    MemoryBound bound = memoryBound();
    return int(bound.available < (uint64_t(300) << 20) &&
               bound.reason == "ulimit -v allows 300 MiB");
  });
  EXPECT_EQ(fits, 1);
}

TEST(Limits, FileSize) {
  int fits = inChild([] {
    rlimit limit{uint64_t(5) << 20, uint64_t(5) << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    return int(largestFile() == uint64_t(5) << 20);
  });
  EXPECT_EQ(fits, 1);
}

TEST(Limits, TemporaryFolder) {
  int good = inChild([] {
    ::setenv("TMPDIR", "/nonexistent", 1);
    auto missing = temporaryFolder();
    if (missing || missing.error().code != "TZ0437" ||
        missing.error().exit != ExitCode::Failure ||
        missing.error().where != "/nonexistent")
      return 1;
    ::setenv("TMPDIR", "/proc/self/exe", 1);
    auto file = temporaryFolder();
    if (file || file.error().why != "Not a directory")
      return 2;
    ::setenv("TMPDIR", "", 1);
    auto standard = temporaryFolder();
    return standard && *standard == "/tmp" ? 0 : 3;
  });
  EXPECT_EQ(good, 0);
}

TEST(Limits, NearestPartOfAPathDecides) {
  EXPECT_TRUE(isWritable(testing::TempDir() + "not/yet/there"));
  EXPECT_FALSE(isWritable("/proc/1/not/there"));
}
