// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled kernels on disk: found again, and ignored when they are damaged.
#include "Harness.h"
#include "compile/Compiler.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace terrazzo::emu::test {

namespace {
namespace fs = std::filesystem;

class Cache : public testing::Test {
protected:
  void SetUp() override {
    char name[] = "/tmp/terrazzo-emu-cache-XXXXXX";
    folder = mkdtemp(name);
    setenv("TERRAZZO_CACHE_DIR", folder.c_str(), 1);
    setenv("TERRAZZO_EMU_CACHE", "1", 1);
  }
  void TearDown() override {
    setenv("TERRAZZO_EMU_CACHE", "0", 1);
    unsetenv("TERRAZZO_CACHE_DIR");
    fs::remove_all(folder);
  }
  /// Kernels compiled, and taken from disk.
  std::pair<uint64_t, uint64_t> counted(int number) {
    CompileCounts before = compileCounts();
    Device device;
    device.load(kernelText("mad.wide.u32 %d1, %r99, 4, %d90;\n"
                           "add.u32 %r1, %r99, " +
                           std::to_string(number) +
                           "; st.global.u32 [%d1], %r1;"));
    Buffer<uint32_t> out(device, 40);
    device.run("k", 1, 40, out.at(), uint64_t(0), uint64_t(0));
    for (uint32_t i = 0; i < 40; ++i)
      EXPECT_EQ(out[i], i + uint32_t(number));
    CompileCounts after = compileCounts();
    return {after.compiled - before.compiled, after.loaded - before.loaded};
  }
  std::vector<fs::path> files() {
    std::vector<fs::path> list;
    if (fs::exists(folder / "emu"))
      for (const auto &entry : fs::directory_iterator(folder / "emu"))
        list.push_back(entry.path());
    return list;
  }
  fs::path folder;
};
using Counts = std::pair<uint64_t, uint64_t>;
} // namespace

TEST_F(Cache, KernelsAreFoundAgainByContent) {
  EXPECT_EQ(counted(1), Counts(1, 0));
  EXPECT_EQ(counted(1), Counts(0, 1));
  EXPECT_EQ(counted(2), Counts(1, 0));
  EXPECT_EQ(files().size(), 2u);
}

TEST_F(Cache, DamagedFilesAreIgnored) {
  EXPECT_EQ(counted(3), Counts(1, 0));
  fs::path file = files().front();
  uint64_t size = fs::file_size(file);
  for (uint64_t at : {uint64_t(0), uint64_t(20), uint64_t(60), size - 3}) {
    {
      std::fstream stream(file,
                          std::ios::in | std::ios::out | std::ios::binary);
      stream.seekg(long(at));
      char other = char(stream.get() ^ 0xff);
      stream.seekp(long(at));
      stream.put(other);
    }
    EXPECT_EQ(counted(3), Counts(1, 0)) << at;
    EXPECT_EQ(counted(3), Counts(0, 1)) << at;
  }
  fs::resize_file(file, 10);
  EXPECT_EQ(counted(3), Counts(1, 0));
}

TEST_F(Cache, CanBeTurnedOff) {
  setenv("TERRAZZO_EMU_CACHE", "0", 1);
  EXPECT_EQ(counted(4), Counts(1, 0));
  EXPECT_EQ(counted(4), Counts(1, 0));
  EXPECT_TRUE(files().empty());
}

TEST_F(Cache, AddressesOfVariablesAreNotInIt) {
  for (int round = 0; round < 2; ++round) {
    Device device;
    // Elsewhere each time.
    Buffer<uint32_t> shift(device, 1000 + 5000 * size_t(round));
    device.load(kernelText("ld.global.u32 %r1, [seven]; st.global.u32 [%d90], "
                           "%r1;",
                           "sm_80", ".global .u32 seven = 7;"));
    Buffer<uint32_t> out(device, 1);
    device.run("k", 1, 1, out.at(), uint64_t(0), uint64_t(0));
    EXPECT_EQ(out[0], 7u);
  }
  EXPECT_EQ(files().size(), 1u);
}

} // namespace terrazzo::emu::test
