// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The device plugin when things go wrong: words, exit codes, and no crash
// whatever a package's bytes are.
#include "CodeBuilder.h"
#include "CodeCheck.h"
#include "DeviceName.h"

#include <cstring>
#include <random>

using namespace terrazzo::nvidia;
using namespace terrazzo::nvidia::test;

namespace {

bool contains(const std::string &text, const char *part) {
  return text.find(part) != std::string::npos;
}

TEST(Errors, OfOpeningSayWhy) {
  std::string why;
  EXPECT_EQ(tryOpen("cuda", "/nowhere/libcuda.so.1", why), 4);
  EXPECT_TRUE(contains(why, "/nowhere/libcuda.so.1")) << why;
  EXPECT_EQ(tryOpen("emu:sm_1", TERRAZZO_EMU_LIBRARY, why), 4);
  EXPECT_TRUE(contains(why, "sm_1")) << why;
  EXPECT_EQ(tryOpen("cuda:99", TERRAZZO_EMU_LIBRARY, why), 4);
  EXPECT_TRUE(contains(why, "no device 99")) << why;
  for (const char *name :
       {"cuda:x", "cuda:", "cuda:-1", "emu", "emu:", "emu:sm_80:x",
        "emu:sm_80+fp8", "cuda:1x", "cuda:99999999999"}) {
    EXPECT_EQ(tryOpen(name, TERRAZZO_EMU_LIBRARY, why), 2) << name;
    EXPECT_TRUE(contains(why, name)) << why;
  }
  // Not a driver at all.
  EXPECT_EQ(tryOpen("cuda", "libm.so.6", why), 4);
  EXPECT_TRUE(contains(why, "has no cu")) << why;
}

TEST(Errors, OfAMissingDriverSayWhatToTry) {
  // A machine that has NVIDIA's driver opens the device instead.
  std::string why;
  if (int exit = tryOpen("cuda", nullptr, why)) {
    EXPECT_EQ(exit, 4);
    EXPECT_TRUE(contains(why, "driver")) << why;
  }
}

TEST(Errors, OfMemoryAreToldFromOthers) {
  Device device;
  terrazzo_memory memory = 0;
  EXPECT_EQ(device.table->alloc(device.handle, uint64_t(1) << 60, &memory), 6);
  EXPECT_TRUE(contains(device.error(), "CUDA_ERROR_OUT_OF_MEMORY (2)"))
      << device.error();
  void *pinned = nullptr;
  EXPECT_EQ(device.table->host_alloc(device.handle, uint64_t(1) << 60, &pinned),
            6);
  device.table->free(device.handle, device.allocate(64));
}

TEST(Errors, OfTargetsNameBothSides) {
  Device device;
  terrazzo_code *code = nullptr;
  std::string good = buildCode({vectorScale()});
  EXPECT_EQ(device.load(good, &code, "nvidia:sm_90a"), 4);
  EXPECT_TRUE(contains(device.error(), "nvidia:sm_90a")) << device.error();
  EXPECT_TRUE(contains(device.error(), "8.0")) << device.error();
  EXPECT_EQ(device.load(good, &code, "cpu:x86-64-v3"), 4);
  EXPECT_EQ(device.load(good, &code, nullptr), 4);
  EXPECT_EQ(device.load(buildCode({vectorScale()}, "sm_120"), &code), 7);
  EXPECT_TRUE(contains(device.error(), "sm_120")) << device.error();
}

TEST(Errors, OfThePtxHaveItsLine) {
  Device device;
  KernelSource bad = vectorScale();
  bad.ptx.insert(bad.ptx.find("  @%p1 bra"), "  bogus.f32 %f1;\n");
  terrazzo_code *code = nullptr;
  ASSERT_EQ(device.load(buildCode({bad}), &code), 0);
  terrazzo_memory memory = device.allocate(64);
  EXPECT_EQ(device.launch(code, 0, {memory}, 1, 1), 7);
  EXPECT_TRUE(contains(device.error(), "CUDA_ERROR_INVALID_PTX (218)"))
      << device.error();
  EXPECT_TRUE(contains(device.error(), "vector_scale")) << device.error();
  EXPECT_TRUE(contains(device.error(), "line ")) << device.error();
  // The kernel that the record names is not the text's.
  KernelSource other = vectorScale();
  other.name = "another";
  ASSERT_EQ(device.load(buildCode({other}), &code), 0);
  EXPECT_EQ(device.launch(code, 0, {memory}, 1, 1), 7);
  EXPECT_TRUE(contains(device.error(), "CUDA_ERROR_NOT_FOUND (500)"))
      << device.error();
  // Launched with fewer arguments than the text's kernel reads.
  other = vectorAdd();
  other.bindings = 1;
  ASSERT_EQ(device.load(buildCode({other}), &code), 0);
  EXPECT_EQ(device.launch(code, 0, {memory}, 1, 1), 7);
  EXPECT_TRUE(contains(device.error(), "does not take the 3 parameters"))
      << device.error();
  device.table->free(device.handle, memory);
}

TEST(Errors, OfLaunches) {
  Device device;
  terrazzo_code *code = nullptr;
  ASSERT_EQ(device.load(buildCode({vectorScale()}), &code), 0);
  terrazzo_memory memory = device.allocate(64);
  EXPECT_EQ(device.launch(code, 0, {memory, memory}, 1, 1), 7);
  EXPECT_TRUE(contains(device.error(), "1 bindings")) << device.error();
  EXPECT_EQ(device.launch(code, 5, {memory}, 1, 1), 7);
  EXPECT_EQ(device.launch(code, 0, {memory}, 1, -1), 2);
  EXPECT_EQ(device.launch(code, 0, {memory}, 1, int64_t(1) << 40), 2);
  EXPECT_EQ(device.launch(nullptr, 0, {memory}, 1, 1), 2);
  EXPECT_EQ(device.launch(code, 0, {memory}, 1, 1), 0) << device.error();
  device.table->free(device.handle, memory);
}

TEST(Errors, OfKernelsStayUntilTheDeviceIsClosed) {
  terrazzoEmuObjects before = liveObjects();
  {
    Device device;
    terrazzo_code *code = nullptr;
    ASSERT_EQ(device.load(buildCode({fault()}), &code), 0);
    terrazzo_memory memory = device.allocate(64);
    ASSERT_EQ(device.launch(code, 0, {}, 1, 1), 0) << device.error();
    EXPECT_EQ(device.table->synchronize(device.handle), 1);
    EXPECT_TRUE(contains(device.error(), "CUDA_ERROR_ILLEGAL_ADDRESS (700)"))
        << device.error();
    EXPECT_TRUE(contains(device.error(), "'fault'")) << device.error();
    EXPECT_TRUE(contains(device.error(), "cannot use the device any further"))
        << device.error();
    float value = 0;
    EXPECT_EQ(device.copy(TERRAZZO_COPY_TO_HOST, &value, memory, 4), 1);
    EXPECT_EQ(device.table->alloc(device.handle, 64, &memory), 1);
  }
  terrazzoEmuObjects after = liveObjects();
  EXPECT_EQ(memcmp(&before, &after, sizeof(before)), 0);
  Device next;
  next.table->free(next.handle, next.upload({1, 2, 3}));
  EXPECT_EQ(next.table->synchronize(next.handle), 0) << next.error();
}

TEST(Code, ThatEndsEarlyIsRefused) {
  std::string good = buildCode({vectorAdd(), vectorScale()});
  CheckedCode code;
  std::string why;
  ASSERT_TRUE(checkCode(good, code, why)) << why;
  EXPECT_EQ(code.kernels[1].name, "vector_scale");
  EXPECT_TRUE(checkCode(good + std::string(4096, '\0'), code, why));
  for (size_t length = 0; length < good.size(); ++length) {
    std::string part = good.substr(0, length);
    why.clear();
    ASSERT_FALSE(checkCode(part, code, why)) << length;
    ASSERT_NE(why, "");
  }
}

TEST(Code, ThatIsDamagedIsRefusedOrInside) {
  std::string good = buildCode({vectorAdd(), vectorScale()});
  size_t structure = entryOf(2);
  std::mt19937 random(7);
  for (int round = 0; round < 200000; ++round) {
    std::string bad = good;
    for (int i = 0; i < 2; ++i)
      bad[random() % structure] = char(random());
    CheckedCode code;
    std::string why;
    if (!checkCode(bad, code, why))
      continue;
    for (const CheckedKernel &kernel : code.kernels) {
      const char *begin = bad.data(), *end = begin + bad.size();
      ASSERT_TRUE(kernel.name.data() > begin && kernel.ptx.data() >= begin);
      ASSERT_LT(kernel.name.data() + kernel.name.size(), end);
      ASSERT_LT(kernel.ptx.data() + kernel.ptx.size(), end);
      ASSERT_EQ(kernel.name.data()[kernel.name.size()], 0);
      ASSERT_TRUE(kernel.threads > 0 && kernel.threads <= 1024);
    }
  }
}

TEST(Code, IsEnteredAtItsRecordsOnly) {
  std::string good = buildCode({vectorAdd(), vectorScale()});
  CheckedCode code;
  std::string why;
  ASSERT_TRUE(checkCode(good, code, why));
  EXPECT_EQ(kernelAt(code, entryOf(0)), 0);
  EXPECT_EQ(kernelAt(code, entryOf(1)), 1);
  for (uint64_t entry : {uint64_t(0), entryOf(0) + 1, entryOf(2), ~uint64_t(0)})
    EXPECT_EQ(kernelAt(code, entry), -1);
}

TEST(Targets, GoFromTheDevicesOwnToOlderOnes) {
  using List = std::vector<std::string>;
  EXPECT_EQ(targetsOf(8, 6, false),
            (List{"nvidia:sm_86", "nvidia:sm_80", "nvidia:sm_75",
                  "nvidia:sm_61", "nvidia:sm_86+bf16", "nvidia:sm_80+bf16"}));
  EXPECT_EQ(targetsOf(9, 0, true),
            (List{"nvidia:sm_90a+bf16", "nvidia:sm_89+bf16",
                  "nvidia:sm_86+bf16", "nvidia:sm_80+bf16"}));
  EXPECT_EQ(targetsOf(12, 0, false)[0], "nvidia:sm_120");
  EXPECT_EQ(targetsOf(10, 3, false)[1], "nvidia:sm_89") << "90a is 9.0 only";
  EXPECT_TRUE(targetsOf(7, 5, true).empty());
  EXPECT_TRUE(targetsOf(5, 2, false).empty());
}

TEST(DeviceNames, AreRead) {
  DeviceName name;
  std::string why;
  ASSERT_TRUE(parseDeviceName("emu:sm_90a+bf16:1", name, why)) << why;
  EXPECT_EQ(name.architecture, "sm_90a");
  EXPECT_EQ(name.number, 1);
  EXPECT_TRUE(name.bfloat);
  name = {};
  ASSERT_TRUE(parseDeviceName("cuda+bf16", name, why));
  EXPECT_TRUE(name.bfloat && name.architecture.empty() && name.number == 0);
}

} // namespace

int main(int count, char **arguments) {
  // Before any driver starts.
  setenv("TERRAZZO_EMU_DEVICES", "2", 1);
  testing::InitGoogleTest(&count, arguments);
  return RUN_ALL_TESTS();
}
