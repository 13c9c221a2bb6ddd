// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler's protocol, spoken by small scripts.
#include "compile/CompilerProcess.h"
#include "ToyModel.h"

#include <chrono>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

using namespace terrazzo;
using namespace terrazzo::exec;
using namespace terrazzo::test;

namespace {

/// Runs `body` as a compiler.
Expected<std::string> runScript(const std::string &body,
                                const CompilerListener &listener = {},
                                const std::atomic<bool> *cancelled = nullptr) {
  Folder folder;
  std::string path = folder.file("compiler");
  std::ofstream(path) << "#!/bin/sh\n" << body;
  ::chmod(path.c_str(), 0700);
  return runCompiler(path, {"--model", "a b"}, listener, cancelled);
}

} // namespace

TEST(CompilerProcess, EventsArrive) {
  CompilerListener listener;
  std::vector<std::string> heard;
  listener.progress = [&](const std::string &stage, uint64_t done,
                          uint64_t total) {
    heard.push_back(stage + " " + std::to_string(done) + "/" +
                    std::to_string(total));
  };
  listener.remark = [&](const std::string &pass, const std::string &text,
                        const std::string &) {
    heard.push_back(pass + ": " + text);
  };
  auto done = runScript(R"(
echo '{"event":"progress","stage":"kernels","done":3,"total":40}'
echo 'no JSON at all'
echo '{"event":"remark","pass":"fuse","text":"fused","location":""}'
test "$2" = "a b" || exit 1
printf '{"event":"done","bytes":7}'
)",
                        listener);
  ASSERT_TRUE(bool(done)) << done.error().format();
  EXPECT_EQ(*done, R"({"event":"done","bytes":7})");
  EXPECT_EQ(heard, (std::vector<std::string>{"kernels 3/40", "fuse: fused"}));
}

TEST(CompilerProcess, ErrorsKeepTheirFourPartsAndExitCode) {
  auto done = runScript(R"(
echo '{"event":"diagnostic","severity":"error","code":"TZ0123","what":"a","where":"b","why":"c","help":"d"}'
exit 3
)");
  ASSERT_FALSE(bool(done));
  EXPECT_EQ(done.error().exit, ExitCode::ModelNotSupported);
  EXPECT_EQ(done.error().code, "TZ0123");
  EXPECT_EQ(done.error().help, "d");
}

TEST(CompilerProcess, DeathsAreExplained) {
  EXPECT_EQ(runScript("kill -9 $$").error().exit, ExitCode::OutOfMemory);
  EXPECT_EQ(runScript("kill -SEGV $$").error().exit, ExitCode::Internal);
  EXPECT_EQ(runScript("exit 77").error().exit, ExitCode::Internal);
  EXPECT_EQ(runScript("exit 70").error().exit, ExitCode::Internal);
  auto missing = runCompiler("/nonexistent/compiler", {}, {});
  EXPECT_EQ(missing.error().exit, ExitCode::TargetUnavailable);
}

TEST(CompilerProcess, CanBeCancelled) {
  std::atomic<bool> cancelled{true};
  auto begin = std::chrono::steady_clock::now();
  auto done = runScript("exec sleep 60", {}, &cancelled);
  ASSERT_FALSE(bool(done));
  EXPECT_EQ(done.error().exit, ExitCode::Interrupted);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}
