// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which package fits, with a script in the compiler's place that copies the toy
// package and counts how often it was asked.
#include "compile/PackageCache.h"
#include "ToyModel.h"
#include "compile/CacheFolder.h"
#include "exec/ModelHash.h"
#include "machine/CpuTarget.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/time.h>

using namespace terrazzo;
using namespace terrazzo::exec;
using namespace terrazzo::test;

namespace {

class PackageCacheTest : public testing::Test {
protected:
  void SetUp() override {
    writeToyModel(model);
    writeToyPackage(folder.file("toy.tzp"));
    writeCompiler("");
    request.target = "cpu:x86-64-v3";
    request.cacheFolder = folder.file("cache");
    request.compiler = folder.file("compiler");
  }

  void writeCompiler(const std::string &comment) {
    std::string path = folder.file("compiler");
    std::ofstream(path) << "#!/bin/sh\n# " << comment << "\necho . >> "
                        << folder.file("calls") << "\ncp "
                        << folder.file("toy.tzp") << " \"$6\"\n";
    ::chmod(path.c_str(), 0700);
  }

  bool obtain() {
    auto file = formats::ModelFile::open(model);
    EXPECT_TRUE(bool(file));
    auto obtained = obtainPackage({(*file)->path(), "", file->get()}, request);
    EXPECT_TRUE(bool(obtained)) << obtained.error().format();
    return bool(obtained);
  }

  size_t calls() const {
    std::ifstream file(folder.file("calls"));
    return size_t(std::count(std::istreambuf_iterator<char>(file), {}, '.'));
  }

  /// As if the model had been written an hour ago.
  void age() {
    timeval times[2] = {{::time(nullptr) - 3600, 0},
                        {::time(nullptr) - 3600, 0}};
    ::utimes(model.c_str(), times);
  }

  Folder folder;
  std::string model = folder.file("toy.gguf");
  PackageRequest request;
};

} // namespace

TEST_F(PackageCacheTest, CompilesOnce) {
  EXPECT_TRUE(obtain() && obtain());
  EXPECT_EQ(calls(), 1u);
}

TEST_F(PackageCacheTest, WithoutACacheNothingIsKept) {
  request.cacheFolder.clear();
  EXPECT_TRUE(obtain() && obtain());
  EXPECT_EQ(calls(), 2u);
  EXPECT_FALSE(std::filesystem::exists(folder.file("cache")));
}

TEST_F(PackageCacheTest, EveryPartOfTheKeyCounts) {
  EXPECT_TRUE(obtain());
  request.target = "cpu:x86-64-v4";
  EXPECT_TRUE(obtain());
  EXPECT_EQ(calls(), 2u);
  request.fallbackError = true;
  EXPECT_TRUE(obtain());
  EXPECT_EQ(calls(), 3u);
  writeCompiler("another build");
  EXPECT_TRUE(obtain());
  EXPECT_EQ(calls(), 4u);
}

TEST_F(PackageCacheTest, EachPluginIsPartOfTheKey) {
  std::filesystem::create_directory(folder.file("plugins"));
  ::setenv("TERRAZZO_PLUGIN_PATH", folder.file("plugins").c_str(), 1);
  std::string without = compilerFingerprint(request.compiler);
  std::string plugin = folder.file("plugins/libterrazzo-chip.so");
  std::filesystem::copy_file(TERRAZZO_TOY_DEVICE, plugin);
  std::string with = compilerFingerprint(request.compiler);
  std::filesystem::remove(plugin);
  std::filesystem::copy_file(TERRAZZO_TOY_OLD_DEVICE, plugin);
  std::string other = compilerFingerprint(request.compiler);
  ::unsetenv("TERRAZZO_PLUGIN_PATH");
  EXPECT_NE(with.find("libterrazzo-chip.so"), std::string::npos);
  EXPECT_NE(without, with);
  EXPECT_NE(with, other) << "another build has the same key";
}

TEST_F(PackageCacheTest, AChangedModelIsAnotherModel) {
  auto hash = [&] {
    auto file = formats::ModelFile::open(model);
    return modelHash(**file, request.cacheFolder);
  };
  age();
  std::string first = hash();
  EXPECT_EQ(first, hash());
  {
    std::fstream file(model, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-1, std::ios::end);
    file << '!';
  }
  // The same size and, as far as utimes can tell, the same time of change.
  age();
  EXPECT_NE(first, hash());
}

TEST_F(PackageCacheTest, ADamagedEntryIsMadeAgain) {
  EXPECT_TRUE(obtain());
  for (const CacheEntry &entry : listCache(request.cacheFolder))
    if (entry.kind == "package")
      std::filesystem::resize_file(entry.path, entry.bytes / 2);
  EXPECT_TRUE(obtain());
  EXPECT_EQ(calls(), 2u);
}

TEST_F(PackageCacheTest, AnEntryThatFitsAnotherModelIsMadeAgain) {
  PackageCode code;
  auto package =
      toyPackage(code, machine::cpuTargets(machine::hostFeatures()).front());
  package.manifest->settings = {"general.architecture = 'other'"};
  ASSERT_TRUE(writePackage(package, code, folder.file("toy.tzp")).ok());
  EXPECT_TRUE(obtain());
  writeToyPackage(folder.file("toy.tzp"));
  EXPECT_TRUE(obtain() && obtain());
  EXPECT_EQ(calls(), 2u);
}

TEST_F(PackageCacheTest, ClearingLeavesOtherFiles) {
  EXPECT_TRUE(obtain());
  std::ofstream(request.cacheFolder + "/notes") << "mine";
  auto freed = clearCache(request.cacheFolder);
  ASSERT_TRUE(bool(freed));
  EXPECT_GT(*freed, 0u);
  EXPECT_TRUE(listCache(request.cacheFolder).empty());
  EXPECT_TRUE(std::filesystem::exists(request.cacheFolder + "/notes"));
}
