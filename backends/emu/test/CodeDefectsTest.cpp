// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A sign copied under a guard, as atan ends: the code that a host with AVX-512
// would run is read on every host, and computed on this one.
#include "Harness.h"

#include "terrazzo/CodeDefects/CodeDefects.h"

#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/IRReader/IRReader.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>

#include <filesystem>
#include <sstream>
#include <unistd.h>

namespace terrazzo::emu::test {

namespace {

constexpr uint32_t sign = 0x80000000;

/// Every odd element of an array p1 becomes that of p0 with its own sign. The
/// process's number makes a text that no cache knows.
std::string body() {
  return "mov.u32 %r9, " + std::to_string(getpid()) + ";\n" + R"(
  mul.wide.u32 %d0, %r99, 4;
  add.u64 %d1, %d90, %d0;
  add.u64 %d2, %d91, %d0;
  ld.global.u32 %r0, [%d1];
  ld.global.u32 %r1, [%d2];
  and.b32 %r2, %r99, 1;
  setp.ne.u32 %p0, %r2, 0;
  and.b32 %r3, %r1, 0x80000000;
  and.b32 %r4, %r0, 0x7fffffff;
  @%p0 or.b32 %r1, %r3, %r4;
  st.global.u32 [%d2], %r1;
  ret;
)";
}

bool hasAvx512() {
  auto features = llvm::sys::getHostCPUFeatures();
  return features.lookup("avx512f");
}

void computeSigns() {
  Device device;
  device.load(kernelText(body()));
  std::vector<uint32_t> values(64), signs(64);
  std::mt19937 random(3);
  for (size_t i = 0; i < 64; ++i)
    values[i] = random(), signs[i] = random();
  Buffer<uint32_t> a(device, values), b(device, signs);
  device.run("k", 1, 64, a.at(), b.at(), uint64_t(0));
  for (size_t i = 0; i < 64; ++i)
    EXPECT_EQ(b[i], i % 2 ? (values[i] & ~sign) | (signs[i] & sign) : signs[i])
        << i;
}

/// Merges of three-operand logic with memory under a mask, in code made of the
/// IR in `file` for x86-64-v4 as the executor makes it.
unsigned suspicious(const std::string &file, bool guarded) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic diagnostic;
  auto module = llvm::parseIRFile(file, diagnostic, context);
  EXPECT_TRUE(module) << diagnostic.getMessage().str();
  if (!module)
    return 0;
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(module->getTargetTriple(), error);
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      module->getTargetTriple(), "x86-64-v4", "", {}, llvm::Reloc::PIC_,
      std::nullopt, llvm::CodeGenOptLevel::Less));
  if (guarded)
    avoidCodeDefects(*module, *machine);
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  machine->addPassesToEmitFile(passes, stream, nullptr,
                               llvm::CodeGenFileType::AssemblyFile);
  passes.run(*module);
  unsigned count = 0;
  std::istringstream lines(std::string(text.str()));
  for (std::string line; std::getline(lines, line);)
    count += line.find("vpternlog") != line.npos &&
             line.find('(') != line.npos && line.find("{%k") != line.npos &&
             line.find("{z}") == line.npos;
  return count;
}

TEST(CodeDefects, ASignUnderAGuardForAvx512) {
#if !defined(__x86_64__)
  GTEST_SKIP() << "this LLVM makes no code for x86-64 here";
#else
  auto folder = std::filesystem::temp_directory_path() /
                ("terrazzo-emu-code-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  setenv("TERRAZZO_EMU_DUMP", folder.c_str(), 1);
  computeSigns();
  unsetenv("TERRAZZO_EMU_DUMP");
  std::string file = folder / "k.ll";
  ASSERT_TRUE(std::filesystem::exists(file));
  // The case is one only while bare code has it, in LLVM before 23.
  if (LLVM_VERSION_MAJOR < 23) {
    EXPECT_GT(suspicious(file, false), 0u);
  }
  EXPECT_EQ(suspicious(file, true), 0u);
  std::filesystem::remove_all(folder);
#endif
}

TEST(CodeDefects, ASignUnderAGuardOnAvx512) {
  if (!hasAvx512())
    GTEST_SKIP() << "this processor has no AVX-512";
  computeSigns();
}

} // namespace

} // namespace terrazzo::emu::test
