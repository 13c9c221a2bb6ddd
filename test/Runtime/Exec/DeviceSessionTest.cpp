// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sessions on a device, with the plugin of ToyDevice.h: the same bits as on the
// CPU, and every way in which a device can fail.
#include "ToyDevice.h"
#include "ToyModel.h"
#include "decode/Session.h"
#include "device/DeviceCatalogue.h"

#include <cmath>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <gtest/gtest.h>

using namespace terrazzo;
using namespace terrazzo::exec;
using decode::Session;
using namespace terrazzo::test;

namespace {

ToyCounts &countsOf(const char *plugin) {
  void *library = ::dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(library, nullptr);
  return *static_cast<ToyCounts *>(::dlsym(library, "toy_device_counts"));
}

class DeviceSessionTest : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    writeToyModel(folder.file("toy.gguf"));
    writeToyPackage(folder.file("cpu.tzp"));
    writeToyDevicePackage(folder.file("toy.tzp"));
    description.name = "toy:*";
    description.plugin = GetParam();
    before = counts;
  }

  void TearDown() override {
    EXPECT_EQ(counts.devices, 0) << "a device was not closed";
    EXPECT_EQ(counts.blocks, 0) << "memory was not given back";
    EXPECT_EQ(counts.codes, 0);
    EXPECT_EQ(counts.hostRooms, 0);
    EXPECT_EQ(counts.recordings, 0);
    EXPECT_EQ(counts.illegal, before.illegal) << "outside of any block";
  }

  bool isOld() const { return strstr(GetParam(), "toy-old") != nullptr; }

  Expected<std::unique_ptr<Session>>
  tryOpen(const std::string &name, ExecutionOptions options = {},
          const std::string &package = "toy.tzp") {
    auto device = openDevice(description, name);
    if (!device)
      return device.takeError();
    options.device = std::move(*device);
    return openOn(package, options);
  }

  Expected<std::unique_ptr<Session>> openOn(const std::string &name,
                                            const ExecutionOptions &options) {
    auto package = PackageFile::open(folder.file(name));
    if (!package)
      return package.takeError();
    auto weights = formats::ModelFile::open(folder.file("toy.gguf"));
    if (!weights)
      return weights.takeError();
    return Session::open(std::move(*package), std::move(*weights), options);
  }

  std::unique_ptr<Session> take(Expected<std::unique_ptr<Session>> session) {
    if (session)
      return std::move(*session);
    ADD_FAILURE() << session.error().format();
    return nullptr;
  }

  static std::vector<int32_t> tokens(size_t count) {
    std::vector<int32_t> ids(count);
    for (size_t i = 0; i < count; ++i)
      ids[i] = int32_t((i * 37 + i / 5) % toyVocabulary);
    return ids;
  }

  /// The same steps give the same bits on both.
  void expectEqual(Session &cpu, Session &toy) {
    std::vector<int32_t> ids = tokens(1300);
    std::vector<float> a(32 * toyVocabulary), b(32 * toyVocabulary);
    size_t at = 0;
    for (size_t count : {1, 1, 1, 7, 8, 9, 511, 512, 1, 3, 1}) {
      auto part = std::span(ids).subspan(at, count);
      bool wanted = count != 7;
      ASSERT_TRUE(cpu.step(part, wanted ? a.data() : nullptr).ok());
      ASSERT_TRUE(toy.step(part, wanted ? b.data() : nullptr).ok());
      if (wanted) {
        EXPECT_EQ(memcmp(a.data(), b.data(), toyVocabulary * 4), 0) << at;
      }
      ASSERT_NE(toy.hidden(), nullptr);
      EXPECT_EQ(memcmp(cpu.hidden(), toy.hidden(), count * toyHidden * 4), 0)
          << at;
      uint32_t rows = uint32_t(std::min<size_t>(count, 31));
      for (uint32_t first : {0u, uint32_t(count) - rows}) {
        ASSERT_TRUE(cpu.logits(first, rows, a.data()).ok());
        ASSERT_TRUE(toy.logits(first, rows, b.data()).ok());
        EXPECT_EQ(memcmp(a.data(), b.data(), rows * toyVocabulary * 4), 0);
      }
      at += count;
    }
    EXPECT_EQ(toy.position(), at);
  }

  Folder folder;
  DeviceDescription description;
  ToyCounts &counts = countsOf(GetParam());
  ToyCounts before{};
};

} // namespace

TEST_P(DeviceSessionTest, TheSameBitsAsTheCpu) {
  auto cpu = take(openOn("cpu.tzp", {}));
  auto toy = take(tryOpen("toy:0"));
  ASSERT_TRUE(cpu && toy);
  expectEqual(*cpu, *toy);
  EXPECT_EQ(toy->threads(), 0u);
  EXPECT_EQ(toy->variant().target()->str(), "toy:v1");
}

TEST_P(DeviceSessionTest, TheSameBitsWithWorkBesideTheDevice) {
  PackageCode code;
  auto package = toyMixedPackage(code);
  ASSERT_TRUE(writePackage(package, code, folder.file("mixed.tzp")).ok());
  auto cpu = take(openOn("cpu.tzp", {}));
  ExecutionOptions options;
  options.threads = {2, /*force=*/true};
  auto toy = take(tryOpen("toy:0", options, "mixed.tzp"));
  ASSERT_TRUE(cpu && toy);
  // Without the state, which is the host's.
  EXPECT_EQ(counts.blocks, 7);
  expectEqual(*cpu, *toy);
  EXPECT_EQ(toy->threads(), 2u);
  EXPECT_EQ(counts.replays, before.replays) << "copies were recorded";
  toy->enableTiming();
  ASSERT_TRUE(toy->step(tokens(1)).ok());
  EXPECT_EQ(toy->times()[0].times[3].runs, 1u); // append
  EXPECT_EQ(toy->times()[0].times[5].runs, 1u); // mix
}

TEST_P(DeviceSessionTest, AHostPartForAnotherProcessor) {
  PackageCode code;
  auto package = toyMixedPackage(code);
  package.variants[0]->host->target = "cpu:riscv64";
  ASSERT_TRUE(writePackage(package, code, folder.file("mixed.tzp")).ok());
  auto session = tryOpen("toy:0", {}, "mixed.tzp");
  ASSERT_FALSE(bool(session));
  EXPECT_EQ(session.error().code, "TZ0421");
  EXPECT_NE(session.error().why.find("beside the device, 'cpu:riscv64'"),
            std::string::npos);
}

TEST_P(DeviceSessionTest, WeightsThatOnlyPackingNeedsLeave) {
  auto toy = take(tryOpen("toy:0"));
  ASSERT_TRUE(toy);
  // State, arena, tokens, hidden rows, rows for a head, logits, packed weights
  // and the table.
  EXPECT_EQ(counts.blocks, 8);
}

TEST_P(DeviceSessionTest, StepsWithoutAnswersAreManyAtOnce) {
  auto toy = take(tryOpen("toy:0"));
  ASSERT_TRUE(toy);
  std::vector<int32_t> ids = tokens(50);
  for (int32_t id : ids)
    ASSERT_TRUE(toy->step({&id, 1}).ok());
  std::vector<float> reference = toyReference(ids);
  EXPECT_EQ(memcmp(toy->hidden(), &reference[49 * toyHidden], toyHidden * 4),
            0);
}

TEST_P(DeviceSessionTest, PackedWeightsAreKept) {
  ExecutionOptions options;
  options.cacheFolder = folder.file("cache");
  std::vector<std::string> notes;
  options.note = [&](const std::string &text) { notes.push_back(text); };
  auto cpu = take(openOn("cpu.tzp", {}));
  ASSERT_TRUE(cpu);
  {
    auto first = take(tryOpen("toy:0", options));
    ASSERT_TRUE(first);
  }
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0].substr(0, 16), "packed weights: ");
  int64_t launches = counts.launches;
  auto second = take(tryOpen("toy:0", options));
  ASSERT_TRUE(second);
  EXPECT_EQ(notes.size(), 1u);
  EXPECT_EQ(counts.launches, launches) << "they were packed again";
  expectEqual(*cpu, *second);
}

TEST_P(DeviceSessionTest, TimesEachCommand) {
  auto toy = take(tryOpen("toy:0"));
  ASSERT_TRUE(toy);
  toy->enableTiming();
  auto ids = tokens(1);
  std::vector<float> logits(toyVocabulary);
  ASSERT_TRUE(toy->step(ids, logits.data()).ok());
  auto times = toy->times();
  ASSERT_EQ(times.size(), 6u);
  EXPECT_EQ(times[0].times[0].runs, 1u); // trunk_1, embed
  EXPECT_EQ(times[0].times[1].runs, 0u); // a barrier
  EXPECT_EQ(times[3].times[0].runs, 1u); // head_1, project
}

TEST_P(DeviceSessionTest, AModelThatDoesNotFit) {
  auto session = tryOpen("toy:small=100000");
  ASSERT_FALSE(bool(session));
  EXPECT_EQ(session.error().code, "TZ0602");
  EXPECT_EQ(session.error().exit, ExitCode::OutOfMemory);
  EXPECT_NE(session.error().what.find("toy:small"), std::string::npos);
}

TEST_P(DeviceSessionTest, ABlockThatIsRefused) {
  // Each of the blocks in turn, the one for weights to be packed among them.
  for (int n = 1; n <= 9; ++n) {
    auto session = tryOpen("toy:full=" + std::to_string(n));
    ASSERT_FALSE(bool(session)) << n;
    EXPECT_EQ(session.error().code, "TZ0601");
    EXPECT_EQ(session.error().exit, ExitCode::OutOfMemory);
    EXPECT_NE(session.error().why.find("the box is full"), std::string::npos);
  }
}

TEST_P(DeviceSessionTest, ALaunchThatIsRefused) {
  // The first launch packs.
  auto session = tryOpen("toy:fail=1");
  ASSERT_FALSE(bool(session));
  EXPECT_EQ(session.error().code, "TZ0444");
  auto toy = take(tryOpen("toy:fail=9"));
  ASSERT_TRUE(toy);
  std::vector<int32_t> ids = tokens(9);
  ASSERT_TRUE(toy->step(ids).ok());
  ASSERT_TRUE(toy->step(ids).ok());
  Status status = toy->step(ids);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().exit, ExitCode::Failure);
  EXPECT_EQ(status.error().why, "the toy fell off the table");
  EXPECT_EQ(toy->position(), 18u) << "tokens that failed were counted";
}

TEST_P(DeviceSessionTest, AnErrorThatComesLate) {
  auto toy = take(tryOpen("toy:late=3"));
  ASSERT_TRUE(toy);
  std::vector<float> logits(toyVocabulary);
  Status status = toy->step(tokens(9), logits.data());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "TZ0444");
  EXPECT_EQ(status.error().why, "the toy broke while it played");
  EXPECT_EQ(toy->hidden(), nullptr);
}

TEST_P(DeviceSessionTest, APackageForNothingItRuns) {
  auto session = tryOpen("toy:0", {}, "cpu.tzp");
  ASSERT_FALSE(bool(session));
  EXPECT_EQ(session.error().code, "TZ0421");
  EXPECT_EQ(session.error().exit, ExitCode::PackageIncompatible);
  EXPECT_NE(session.error().why.find("it holds code for 'cpu:"),
            std::string::npos);
  EXPECT_NE(session.error().why.find("toy:0 runs 'toy:v2', 'toy:v1'"),
            std::string::npos);
  auto other = openOn("toy.tzp", {});
  ASSERT_FALSE(bool(other));
  EXPECT_EQ(other.error().exit, ExitCode::PackageIncompatible);
}

TEST_P(DeviceSessionTest, NoSuchDevice) {
  auto device = openDevice(description, "toy:absent");
  ASSERT_FALSE(bool(device));
  EXPECT_EQ(device.error().code, "TZ0443");
  EXPECT_EQ(device.error().exit, ExitCode::TargetUnavailable);
  EXPECT_EQ(device.error().why, isOld()
                                    ? "its plugin answered 4 and gave no reason"
                                    : "there is no toy in this box");
  EXPECT_FALSE(device.error().help.empty());
}

TEST_P(DeviceSessionTest, TokensAreRecordedOnce) {
  if (isOld())
    GTEST_SKIP() << "it records nothing";
  auto toy = take(tryOpen("toy:0"));
  ASSERT_TRUE(toy);
  std::vector<float> logits(toyVocabulary);
  auto ids = tokens(100);
  ASSERT_TRUE(toy->step({ids.data(), 1}, logits.data()).ok());
  int64_t launches = counts.launches, replays = counts.replays;
  for (int32_t id : std::span(ids).subspan(1))
    ASSERT_TRUE(toy->step({&id, 1}, logits.data()).ok());
  EXPECT_EQ(counts.launches, launches);
  EXPECT_EQ(counts.replays, replays + 99);
  EXPECT_EQ(counts.recordings, 1);
  ASSERT_TRUE(toy->step({ids.data(), 1}).ok());
  ASSERT_TRUE(toy->logits(0, 1, logits.data()).ok());
  EXPECT_EQ(counts.recordings, 3);
}

TEST_P(DeviceSessionTest, WhatCannotBeRecordedIsIssued) {
  if (isOld())
    GTEST_SKIP() << "it records nothing";
  auto cpu = take(openOn("cpu.tzp", {}));
  auto toy = take(tryOpen("toy:unrecorded"));
  ASSERT_TRUE(cpu && toy);
  expectEqual(*cpu, *toy);
  EXPECT_EQ(counts.recordings, 0);
}

TEST_P(DeviceSessionTest, FactsForPeople) {
  auto device = openDevice(description, "toy:0");
  ASSERT_TRUE(bool(device));
  EXPECT_EQ((*device)->product(), isOld() ? "" : "Toy");
  EXPECT_EQ((*device)->note(), isOld() ? "" : "a toy computes this");
  EXPECT_GT((*device)->measureCopies(), 0);
}

TEST_P(DeviceSessionTest, PackedWeightsAreThoseOfTheFileInUse) {
  ExecutionOptions options;
  options.cacheFolder = folder.file("cache");
  std::vector<int32_t> ids = tokens(5);
  auto answer = [&] {
    std::vector<float> logits(toyVocabulary);
    auto toy = take(tryOpen("toy:0", options));
    EXPECT_TRUE(toy && toy->step(ids, logits.data()).ok());
    return logits;
  };
  std::vector<float> first = answer(), other = toyHead();
  for (float &value : other)
    value = -2 * value;
  for (int round = 0; round < 2; ++round) {
    writeToyModel(folder.file("toy.gguf"), toyTable(), other);
    std::vector<float> second = answer();
    for (int v = 0; v < toyVocabulary; ++v)
      EXPECT_FLOAT_EQ(second[v], -2 * first[v]);
    writeToyModel(folder.file("toy.gguf"));
    EXPECT_EQ(answer(), first);
  }
}

TEST_P(DeviceSessionTest, NumbersThatAreNotFiniteAreNoAnswer) {
  PackageCode code;
  auto mixed = toyMixedPackage(code);
  ASSERT_TRUE(writePackage(mixed, code, folder.file("mixed.tzp")).ok());
  std::vector<int32_t> ids = {1, 2, 3};
  auto why = [&](const char *package) {
    std::vector<float> logits(toyVocabulary);
    auto toy = take(tryOpen("toy:0", {}, package));
    Status status = toy->step(ids, logits.data());
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, "TZ0805");
    EXPECT_EQ(status.error().exit, ExitCode::NumericsFailed);
    return status.error().why;
  };
  std::vector<float> head = toyHead(), table = toyTable();
  head[0] = NAN;
  writeToyModel(folder.file("toy.gguf"), table, head);
  for (const char *package : {"toy.tzp", "mixed.tzp"})
    EXPECT_NE(why(package).find("'head' holds NaN"), std::string::npos);
  table.assign(table.size(), 3e38f);
  writeToyModel(folder.file("toy.gguf"), table);
  for (const char *package : {"toy.tzp", "mixed.tzp"})
    EXPECT_NE(why(package).find("'table' holds numbers beyond 65504"),
              std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Toy, DeviceSessionTest,
                         testing::Values(TERRAZZO_TOY_DEVICE,
                                         TERRAZZO_TOY_OLD_DEVICE),
                         [](const auto &info) {
                           return info.index == 0 ? "New" : "Old";
                         });
