// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions on arrays of the host: on the CPU's team, on a device, and on a
// device with a part of the work beside it.
#include "exec/FunctionRunner.h"
#include "ToyModel.h"
#include "device/DeviceCatalogue.h"

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

  Expected<std::unique_ptr<FunctionRunner>> open(const char *name) {
    auto package =
        PackageFile::open(folder.file(GetParam() + std::string(".tzp")));
    auto weights = formats::GgufFile::open(folder.file("toy.gguf"));
    EXPECT_TRUE(package && weights);
    options.contextSize = 40;
    auto made =
        LoadedModel::create(std::move(*package), std::move(*weights), options);
    if (!made)
      return made.takeError();
    model = std::move(*made);
    return FunctionRunner::open(*model, options, name);
  }

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
  auto runner = open("trunk");
  ASSERT_TRUE(bool(runner)) << runner.error().format();
  EXPECT_EQ((*runner)->largestSize(), 512u);
  std::vector<int32_t> ids = tokens(31);
  std::vector<float> want = toyReference(ids);
  size_t at = 0;
  for (size_t size : {1, 7, 0, 8, 13, 1, 1}) {
    std::vector<float> hidden(size * toyHidden + 1, 99.0f);
    auto position = int32_t(at);
    const void *arguments[] = {ids.data() + at, &position};
    void *results[] = {hidden.data()};
    Status status = (*runner)->call(size, arguments, results);
    ASSERT_TRUE(status.ok()) << status.error().format();
    for (size_t i = 0; i < size * toyHidden; ++i)
      ASSERT_FLOAT_EQ(hidden[i], want[at * toyHidden + i]) << at << " " << i;
    EXPECT_EQ(hidden.back(), 99.0f) << "wrote beyond the last row";
    at += size;
  }
}

TEST_P(FunctionRunnerTest, EachFunctionHasItsOwnSignature) {
  auto runner = open("head");
  ASSERT_TRUE(bool(runner)) << runner.error().format();
  EXPECT_EQ((*runner)->function().arguments()->size(), 1u);
  for (size_t size : {1, 3, 32}) {
    std::vector<float> hidden(size * toyHidden), logits(size * toyVocabulary);
    for (size_t i = 0; i < hidden.size(); ++i)
      hidden[i] = float(i % 11) / 8;
    const void *arguments[] = {hidden.data()};
    void *results[] = {logits.data()};
    Status status = (*runner)->call(size, arguments, results);
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
  auto none = open("body");
  ASSERT_FALSE(bool(none));
  EXPECT_EQ(none.error().code, "TZ0808");
  EXPECT_EQ(none.error().why, "it has trunk, head");
  auto unnamed = open("");
  ASSERT_FALSE(bool(unnamed));
  EXPECT_EQ(unnamed.error().what, "the package has several functions");
  auto runner = open("head");
  ASSERT_TRUE(bool(runner));
  std::vector<float> hidden(33 * toyHidden), logits(33 * toyVocabulary);
  const void *arguments[] = {hidden.data()};
  void *results[] = {logits.data()};
  Status status = (*runner)->call(33, arguments, results);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "TZ0809");
  EXPECT_EQ(status.error().why,
            "its size is 33, and code was made for up to 32");
}

INSTANTIATE_TEST_SUITE_P(Toy, FunctionRunnerTest,
                         testing::Values("cpu", "toy", "mixed"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

} // namespace
