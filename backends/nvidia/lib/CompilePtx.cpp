// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One kernel from LLVM's dialect to PTX, and on to machine code where ptxas is
// found. Called on several threads at once.
#include "TzNvidia/Nvidia.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "terrazzo/Dialect/Plan/Plan.h"
#include "terrazzo/Target/UserError.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include <mutex>

using namespace mlir;

namespace terrazzo::tz_nvidia {

static std::unique_ptr<llvm::TargetMachine>
createMachine(const Architecture &architecture, std::string &error) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  llvm::Triple triple("nvptx64-nvidia-cuda");
  const llvm::Target *llvmTarget =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!llvmTarget)
    return nullptr;
  return std::unique_ptr<llvm::TargetMachine>(llvmTarget->createTargetMachine(
      triple, architecture.name, architecture.ptx, llvm::TargetOptions(),
      std::nullopt, std::nullopt, llvm::CodeGenOptLevel::Default));
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

static std::string emit(llvm::Module &module, llvm::TargetMachine &machine) {
  SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager codegen;
  machine.addPassesToEmitFile(codegen, stream, nullptr,
                              llvm::CodeGenFileType::AssemblyFile);
  codegen.run(module);
  return text.str().str();
}

static void write(const Dump &dump, StringRef name, StringRef content) {
  std::error_code error;
  llvm::raw_fd_ostream file((dump.directory + "/" + name).str(), error);
  if (!error)
    file << content;
}

/// What the passes noted on the module.
static FailureOr<CodeObject> readNotes(ModuleOp module) {
  auto threads = module->getAttrOfType<IntegerAttr>(kThreadsAttr),
       bindings = module->getAttrOfType<IntegerAttr>(kBindingsAttr);
  auto config = module->getAttrOfType<plan::KernelConfigAttr>("plan.config");
  if (!threads || !bindings || !config)
    return module.emitError("kernel has not passed tz-nvidia-wrap-entry");
  CodeObject object;
  object.threads = threads.getInt();
  object.bindings = bindings.getInt();
  object.dynamicShared = config.getScratch();
  return object;
}

FailureOr<Object> compilePtx(ModuleOp module, StringRef name, TargetAttr target,
                             const Dump &dump) {
  const Architecture &architecture = architectureOf(target);
  FailureOr<CodeObject> object = readNotes(module);
  if (failed(object))
    return failure();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code =
      translateModuleToLLVMIR(module, context, name);
  if (!code)
    return module.emitError("kernel '") << name << "' has no form in LLVM's IR";
  std::string error;
  std::unique_ptr<llvm::TargetMachine> machine =
      createMachine(architecture, error);
  if (!machine)
    return module.emitError("LLVM has no NVPTX target: ") << error;
  code->setTargetTriple(machine->getTargetTriple());
  code->setDataLayout(machine->createDataLayout());
  for (llvm::Function &function : *code)
    if (!function.isDeclaration())
      function.addFnAttr(llvm::Attribute::NoUnwind);
  optimise(*code, *machine);
  object->ptx = emit(*code, *machine);
  if (dump)
    write(dump, (name + ".ptx").str(), object->ptx);
  const Ptxas &ptxas = Ptxas::get();
  if (ptxas.knows(architecture)) {
    if (llvm::Error failed = ptxas.assemble(*object, architecture)) {
      if (failed.isA<NoRoom>())
        return emitUserError(module.getLoc(), noTemporaryFile(llvm::toString(
                                                  std::move(failed))));
      return module.emitError() << llvm::toString(std::move(failed));
    }
    if (dump)
      write(dump, (name + ".cubin").str(), object->cubin);
  }
  return Object{name.str(), object->toBytes()};
}

} // namespace terrazzo::tz_nvidia
