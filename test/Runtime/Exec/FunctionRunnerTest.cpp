// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions on arrays of the host: on the CPU's team, on a device, and on a
// device with a part of the work beside it.
#include "exec/FunctionRunner.h"
#include "ToyModel.h"
#include "device/DeviceCatalogue.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace terrazzo;
using namespace terrazzo::exec;
using namespace terrazzo::test;

namespace {

class FunctionRunnerTest : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    writeToyModel(folder.file("toy.gguf"));
    writeToyPackage(folder.file("cpu.tzp"));
    writeToyDevicePackage(folder.file("toy.tzp"));
    PackageCode code;
    auto mixed = toyMixedPackage(code);
    ASSERT_TRUE(writePackage(mixed, code, folder.file("mixed.tzp")).ok());
    if (std::string(GetParam()) == "cpu")
      return;
    DeviceDescription description;
    description.name = "toy:*";
    description.plugin = TERRAZZO_TOY_DEVICE;
    auto device = openDevice(description, "toy:0");
    ASSERT_TRUE(bool(device)) << device.error().format();
    options.device = std::move(*device);
  }

  Expected<std::unique_ptr<FunctionRunner>> open() {
    auto package =
        PackageFile::open(folder.file(GetParam() + std::string(".tzp")));
    auto weights = formats::ModelFile::open(folder.file("toy.gguf"));
    EXPECT_TRUE(package && weights);
    options.contextSize = 40;
    auto made =
        LoadedModel::create(std::move(*package), std::move(*weights), options);
    if (!made)
      return made.takeError();
    model = std::move(*made);
    return FunctionRunner::open(*model, options);
  }

  static std::vector<uint64_t> sizesOf(uint64_t size) { return {size}; }

  static std::vector<int32_t> tokens(size_t count) {
    std::vector<int32_t> ids(count);
    for (size_t i = 0; i < count; ++i)
      ids[i] = int32_t((i * 37 + 5) % toyVocabulary);
    return ids;
  }

  Folder folder;
  ExecutionOptions options;
  std::unique_ptr<LoadedModel> model;
};

TEST_P(FunctionRunnerTest, StatesStayBetweenCalls) {
  auto runner = open();
  ASSERT_TRUE(bool(runner)) << runner.error().format();
  EXPECT_EQ((*runner)->largestSize(0, 0), 512u);
  std::vector<int32_t> ids = tokens(31);
  std::vector<float> want = toyReference(ids);
  size_t at = 0;
  for (size_t size : {1, 7, 0, 8, 13, 1, 1}) {
    std::vector<float> hidden(size * toyHidden + 1, 99.0f);
    auto position = int32_t(at);
    Array arguments[] = {{ids.data() + at}, {&position}};
    Array results[] = {{hidden.data()}};
    Status status = (*runner)->call(0, sizesOf(size), arguments, results);
    ASSERT_TRUE(status.ok()) << status.error().format();
    for (size_t i = 0; i < size * toyHidden; ++i)
      ASSERT_FLOAT_EQ(hidden[i], want[at * toyHidden + i]) << at << " " << i;
    EXPECT_EQ(hidden.back(), 99.0f) << "wrote beyond the last row";
    at += size;
  }
}

TEST_P(FunctionRunnerTest, EachFunctionHasItsOwnSignature) {
  auto runner = open();
  ASSERT_TRUE(bool(runner)) << runner.error().format();
  EXPECT_EQ((*runner)->function(1).arguments()->size(), 1u);
  for (size_t size : {1, 3, 32}) {
    std::vector<float> hidden(size * toyHidden), logits(size * toyVocabulary);
    for (size_t i = 0; i < hidden.size(); ++i)
      hidden[i] = float(i % 11) / 8;
    Array arguments[] = {{hidden.data()}};
    Array results[] = {{logits.data()}};
    Status status = (*runner)->call(1, sizesOf(size), arguments, results);
    ASSERT_TRUE(status.ok()) << status.error().format();
    for (size_t row = 0; row < size; ++row) {
      std::vector<float> want = toyLogits(&hidden[row * toyHidden]);
      for (int v = 0; v < toyVocabulary; ++v)
        ASSERT_FLOAT_EQ(logits[row * toyVocabulary + size_t(v)],
                        want[size_t(v)]);
    }
  }
}

TEST_P(FunctionRunnerTest, RefusesWhatNoFunctionTakes) {
  auto runner = open();
  ASSERT_TRUE(bool(runner));
  auto none = (*runner)->find("body");
  ASSERT_FALSE(bool(none));
  EXPECT_EQ(none.error().code, "TZ0808");
  EXPECT_EQ(none.error().why, "it has trunk, head");
  auto unnamed = (*runner)->find("");
  ASSERT_FALSE(bool(unnamed));
  EXPECT_EQ(unnamed.error().what, "the package has several functions");
  auto head = (*runner)->find("head");
  ASSERT_TRUE(bool(head));
  std::vector<float> hidden(33 * toyHidden), logits(33 * toyVocabulary);
  Array arguments[] = {{hidden.data()}}, results[] = {{logits.data()}};
  Status status = (*runner)->call(*head, sizesOf(33), arguments, results);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "TZ0809");
  EXPECT_EQ(
      status.error().why,
      "its size T is 33, and code was made for up to 32; 'tz.sizes' of the "
      "model says how far");
}

TEST_P(FunctionRunnerTest, RefusesAFunctionWithoutCode) {
  if (std::string(GetParam()) != "cpu")
    GTEST_SKIP() << "one package of the processor's is enough";
  PackageCode code;
  auto package = toyPackage(code, "cpu:x86-64-v3");
  auto &programs = package.variants[0]->programs;
  std::erase_if(programs, [](const auto &p) { return p->function == 1; });
  ASSERT_TRUE(writePackage(package, code, folder.file("cpu.tzp")).ok());
  auto runner = open();
  ASSERT_TRUE(bool(runner)) << runner.error().format();
  EXPECT_EQ((*runner)->largestSize(1, 0), 0u);
  EXPECT_FALSE(bool((*runner)->find("head")));
  float number = 0;
  Array arrays[] = {{&number}};
  Status status = (*runner)->call(1, sizesOf(0), arrays, arrays);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().why, "the package has no code for it here");
}

TEST_P(FunctionRunnerTest, StatesBecomeZerosAgain) {
  auto runner = open();
  ASSERT_TRUE(bool(runner));
  std::vector<int32_t> ids = tokens(3);
  std::vector<float> hidden(3 * toyHidden), zeros(3 * toyHidden, 0.0f);
  int32_t position = 0;
  Array arguments[] = {{ids.data()}, {&position}},
        results[] = {{hidden.data()}};
  ASSERT_TRUE((*runner)->call(0, sizesOf(3), arguments, results).ok());
  std::vector<uint8_t> state(
      model->stateBytes(*model->root().states()->Get(0)));
  ASSERT_TRUE((*runner)->runs().readState(0, state.data()).ok());
  EXPECT_NE(memcmp(state.data(), zeros.data(), zeros.size() * 4), 0);
  ASSERT_TRUE((*runner)->resetStates().ok());
  ASSERT_TRUE((*runner)->runs().readState(0, state.data()).ok());
  EXPECT_EQ(memcmp(state.data(), zeros.data(), zeros.size() * 4), 0);
}

TEST_P(FunctionRunnerTest, AlignedArraysAreUsedWhereTheyLie) {
  auto runner = open();
  ASSERT_TRUE(bool(runner));
  alignas(64) float aligned[2 * toyHidden], out[2 * toyVocabulary + 16];
  for (size_t i = 0; i < std::size(aligned); ++i)
    aligned[i] = float(i % 7) - 3;
  // The same numbers from memory of any alignment.
  for (size_t shift : {0, 1, 3}) {
    std::vector<float> moved(std::size(aligned) + 16);
    float *from = moved.data() + shift;
    memcpy(from, aligned, sizeof(aligned));
    Array arguments[] = {{shift ? from : aligned}}, results[] = {{out + shift}};
    ASSERT_TRUE((*runner)->call(1, sizesOf(2), arguments, results).ok());
    std::vector<float> want = toyLogits(aligned);
    for (int v = 0; v < toyVocabulary; ++v)
      ASSERT_FLOAT_EQ(out[shift + size_t(v)], want[size_t(v)]);
  }
  bool copies = (*runner)->runs().borrow(aligned).address == 0;
  EXPECT_EQ(copies, GetParam() != std::string("cpu"));
  Array elsewhere[] = {{aligned, true}}, results[] = {{out}};
  if (!copies) {
    Status status = (*runner)->call(1, sizesOf(2), elsewhere, results);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, "TZ0809");
  }
}

INSTANTIATE_TEST_SUITE_P(Toy, FunctionRunnerTest,
                         testing::Values("cpu", "toy", "mixed"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

} // namespace
