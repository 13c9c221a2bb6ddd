// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file that is cut short while it is mapped.
#include "formats/FaultGuard.h"
#include "GgufWriter.h"

#include <gtest/gtest.h>

using namespace terrazzo;
using namespace terrazzo::test;

namespace {

std::string large() {
  return GgufWriter()
      .string("general.architecture", "llama")
      .tensor("big", 0, {1 << 20}, std::string(4 << 20, 'x'))
      .bytes();
}

uint64_t sumAll(const formats::ModelFile &file) {
  uint64_t sum = 0;
  const auto &tensor = file.tensors()[0];
  for (uint64_t i = 0; i < tensor.bytes; i += 4096)
    sum += file.tensorData(tensor)[i];
  return sum;
}

TEST(FaultGuard, SubstitutesAndReports) {
  formats::installFaultGuard(formats::FaultPolicy::Substitute);
  TemporaryFile temporary(large());
  auto file = formats::ModelFile::open(temporary.path());
  ASSERT_TRUE(bool(file));
  EXPECT_EQ(sumAll(**file), 1024u * 'x');
  EXPECT_TRUE((*file)->intact().ok());
  ASSERT_EQ(::truncate(temporary.path().c_str(), 1 << 20), 0);
  EXPECT_LT(sumAll(**file), 300u * 'x');
  ASSERT_FALSE((*file)->intact().ok());
  EXPECT_EQ((*file)->intact().error().code, "TZ0115");
}

TEST(FaultGuardDeathTest, EndsWithAnError) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  TemporaryFile temporary(large());
  EXPECT_EXIT(
      {
        formats::installFaultGuard(formats::FaultPolicy::Exit);
        auto file = formats::ModelFile::open(temporary.path());
        if (file && ::truncate(temporary.path().c_str(), 1 << 20) == 0)
          ::_exit(int(sumAll(**file) & 1));
      },
      testing::ExitedWithCode(1), "error.TZ0115.: the file became unreadable");
}

} // namespace
