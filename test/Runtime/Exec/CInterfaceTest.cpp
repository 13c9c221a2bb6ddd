// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CInterface.h"
#include "ToyModel.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>

using namespace terrazzo;
using namespace terrazzo::test;

TEST(CInterface, Steps) {
  Folder folder;
  writeToyModel(folder.file("toy.gguf"));
  writeToyPackage(folder.file("toy.tzp"));
  std::vector<int32_t> ids = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3};
  std::vector<float> logits(toyVocabulary);
  ASSERT_EQ(stepInC(folder.file("toy.tzp").c_str(),
                    folder.file("toy.gguf").c_str(), ids.data(), ids.size(),
                    logits.data()),
            0);
  auto wanted = toyLogits(&toyReference(ids)[9 * toyHidden]);
  for (int v = 0; v < toyVocabulary; ++v)
    EXPECT_FLOAT_EQ(logits[v], wanted[v]);
  EXPECT_EQ(queryAsOlderCaller(folder.file("toy.tzp").c_str(),
                               folder.file("toy.gguf").c_str()),
            uint32_t(toyVocabulary));
  int32_t bad = -1;
  EXPECT_EQ(stepInC(folder.file("toy.tzp").c_str(),
                    folder.file("toy.gguf").c_str(), &bad, 1, logits.data()),
            int(ExitCode::Usage));
}

TEST(CInterface, OpensDevices) {
  Folder folder;
  writeToyModel(folder.file("toy.gguf"));
  writeToyBothPackage(folder.file("toy.tzp"));
  std::ofstream(folder.file("toy.json"))
      << R"({"devices": [{"name": "toy:*", "plugin": ")" TERRAZZO_TOY_DEVICE
         R"("}]})";
  ::setenv("TERRAZZO_DEVICE_PATH", folder.path.c_str(), 1);
  auto open = [&](const char *device, uint32_t &threads) {
    return openOnDeviceInC(folder.file("toy.tzp").c_str(),
                           folder.file("toy.gguf").c_str(), device, &threads);
  };
  uint32_t threads = 77;
  EXPECT_EQ(open("toy:0", threads), 0);
  EXPECT_EQ(threads, 0u);
  EXPECT_EQ(open("cpu", threads), 0);
  EXPECT_GT(threads, 0u);
  EXPECT_EQ(open("toy:absent", threads), 4);
  EXPECT_EQ(open("nosuch", threads), 4);
  ::unsetenv("TERRAZZO_DEVICE_PATH");
}

TEST(CInterface, SaysWhatWentWrong) {
  char text[64];
  EXPECT_EQ(openNothingInC(text, sizeof(text)), 1);
  EXPECT_EQ(std::string(text).substr(0, 6), "error[");
  char tiny[1] = {'x'};
  openNothingInC(tiny, sizeof(tiny));
  EXPECT_EQ(tiny[0], '\0');
}

TEST(CInterface, HostDeviceLaunches) {
  exec::PackageCode code;
  auto package = toyPackage(code, "cpu:x86-64-v3");
  const auto &variant = *package.variants[0];
  size_t text = 0;
  while (!variant.segments[text]->executable)
    ++text;
  uint64_t entry =
      variant.entries[0]->address - variant.segments[text]->address;
  std::vector<float> head = toyHead(), packed(head.size());
  ASSERT_EQ(launchInC("cpu:x86-64-v3", code[0][text].data(),
                      code[0][text].size(), entry, head.data(), packed.data(),
                      head.size() * sizeof(float), toyHidden),
            0);
  for (int v = 0; v < toyVocabulary; ++v)
    for (int h = 0; h < toyHidden; ++h)
      EXPECT_EQ(packed[h * toyVocabulary + v], head[v * toyHidden + h]);
}
