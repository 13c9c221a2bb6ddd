// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/PackedWeights.h"
#include "ToyModel.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace terrazzo;
using namespace terrazzo::exec;
using namespace terrazzo::test;

namespace {

const std::string key(32, 'a');

Block filled(uint64_t bytes) {
  auto block = Block::allocate(bytes, "a test");
  EXPECT_TRUE(bool(block));
  for (uint64_t i = 0; i < bytes; i += 7)
    block->data()[i] = uint8_t(i * 31 >> 3);
  return std::move(*block);
}

bool readsBack(const std::string &path, const Block &wanted) {
  terrazzo::machine::Team team(2);
  auto block = Block::allocate(wanted.size(), "a test");
  return readPacked(path, key, *block, team) &&
         memcmp(block->data(), wanted.data(), wanted.size()) == 0;
}

} // namespace

TEST(PackedWeights, RoundTrip) {
  for (uint64_t bytes : {64ull, 5ull << 20, 12345600ull}) {
    Folder folder;
    std::string path = packedPath(folder.path + "/a/b", key);
    Block block = filled(bytes);
    EXPECT_FALSE(readsBack(path, block));
    ASSERT_TRUE(writePacked(path, key, block).ok());
    EXPECT_TRUE(readsBack(path, block));
  }
}

TEST(PackedWeights, DamageIsNoticed) {
  Folder folder;
  std::string path = packedPath(folder.path, key);
  Block block = filled(9 << 20);
  ASSERT_TRUE(writePacked(path, key, block).ok());
  uint64_t size = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, size - 1);
  EXPECT_FALSE(readsBack(path, block)) << "cut short";
  std::filesystem::resize_file(path, size);
  EXPECT_FALSE(readsBack(path, block)) << "last byte lost";

  ASSERT_TRUE(writePacked(path, key, block).ok());
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary)
          .seekp(5 << 20)
      << "?";
  EXPECT_FALSE(readsBack(path, block)) << "a byte in the middle changed";

  ASSERT_TRUE(writePacked(path, std::string(32, 'b'), block).ok());
  EXPECT_FALSE(readsBack(path, block)) << "another key's weights";
}

TEST(PackedWeights, AFullDiskLeavesNothing) {
  Folder folder;
  // A limit on file sizes fails as a full disk does.
  pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{1 << 20, 1 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    Block block = filled(4 << 20);
    Status status = writePacked(packedPath(folder.path, key), key, block);
    ::_exit(status.ok() ? 1 : status.error().code == "TZ0710" ? 0 : 2);
  }
  int result;
  ASSERT_EQ(::waitpid(child, &result, 0), child);
  EXPECT_EQ(result, 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path + "/packed"));
}

TEST(PackedWeights, WhatAKilledWriterLeftIsRemoved) {
  Folder folder;
  pid_t gone = ::fork();
  if (gone == 0)
    ::_exit(0);
  int result;
  ::waitpid(gone, &result, 0);
  std::string packed = folder.path + "/packed";
  std::filesystem::create_directory(packed);
  std::string left = packed + "/.writing-" + std::to_string(gone) + "-abcdef";
  std::string mine =
      packed + "/.writing-" + std::to_string(::getpid()) + "-abcdef";
  std::ofstream(left) << "half";
  std::ofstream(mine) << "half";
  Block block = filled(64);
  ASSERT_TRUE(writePacked(packedPath(folder.path, key), key, block).ok());
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(mine));
}

TEST(PackedWeights, TwoWritersAtOnce) {
  Folder folder;
  std::string path = packedPath(folder.path, key);
  Block block = filled(6 << 20);
  pid_t child = ::fork();
  if (child == 0) {
    for (int i = 0; i < 10; ++i)
      if (!writePacked(path, key, block).ok())
        ::_exit(1);
    ::_exit(0);
  }
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(writePacked(path, key, block).ok());
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(readsBack(path, block));
  int result;
  ::waitpid(child, &result, 0);
  EXPECT_EQ(result, 0);
}

TEST(PackedWeights, TheKeyFollowsContentAndLayout) {
  using package::PackageT;
  auto keyOf = [](void (*change)(PackageT &),
                  const std::string &content = "content") {
    PackageCode code;
    PackageT made = toyPackage(code, "cpu:x86-64-v3");
    change(made);
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(package::Package::Pack(builder, &made));
    const auto &root = *package::GetPackage(builder.GetBufferPointer());
    return packedKey(root, *root.variants()->Get(0), content);
  };
  std::string plain = keyOf([](PackageT &) {});
  EXPECT_EQ(plain.size(), 32u);
  EXPECT_EQ(plain, keyOf([](PackageT &) {}));
  EXPECT_NE(plain, keyOf([](PackageT &) {}, "other")) << "other weights";
  // Not what the package was compiled from: it may be another's content.
  EXPECT_EQ(plain, keyOf([](PackageT &p) { p.weights[1]->hash = "other"; }));
  EXPECT_NE(plain, keyOf([](PackageT &p) {
              p.variants[0]->packed[0]->layout = "other";
            }));
  EXPECT_NE(plain, keyOf([](PackageT &p) {
              p.variants[0]->packer_version = "toy 2";
            }));
  EXPECT_NE(plain, keyOf([](PackageT &p) { p.weights[1]->offset += 64; }));
}
