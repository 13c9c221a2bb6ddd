// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// No known defect of LLVM's code generator shows in the code that is made
// after avoidCodeDefects. The code is read, so this holds for processors that
// the machine is not. TERRAZZO_CODE_CASES sets the number of random functions.
#include "RandomMasked.h"

#include "terrazzo/CodeDefects/CodeDefects.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "gtest/gtest.h"

using namespace llvm;
using namespace terrazzo;
using namespace terrazzo::test;

namespace {

/// How the kernels of the processor are made, and those of emulated devices.
struct Level {
  const char *name;
  CodeGenOptLevel code;
  bool optimise;
};
constexpr Level levels[] = {{"default", CodeGenOptLevel::Default, true},
                            {"less", CodeGenOptLevel::Less, false}};

std::unique_ptr<TargetMachine> machineFor(StringRef processor, Level level) {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  Triple triple("x86_64-unknown-linux-gnu");
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  return std::unique_ptr<TargetMachine>(
      target->createTargetMachine(triple, processor, "", TargetOptions(),
                                  Reloc::PIC_, CodeModel::Small, level.code));
}

void optimise(Module &module, TargetMachine &machine) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager callGraph;
  ModuleAnalysisManager modules;
  PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O2)
      .run(module, modules);
}

std::string assemblyOf(const Module &original, StringRef processor, Level level,
                       bool guarded) {
  auto module = CloneModule(original);
  auto machine = machineFor(processor, level);
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  if (level.optimise)
    optimise(*module, *machine);
  if (guarded)
    avoidCodeDefects(*module, *machine);
  EXPECT_FALSE(verifyModule(*module, &errs()));
  SmallString<0> text;
  raw_svector_ostream stream(text);
  legacy::PassManager passes;
  machine->addPassesToEmitFile(passes, stream, nullptr,
                               CodeGenFileType::AssemblyFile);
  passes.run(*module);
  return std::string(text);
}

enum class Verdict { Right, Wrong, Unread };

Verdict judge(StringRef assembly, const MaskedCase &test, std::string &reason) {
  AssemblyMachine machine(assembly);
  for (const MaskedCase::Argument &argument : test.arguments)
    switch (argument.kind) {
    case MaskedCase::Argument::Vector:
      machine.vectorArgument(argument.bytes);
      break;
    case MaskedCase::Argument::Pointer:
      machine.pointerArgument(argument.bytes);
      break;
    case MaskedCase::Argument::Mask:
      machine.integerArgument(argument.mask);
      break;
    }
  if (!machine.run(test.name, reason))
    return Verdict::Unread;
  return machine.result(test.expected.size()) == test.expected ? Verdict::Right
                                                               : Verdict::Wrong;
}

const CodeDefect &defectNamed(StringRef name) {
  return *llvm::find_if(codeDefects(), [&](const CodeDefect &defect) {
    return defect.name == name;
  });
}

std::unique_ptr<Module> probeOf(const CodeDefect &defect,
                                LLVMContext &context) {
  SMDiagnostic diagnostic;
  return parseAssemblyString(defect.probe, diagnostic, context);
}

/// Whether the code of the masked-logic probe computes what its IR says.
bool probeIsRight(StringRef assembly) {
  std::mt19937_64 random(1);
  MaskedCase test{"probe", {}, {}};
  Bytes a(64), b(64);
  for (size_t byte = 0; byte < 64; ++byte)
    a[byte] = random(), b[byte] = random();
  uint64_t mask = 0xa5c3;
  test.expected = a;
  for (size_t lane = 0; lane < 16; ++lane)
    if (mask >> lane & 1)
      for (size_t byte = 4 * lane; byte < 4 * lane + 4; ++byte) {
        uint8_t sign = byte % 4 == 3 ? 0x80 : 0;
        test.expected[byte] = (a[byte] & sign) | (b[byte] & ~sign);
      }
  test.arguments = {{MaskedCase::Argument::Vector, a, 0},
                    {MaskedCase::Argument::Vector, b, 0},
                    {MaskedCase::Argument::Mask, {}, mask}};
  std::string reason;
  Verdict verdict = judge(assembly, test, reason);
  EXPECT_NE(verdict, Verdict::Unread) << reason;
  return verdict == Verdict::Right;
}

void runProbe() {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  auto builder = cantFail(orc::JITTargetMachineBuilder::detectHost());
  auto machine = cantFail(builder.createTargetMachine());
  auto context = std::make_unique<LLVMContext>();
  std::string text = defectNamed("masked-logic").probe.str() + R"(
define void @run(ptr %pa, ptr %pb, i16 %bits, ptr %out) {
  %a = load <16 x i32>, ptr %pa, align 4
  %b = load <16 x i32>, ptr %pb, align 4
  %merged = call <16 x i32> @probe(<16 x i32> %a, <16 x i32> %b, i16 %bits)
  store <16 x i32> %merged, ptr %out, align 4
  ret void
}
)";
  SMDiagnostic diagnostic;
  auto module = parseAssemblyString(text, diagnostic, *context);
  ASSERT_TRUE(module) << diagnostic.getMessage().str();
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  avoidCodeDefects(*module, *machine);
  auto jit = cantFail(orc::LLJITBuilder()
                          .setJITTargetMachineBuilder(builder)
                          .setPlatformSetUp(orc::setUpInactivePlatform)
                          .create());
  cantFail(jit->addIRModule(
      orc::ThreadSafeModule(std::move(module), std::move(context))));
  auto run = cantFail(jit->lookup("run"))
                 .toPtr<void (*)(const uint32_t *, const uint32_t *, uint16_t,
                                 uint32_t *)>();
  std::array<uint32_t, 16> a, b, out;
  std::mt19937 random(5);
  for (size_t lane = 0; lane < 16; ++lane)
    a[lane] = random(), b[lane] = random();
  run(a.data(), b.data(), 0xa5c3, out.data());
  for (size_t lane = 0; lane < 16; ++lane)
    EXPECT_EQ(out[lane], 0xa5c3 >> lane & 1
                             ? (a[lane] & 0x80000000) | (b[lane] & 0x7fffffff)
                             : a[lane])
        << lane;
}

TEST(CodeDefects, EachIsDescribedAndHasAProbe) {
  ASSERT_FALSE(codeDefects().empty());
  for (const CodeDefect &defect : codeDefects()) {
    LLVMContext context;
    auto module = probeOf(defect, context);
    ASSERT_TRUE(module) << defect.name.str();
    EXPECT_TRUE(module->getFunction("probe")) << defect.name.str();
    EXPECT_FALSE(defect.upstream.empty() || defect.meaning.empty());
  }
}

/// The probe's code at each level, for AVX-512, with the rewriting. Without it
/// this LLVM `shows` the defect, or is a later one and the rewriting may go.
void eachGuardedProbe(StringRef name,
                      function_ref<bool(const std::string &)> shows,
                      function_ref<void(const std::string &)> check) {
  LLVMContext context;
  auto module = probeOf(defectNamed(name), context);
  ASSERT_TRUE(module);
  for (Level level : levels) {
    SCOPED_TRACE(level.name);
    std::string bare = assemblyOf(*module, "x86-64-v4", level, false);
    testing::Test::RecordProperty("defect shows", shows(bare) ? "yes" : "no");
    check(assemblyOf(*module, "x86-64-v4", level, true));
  }
}

TEST(CodeDefects, ProbeOfMaskedLogicIsComputedRight) {
  auto shows = [](const std::string &code) { return !probeIsRight(code); };
  eachGuardedProbe("masked-logic", shows, [](const std::string &guarded) {
    EXPECT_TRUE(probeIsRight(guarded)) << guarded;
    EXPECT_EQ(AssemblyMachine::maskedLogicWithMemory(guarded), 0u) << guarded;
  });
}

/// One element of 16 bits is written, and none of 32.
TEST(CodeDefects, ProbeOfMaskedStoresWritesOneElement) {
  auto wide = [](const std::string &code) {
    return StringRef(code).contains("movl\t%eax, (%rdi)") ||
           StringRef(code).contains("vmovd\t%xmm0, (%rdi)");
  };
  eachGuardedProbe("masked-stores", wide, [&](const std::string &guarded) {
    EXPECT_FALSE(wide(guarded)) << guarded;
    bool narrow = StringRef(guarded).contains("movw\t%ax, (%rdi)") ||
                  StringRef(guarded).contains("vpextrw\t$0, %xmm0, (%rdi)");
    EXPECT_TRUE(narrow) << guarded;
  });
}

/// Runs the probe as code for this processor; only AVX-512 has the defect.
TEST(CodeDefects, ProbeRunsRightOnAvx512) {
  if (!sys::getHostCPUFeatures().lookup("avx512f"))
    GTEST_SKIP() << "this processor has no AVX-512; its code is read above";
  runProbe();
}

TEST(CodeDefects, ProbeRunsRightHere) { runProbe(); }

TEST(CodeDefects, OtherProcessorsKeepTheirCode) {
  LLVMContext context;
  auto module = probeOf(defectNamed("masked-logic"), context);
  ASSERT_TRUE(module);
  for (Level level : levels)
    EXPECT_EQ(assemblyOf(*module, "x86-64-v3", level, false),
              assemblyOf(*module, "x86-64-v3", level, true));
}

TEST(CodeDefects, RandomMaskedLogicIsComputedRight) {
  const char *wanted = getenv("TERRAZZO_CODE_CASES");
  unsigned count = wanted ? unsigned(atoi(wanted)) : 400;
  const char *seed = getenv("TERRAZZO_CODE_SEED");
  std::mt19937_64 random(seed ? strtoull(seed, nullptr, 10) : 7);
  unsigned cases = 0, unread = 0, bareWrong = 0;
  std::string reason;
  while (cases < count) {
    LLVMContext context;
    Module module("random", context);
    std::vector<MaskedCase> tests;
    for (unsigned number = 0; number < 50; ++number)
      tests.push_back(addMaskedCase(module, number, random));
    for (Level level : levels) {
      std::string bare = assemblyOf(module, "x86-64-v4", level, false);
      std::string guarded = assemblyOf(module, "x86-64-v4", level, true);
      for (const MaskedCase &test : tests) {
        bareWrong += judge(bare, test, reason) == Verdict::Wrong;
        Verdict verdict = judge(guarded, test, reason);
        unread += verdict == Verdict::Unread;
        std::string text;
        raw_string_ostream stream(text);
        if (verdict == Verdict::Wrong)
          module.getFunction(test.name)->print(stream);
        ASSERT_TRUE(verdict != Verdict::Wrong) << level.name << "\n"
                                               << text << guarded;
      }
    }
    cases += tests.size();
  }
  RecordProperty("cases", cases);
  RecordProperty("wrong without the rewriting", bareWrong);
  RecordProperty("unread", unread);
  std::cout << cases << " functions at " << std::size(levels) << " levels, "
            << bareWrong << " wrong without the rewriting, " << unread
            << " not read (" << reason << ")\n";
  EXPECT_LE(unread, cases / 20) << reason;
  // The generator reaches the defect where the probe does.
  LLVMContext context;
  auto probe = probeOf(defectNamed("masked-logic"), context);
  if (!probeIsRight(assemblyOf(*probe, "x86-64-v4", levels[1], false))) {
    EXPECT_GT(bareWrong, 0u);
  }
}

} // namespace
