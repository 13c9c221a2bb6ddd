// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The device plugin over the emulated driver: what a run needs.
#include "CodeBuilder.h"

#include <cmath>
#include <numeric>

using namespace terrazzo::nvidia::test;

namespace {

std::vector<float> ramp(size_t count, float from = 0) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), from);
  return values;
}

TEST(Device, SaysWhatItIs) {
  Device device;
  terrazzo_device_facts facts = {};
  facts.struct_size = sizeof(facts);
  ASSERT_EQ(device.table->query(device.handle, &facts), 0);
  std::vector<std::string> targets(facts.targets,
                                   facts.targets + facts.target_count);
  EXPECT_EQ(targets,
            (std::vector<std::string>{"nvidia:sm_80", "nvidia:sm_75",
                                      "nvidia:sm_61", "nvidia:sm_80+bf16"}));
  EXPECT_NE(std::string(facts.name).find("sm_80"), std::string::npos);
  ASSERT_NE(facts.note, nullptr);
  EXPECT_NE(std::string(facts.note), "");
  EXPECT_GT(facts.workers, 0u);
  EXPECT_GT(facts.memory_bytes, 0u);
}

TEST(Device, OfTheFirstVersionIsAskedForLess) {
  Device device;
  terrazzo_device_facts facts = {};
  facts.struct_size = offsetof(terrazzo_device_facts, name);
  facts.note = "untouched";
  ASSERT_EQ(device.table->query(device.handle, &facts), 0);
  EXPECT_STREQ(facts.note, "untouched");
  const terrazzo_device_table *first = pluginTable(1);
  EXPECT_EQ(first->version, 1u);
  EXPECT_FALSE(TERRAZZO_DEVICE_HAS(first, fill));
  EXPECT_TRUE(TERRAZZO_DEVICE_HAS(first, last_error));
  EXPECT_EQ(pluginTable(7)->version, 2u);
  EXPECT_EQ(pluginTable(0), nullptr);
}

TEST(Device, RunsKernelsInOrder) {
  Device device;
  constexpr size_t count = 1000;
  terrazzo_memory a = device.upload(ramp(count)),
                  b = device.upload(ramp(count, 5)),
                  c = device.allocate(count * sizeof(float));
  terrazzo_code *code = nullptr;
  ASSERT_EQ(device.load(buildCode({vectorAdd(), vectorScale()}), &code), 0)
      << device.error();
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(device.launch(code, 0, {a, b, c}, count, 8), 0) << device.error();
    ASSERT_EQ(device.launch(code, 1, {c}, count, 16), 0) << device.error();
    ASSERT_EQ(
        device.copy(TERRAZZO_COPY_INSIDE, nullptr, c, count * sizeof(float), a),
        0);
  }
  // No workgroup: nothing is done, nothing is wrong.
  EXPECT_EQ(device.launch(code, 1, {c}, count, 0), 0) << device.error();
  std::vector<float> result = device.download(c, count);
  for (size_t i = 0; i < count; ++i) {
    float expected = float(i);
    for (int round = 0; round < 3; ++round)
      expected = 2 * (expected + float(i) + 5);
    ASSERT_EQ(result[i], expected) << i;
  }
  for (terrazzo_memory memory : {a, b, c})
    device.table->free(device.handle, memory);
}

TEST(Device, GivesWorkgroupsMemoryOfTheirOwn) {
  Device device;
  constexpr size_t count = 1000, workgroups = 4;
  terrazzo_memory a = device.upload(ramp(count)),
                  b = device.allocate(workgroups * sizeof(float));
  terrazzo_code *code = nullptr;
  ASSERT_EQ(device.load(buildCode({sharedSum()}), &code), 0);
  // The second needs opting in, the third is more than the device has.
  for (uint64_t scratch : {uint64_t(1024), uint64_t(100 << 10)}) {
    ASSERT_EQ(device.launch(code, 0, {a, b}, count, workgroups, scratch), 0)
        << device.error();
    std::vector<float> sums = device.download(b, workgroups);
    for (size_t group = 0; group < workgroups; ++group) {
      double expected = 0;
      for (size_t i = group * 256; i < std::min(count, group * 256 + 256); ++i)
        expected += double(i);
      EXPECT_EQ(sums[group], float(expected));
    }
  }
  EXPECT_EQ(device.launch(code, 0, {a, b}, count, workgroups, 1 << 20), 7);
  EXPECT_NE(device.error().find("shared_sum"), std::string::npos);
  device.table->free(device.handle, a);
  device.table->free(device.handle, b);
}

TEST(Device, FillsAndCopies) {
  Device device;
  constexpr size_t bytes = 1001;
  terrazzo_memory memory = device.allocate(bytes);
  ASSERT_EQ(device.table->fill(device.handle, memory, 0xab, bytes), 0);
  ASSERT_EQ(device.table->fill(device.handle, memory + 4, 0xcd, 8), 0);
  ASSERT_EQ(device.table->fill(device.handle, memory, 1, 0), 0);
  std::vector<uint8_t> back(bytes);
  ASSERT_EQ(device.copy(TERRAZZO_COPY_TO_HOST, back.data(), memory, bytes), 0);
  for (size_t i = 0; i < bytes; ++i)
    ASSERT_EQ(back[i], i >= 4 && i < 12 ? 0xcd : 0xab) << i;
  device.table->free(device.handle, memory);
}

TEST(Device, TakesCopiesOfAnySizeFromAnyMemory) {
  Device device;
  constexpr size_t most = size_t(37) << 20;
  void *pinned = nullptr;
  ASSERT_EQ(device.table->host_alloc(device.handle, most, &pinned), 0);
  std::vector<uint8_t> ordinary(most);
  auto *fast = static_cast<uint8_t *>(pinned);
  for (size_t i = 0; i < most; ++i)
    ordinary[i] = fast[i] = uint8_t(i * 2654435761u >> 24);
  terrazzo_memory memory = device.allocate(most);
  std::vector<uint8_t> back(most);
  for (uint8_t *from : {ordinary.data(), fast})
    for (size_t bytes : {size_t(1), size_t(4 << 20), most}) {
      ASSERT_EQ(device.table->fill(device.handle, memory, 0, most), 0);
      ASSERT_EQ(device.copy(TERRAZZO_COPY_TO_DEVICE, from, memory, bytes), 0);
      ASSERT_EQ(device.copy(TERRAZZO_COPY_TO_HOST, back.data(), memory, most),
                0);
      EXPECT_EQ(memcmp(back.data(), from, bytes), 0);
      EXPECT_TRUE(bytes == most || back[bytes] == 0);
    }
  // Thousands of small ones go around the ring many times.
  for (size_t i = 0; i < 5000; ++i)
    ASSERT_EQ(device.copy(TERRAZZO_COPY_TO_DEVICE, &ordinary[i * 4096],
                          memory + i * 4096, 4096),
              0);
  ASSERT_EQ(
      device.copy(TERRAZZO_COPY_TO_HOST, back.data(), memory, 5000 * 4096), 0);
  EXPECT_EQ(memcmp(back.data(), ordinary.data(), 5000 * 4096), 0);
  device.table->host_free(device.handle, pinned);
  device.table->free(device.handle, memory);
}

TEST(Device, RepeatsRecordedWork) {
  Device device;
  constexpr size_t count = 300;
  terrazzo_memory a = device.upload(std::vector<float>(count, 1)),
                  b = device.upload(std::vector<float>(count, 3)),
                  c = device.allocate(count * sizeof(float));
  terrazzo_code *code = nullptr;
  ASSERT_EQ(device.load(buildCode({vectorAdd(), vectorScale()}), &code), 0);
  ASSERT_EQ(device.table->record_begin(device.handle), 0) << device.error();
  ASSERT_EQ(device.launch(code, 0, {a, b, c}, count, 3), 0) << device.error();
  ASSERT_EQ(device.launch(code, 1, {c}, count, 5), 0) << device.error();
  ASSERT_EQ(
      device.copy(TERRAZZO_COPY_INSIDE, nullptr, c, count * sizeof(float), a),
      0);
  ASSERT_EQ(device.table->fill(device.handle, b, 0, count * sizeof(float)), 0);
  // What would wait or allocate is refused, and spoils nothing.
  terrazzo_memory none = 0;
  EXPECT_NE(device.table->alloc(device.handle, 16, &none), 0);
  EXPECT_NE(device.table->synchronize(device.handle), 0);
  EXPECT_NE(device.copy(TERRAZZO_COPY_TO_HOST, &none, c, 4), 0);
  EXPECT_NE(device.table->record_begin(device.handle), 0);
  terrazzo_recording *recording = nullptr;
  ASSERT_EQ(device.table->record_end(device.handle, &recording), 0)
      << device.error();
  EXPECT_EQ(device.download(a, 1)[0], 1) << "recording must not run";
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(device.table->replay(device.handle, recording), 0)
        << device.error();
  // (1 + 3) * 2 = 8, then (8 + 0) * 2 twice.
  for (float value : device.download(c, count))
    ASSERT_EQ(value, 32);
  device.table->recording_free(device.handle, recording);
  EXPECT_NE(device.table->record_end(device.handle, &recording), 0);
  for (terrazzo_memory memory : {a, b, c})
    device.table->free(device.handle, memory);
}

TEST(Device, HasPointsInItsOrder) {
  Device device;
  terrazzo_memory memory = device.allocate(1 << 20);
  for (int i = 0; i < 5; ++i) {
    terrazzo_event *event = nullptr;
    ASSERT_EQ(device.table->fill(device.handle, memory, uint8_t(i), 1 << 20),
              0);
    ASSERT_EQ(device.table->record(device.handle, &event), 0);
    ASSERT_EQ(device.table->wait(device.handle, event), 0);
  }
  EXPECT_EQ(device.table->synchronize(device.handle), 0);
  device.table->free(device.handle, memory);
}

TEST(Device, IsOneOfSeveral) {
  // TERRAZZO_EMU_DEVICES is 2 here, for each architecture.
  Device first("emu:sm_80"), second("emu:sm_80:1"), other("emu:sm_90a+bf16");
  std::string why;
  EXPECT_EQ(tryOpen("emu:sm_80:2", TERRAZZO_EMU_LIBRARY, why), 4);
  EXPECT_NE(why.find("no device 2"), std::string::npos) << why;
  terrazzo_device_facts facts = {};
  facts.struct_size = sizeof(facts);
  ASSERT_EQ(other.table->query(other.handle, &facts), 0);
  EXPECT_STREQ(facts.targets[0], "nvidia:sm_90a+bf16");
  for (size_t i = 0; i < facts.target_count; ++i)
    EXPECT_TRUE(std::string(facts.targets[i]).ends_with("+bf16"));
  std::vector<float> ones(100, 1);
  for (Device *device : {&first, &second, &other}) {
    terrazzo_code *code = nullptr;
    ASSERT_EQ(device->load(buildCode({vectorScale()}), &code), 0);
    terrazzo_memory memory = device->upload(ones);
    ASSERT_EQ(device->launch(code, 0, {memory}, 100, 2), 0) << device->error();
    EXPECT_EQ(device->download(memory, 100), std::vector<float>(100, 2));
    device->table->free(device->handle, memory);
  }
}

TEST(Device, LeavesNothingBehind) {
  terrazzoEmuObjects before = liveObjects();
  {
    Device device;
    terrazzo_memory memory = device.upload(std::vector<float>(64, 1));
    terrazzo_code *code = nullptr, *other = nullptr;
    ASSERT_EQ(device.load(buildCode({vectorScale()}), &code), 0);
    ASSERT_EQ(device.load(buildCode({vectorScale()}), &other), 0);
    ASSERT_EQ(device.table->record_begin(device.handle), 0);
    ASSERT_EQ(device.launch(code, 0, {memory}, 64, 1), 0);
    terrazzo_recording *recording = nullptr;
    ASSERT_EQ(device.table->record_end(device.handle, &recording), 0);
    ASSERT_EQ(device.table->replay(device.handle, recording), 0);
    terrazzo_event *event = nullptr;
    ASSERT_EQ(device.table->record(device.handle, &event), 0);
    void *pinned = nullptr;
    ASSERT_EQ(device.table->host_alloc(device.handle, 64, &pinned), 0);
    terrazzoEmuObjects now = liveObjects();
    EXPECT_EQ(now.modules, before.modules + 1) << "loaded when first launched";
    EXPECT_EQ(now.graphExecs, before.graphExecs + 1);
    EXPECT_EQ(now.graphs, before.graphs);
    EXPECT_EQ(now.streams, before.streams + 1);
    device.table->unload(device.handle, other);
    device.table->free(device.handle, memory);
    // What is left belongs to the device and goes with it.
  }
  terrazzoEmuObjects after = liveObjects();
  EXPECT_EQ(memcmp(&before, &after, sizeof(before)), 0);
}

} // namespace
