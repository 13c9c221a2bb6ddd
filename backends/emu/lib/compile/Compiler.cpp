// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM IR of a kernel and its object code.
#include "compile/Compiler.h"

#include "compile/Helpers.h"
#include "compile/Jit.h"
#include "compile/ObjectCache.h"
#include "terrazzo/CodeDefects/CodeDefects.h"

#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/xxhash.h>
#include <llvm/Target/TargetMachine.h>

#include <atomic>

namespace terrazzo::emu {

namespace {

/// Raised by every change of what compiled code looks like or relies on.
constexpr std::string_view compilerRevision = "terrazzo-emu-ptx 3";

std::atomic<uint64_t> compiled{0}, loaded{0};

/// All that the object code depends on, as text.
std::string keyText(const KernelSource &source) {
  std::string text(compilerRevision);
  auto add = [&](std::string_view part) {
    text += '\0';
    text += part;
  };
  add(Jit::instance().description());
  add(source.module->targetName);
  for (const DecodedFunction *decoded : source.functions) {
    add(decoded->function->body);
    // Faults name lines of the text.
    add(std::to_string(decoded->function->line));
  }
  for (const auto &function : source.module->functions)
    add(function->name);
  for (auto [name, function] : source.module->aliases) {
    add(name);
    add(function);
  }
  for (const Variable &variable : source.module->variables) {
    add(variable.name);
    auto place = source.shared.places.find(&variable);
    add(std::to_string(int(variable.space)) + ":" +
        std::to_string(variable.bytes) + ":" +
        (place == source.shared.places.end() ? std::string()
                                             : std::to_string(place->second)));
  }
  return text;
}

llvm::Function *declareFunction(llvm::Module &module, const std::string &name,
                                bool entry) {
  llvm::LLVMContext &context = module.getContext();
  auto *pointer = llvm::PointerType::get(context, 0);
  auto *type =
      llvm::FunctionType::get(llvm::Type::getVoidTy(context),
                              {pointer, llvm::Type::getInt32Ty(context),
                               llvm::Type::getInt64Ty(context), pointer},
                              false);
  auto *function =
      llvm::Function::Create(type,
                             entry ? llvm::GlobalValue::ExternalLinkage
                                   : llvm::GlobalValue::InternalLinkage,
                             name, module);
  function->setDoesNotThrow();
  function->addFnAttr("prefer-vector-width", "512");
  function->addFnAttr("min-legal-vector-width", "512");
  function->addFnAttr(llvm::Attribute::NoRedZone);
  // A large frame must not step over the page that guards the stack.
  function->addFnAttr("probe-stack", "inline-asm");
  function->addParamAttr(0, llvm::Attribute::NoAlias);
  return function;
}

void emitModule(const KernelSource &source, llvm::Module &module) {
  CompileScope scope;
  scope.module = source.module;
  scope.shared = source.shared;
  scope.localAlignment = source.localAlignment;
  scope.wideHalf = Jit::instance().convertsHalf();
  bool indirect = false;
  for (const DecodedFunction *decoded : source.functions) {
    bool entry = decoded == source.kernel;
    std::string name =
        entry ? std::string("emu.kernel")
              : "emu.function." + std::string(decoded->function->name);
    scope.functions[decoded->function] = declareFunction(module, name, entry);
    indirect |= decoded->indirectCalls;
  }
  if (indirect) {
    auto *pointer = llvm::PointerType::get(module.getContext(), 0);
    std::vector<llvm::Constant *> table;
    for (const auto &function : source.module->functions) {
      auto found = scope.functions.find(function.get());
      bool callable = found != scope.functions.end() && !function->kernel;
      table.push_back(callable ? static_cast<llvm::Constant *>(found->second)
                               : llvm::ConstantPointerNull::get(pointer));
    }
    auto *type = llvm::ArrayType::get(pointer, table.size());
    scope.functionTable = new llvm::GlobalVariable(
        module, type, true, llvm::GlobalValue::PrivateLinkage,
        llvm::ConstantArray::get(type, table), "functions");
  }
  for (const DecodedFunction *decoded : source.functions)
    Emitter(scope, *decoded, scope.functions[decoded->function]).emitFunction();
}

std::unique_ptr<llvm::MemoryBuffer> makeObject(const KernelSource &source,
                                               Outcome &outcome) {
  auto fail = [&](const std::string &text) {
    outcome.fault = Fault::Internal;
    outcome.text = "kernel '" + std::string(source.kernel->function->name) +
                   "' cannot be compiled: " + text;
    return nullptr;
  };
  llvm::LLVMContext context;
  llvm::Module module("kernel", context);
  auto machine = Jit::instance().createTargetMachine();
  if (!machine)
    return fail("this host has no code generator");
  module.setTargetTriple(machine->getTargetTriple());
  module.setDataLayout(machine->createDataLayout());
  emitModule(source, module);
  if (const char *folder = std::getenv("TERRAZZO_EMU_DUMP")) {
    std::error_code error;
    llvm::raw_fd_ostream stream(std::string(folder) + "/" +
                                    std::string(source.kernel->function->name) +
                                    ".ll",
                                error);
    if (!error)
      module.print(stream, nullptr);
  }
  std::string problem;
  llvm::raw_string_ostream problems(problem);
  if (llvm::verifyModule(module, &problems))
    return fail(problem);
  avoidCodeDefects(module, *machine);
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr,
                                   llvm::CodeGenFileType::ObjectFile))
    return fail("this host's code generator writes no objects");
  passes.run(module);
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(
      std::move(bytes), "kernel.o", /*RequiresNullTerminator=*/false);
}

} // namespace

CompileCounts compileCounts() { return {compiled, loaded}; }

std::unique_ptr<LoadedCode>
compileKernel(const KernelSource &source,
              const std::map<std::string, uint64_t> &variables,
              Outcome &outcome) {
  std::string key = keyText(source);
  auto object = ObjectCache::instance().read(key);
  if (object) {
    Outcome ignored;
    if (auto code =
            Jit::instance().load(std::move(object), variables, ignored)) {
      ++loaded;
      return code;
    }
  }
  auto made = makeObject(source, outcome);
  if (!made)
    return nullptr;
  ++compiled;
  ObjectCache::instance().write(key, made->getBuffer());
  return Jit::instance().load(std::move(made), variables, outcome);
}

} // namespace terrazzo::emu
