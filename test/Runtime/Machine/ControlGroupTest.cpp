// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Folders laid out as the kernel's, for both versions, containers included.
#include "machine/ControlGroup.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

using namespace terrazzo::machine;
namespace fs = std::filesystem;

namespace {

class ControlGroupTest : public testing::Test {
protected:
  ControlGroupTest() {
    root = testing::TempDir() + "groups-" +
           testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root);
  }
  ~ControlGroupTest() override { fs::remove_all(root); }
  void put(const std::string &path, const std::string &text) {
    fs::create_directories(fs::path(root + path).parent_path());
    std::ofstream(root + path) << text;
  }
  std::string root;
};

const char *version2 = "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - "
                       "cgroup2 cgroup2 rw,nsdelegate\n";
const char *version1 =
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup "
    "rw,cpu,cpuacct\n"
    "33 31 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

} // namespace

TEST_F(ControlGroupTest, NoneLimitsNothing) {
  EXPECT_TRUE(std::isinf(processorQuota(root)));
  EXPECT_EQ(groupMemory(root).available, UINT64_MAX);
}

TEST_F(ControlGroupTest, Version2AtAnyDepth) {
  put("/proc/self/mountinfo", version2);
  put("/proc/self/cgroup", "0::/user.slice/run-1.scope\n");
  put("/sys/fs/cgroup/user.slice/run-1.scope/cpu.max", "max 100000\n");
  put("/sys/fs/cgroup/user.slice/cpu.max", "150000 100000\n");
  put("/sys/fs/cgroup/user.slice/run-1.scope/memory.max", "67108864\n");
  put("/sys/fs/cgroup/user.slice/run-1.scope/memory.high", "max\n");
  put("/sys/fs/cgroup/user.slice/run-1.scope/memory.current", "20971520\n");
  put("/sys/fs/cgroup/user.slice/run-1.scope/memory.stat",
      "anon 16777216\nfile 4194304\nkernel 0\n");
  put("/sys/fs/cgroup/user.slice/memory.max", "max\n");
  put("/sys/fs/cgroup/user.slice/memory.current", "20971520\n");
  EXPECT_DOUBLE_EQ(processorQuota(root), 1.5);
  GroupMemory memory = groupMemory(root);
  EXPECT_EQ(memory.limit, 64u << 20);
  EXPECT_EQ(memory.available, 48u << 20);
}

TEST_F(ControlGroupTest, TheTightestGroupDecides) {
  put("/proc/self/mountinfo", version2);
  put("/proc/self/cgroup", "0::/a/b\n");
  put("/sys/fs/cgroup/a/b/memory.max", "1073741824\n");
  put("/sys/fs/cgroup/a/b/memory.current", "0\n");
  put("/sys/fs/cgroup/a/memory.max", "2147483648\n");
  put("/sys/fs/cgroup/a/memory.high", "1610612736\n");
  put("/sys/fs/cgroup/a/memory.current", "1073741824\n");
  EXPECT_EQ(groupMemory(root).available, 512u << 20);
  EXPECT_EQ(groupMemory(root).limit, 1024u << 20);
}

TEST_F(ControlGroupTest, Version1) {
  put("/proc/self/mountinfo", version1);
  put("/proc/self/cgroup", "9:name=systemd:/\n4:memory:/job\n"
                           "1:cpu,cpuacct:/job/part\n0::/\n");
  put("/sys/fs/cgroup/cpu,cpuacct/job/part/cpu.cfs_quota_us", "-1\n");
  put("/sys/fs/cgroup/cpu,cpuacct/job/part/cpu.cfs_period_us", "100000\n");
  put("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "200000\n");
  put("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  put("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "67108864\n");
  put("/sys/fs/cgroup/memory/job/memory.usage_in_bytes", "33554432\n");
  put("/sys/fs/cgroup/memory/job/memory.stat",
      "cache 1\ntotal_cache 16777216\ntotal_rss 16777216\n");
  put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "33554432\n");
  EXPECT_DOUBLE_EQ(processorQuota(root), 2);
  EXPECT_EQ(groupMemory(root).limit, 64u << 20);
  EXPECT_EQ(groupMemory(root).available, 48u << 20);
}

TEST_F(ControlGroupTest, AContainerSeesItsOwnGroupAsTheRoot) {
  put("/proc/self/mountinfo",
      "33 31 0:30 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n");
  put("/proc/self/cgroup", "1:cpu:/docker/abc\n");
  put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
  put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_DOUBLE_EQ(processorQuota(root), 0.5);
}

TEST_F(ControlGroupTest, BothVersionsAtOnce) {
  put("/proc/self/mountinfo",
      std::string(version1) +
          "40 31 0:40 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  put("/proc/self/cgroup", "4:memory:/job\n0::/\n");
  put("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "1048576\n");
  put("/sys/fs/cgroup/memory/job/memory.usage_in_bytes", "0\n");
  EXPECT_EQ(groupMemory(root).available, 1u << 20);
}

TEST_F(ControlGroupTest, NonsenseIsNoLimit) {
  put("/proc/self/mountinfo", std::string("\n - \nx y\n") + version2);
  put("/proc/self/cgroup", "garbage\n::\n0::/a\n");
  put("/sys/fs/cgroup/a/cpu.max", "lots\n");
  put("/sys/fs/cgroup/cpu.max", "0 0\n");
  put("/sys/fs/cgroup/a/memory.max", "\n");
  EXPECT_TRUE(std::isinf(processorQuota(root)));
  EXPECT_EQ(groupMemory(root).available, UINT64_MAX);
}
