// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Nothing is allocated per token: every entry of the C library's allocator in
// this program counts.
#include "ToyModel.h"
#include "decode/Session.h"

#include <atomic>
#include <gtest/gtest.h>

static std::atomic<uint64_t> allocations{0};

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TERRAZZO_OTHER_ALLOCATOR
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define TERRAZZO_OTHER_ALLOCATOR
#endif

#ifndef TERRAZZO_OTHER_ALLOCATOR
// The tests are built with hidden symbols; these must replace the library's.
#define COUNTED __attribute__((visibility("default")))

extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

COUNTED void *malloc(size_t bytes) {
  ++allocations;
  return __libc_malloc(bytes);
}
COUNTED void *calloc(size_t count, size_t bytes) {
  ++allocations;
  return __libc_calloc(count, bytes);
}
COUNTED void *realloc(void *old, size_t bytes) {
  ++allocations;
  return __libc_realloc(old, bytes);
}
COUNTED void *aligned_alloc(size_t alignment, size_t bytes) {
  ++allocations;
  return __libc_memalign(alignment, bytes);
}
}
#endif

using namespace terrazzo;
using namespace terrazzo::exec;
using decode::Session;
using namespace terrazzo::test;

TEST(Allocation, NothingPerToken) {
#ifdef TERRAZZO_OTHER_ALLOCATOR
  GTEST_SKIP() << "a sanitizer's allocator is in the library's place";
#endif
  Folder folder;
  writeToyModel(folder.file("toy.gguf"));
  writeToyPackage(folder.file("toy.tzp"));
  auto package = PackageFile::open(folder.file("toy.tzp"));
  auto weights = formats::ModelFile::open(folder.file("toy.gguf"));
  ASSERT_TRUE(bool(package) && bool(weights));
  ExecutionOptions options;
  options.threads = {2, /*force=*/true};
  auto session =
      Session::open(std::move(*package), std::move(*weights), options);
  ASSERT_TRUE(bool(session)) << session.error().format();
  std::vector<int32_t> ids(600, 5);
  std::vector<float> logits(40 * toyVocabulary);
  uint64_t before = allocations;
  ASSERT_GT(before, 0u) << "the hook does not count";
  bool good = (*session)->step(ids, logits.data()).ok();
  for (int i = 0; i < 100; ++i)
    good &= (*session)->step({ids.data(), 1}, logits.data()).ok();
  good &= (*session)->step(std::span(ids).first(40)).ok();
  good &= (*session)->logits(0, 40, logits.data()).ok();
  uint64_t after = allocations;
  EXPECT_TRUE(good);
  EXPECT_EQ(after, before);
}
