// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One kernel from LLVM's dialect to an ELF object. Called on several threads at
// once.
#include "TzCpu/Cpu.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "terrazzo/CodeDefects/CodeDefects.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include <mutex>

using namespace mlir;

namespace terrazzo::tz_cpu {

static std::unique_ptr<llvm::TargetMachine> createMachine(TargetAttr target,
                                                          std::string &error) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  llvm::Triple triple("x86_64-unknown-linux-gnu");
  const llvm::Target *llvmTarget =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!llvmTarget)
    return nullptr;
  llvm::TargetOptions options;
  // Vector constants and jump tables stay relative to the code, so that the
  // image needs no relocation.
  return std::unique_ptr<llvm::TargetMachine>(llvmTarget->createTargetMachine(
      triple, llvmCpu(target), llvmFeatures(target), options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default));
}

static void optimise(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::PipelineTuningOptions tuning;
  // Kernels are written in vectors and unrolled where that pays.
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  tuning.LoopUnrolling = false;
  tuning.LoopInterleaving = false;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2)
      .run(module, modules);
}

static void emit(llvm::Module &module, llvm::TargetMachine &machine,
                 llvm::CodeGenFileType type, SmallVectorImpl<char> &bytes) {
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager codegen;
  machine.addPassesToEmitFile(codegen, stream, nullptr, type);
  codegen.run(module);
}

static void dumpAssembly(const llvm::Module &module,
                         llvm::TargetMachine &machine, StringRef name,
                         const Dump &dump) {
  SmallString<0> text;
  emit(*llvm::CloneModule(module), machine, llvm::CodeGenFileType::AssemblyFile,
       text);
  std::error_code error;
  llvm::raw_fd_ostream file(dump.directory + "/" + name.str() + ".s", error);
  if (!error)
    file << text;
}

FailureOr<Object> compileObject(ModuleOp module, StringRef name,
                                TargetAttr target, const Dump &dump) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code =
      translateModuleToLLVMIR(module, context, name);
  if (!code)
    return module.emitError("kernel '") << name << "' has no form in LLVM's IR";
  std::string error;
  std::unique_ptr<llvm::TargetMachine> machine = createMachine(target, error);
  if (!machine)
    return module.emitError("LLVM has no x86-64 target: ") << error;
  code->setTargetTriple(machine->getTargetTriple());
  code->setDataLayout(machine->createDataLayout());
  code->setPICLevel(llvm::PICLevel::BigPIC);
  for (llvm::Function &function : *code) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", llvmCpu(target));
    function.addFnAttr("target-features", llvmFeatures(target));
    // The image has no library to call: loops must not become memcpy or memset.
    function.addFnAttr("no-builtins");
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
  optimise(*code, *machine);
  avoidCodeDefects(*code, *machine);
  if (dump)
    dumpAssembly(*code, *machine, name, dump);
  SmallVector<char, 0> bytes;
  emit(*code, *machine, llvm::CodeGenFileType::ObjectFile, bytes);
  return Object{name.str(), std::string(bytes.begin(), bytes.end())};
}

} // namespace terrazzo::tz_cpu
