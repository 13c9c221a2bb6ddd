// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/Jit.h"

#include "compile/Helpers.h"
#include "lanes/LaneTables.h"

#include <llvm/ExecutionEngine/Orc/AbsoluteSymbols.h>
#include <llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <link.h>

namespace terrazzo::emu {

namespace {
class JitCode : public LoadedCode {
public:
  JitCode(llvm::orc::LLJIT &jit, llvm::orc::JITDylib &library)
      : jit(jit), library(library) {}
  ~JitCode() override {
    llvm::consumeError(jit.getExecutionSession().removeJITDylib(library));
  }

private:
  llvm::orc::LLJIT &jit;
  llvm::orc::JITDylib &library;
};

/// Adds the build id of the file that this function came from: code of another
/// build of the executor may mean something else. Empty without one.
int addOwnBuildId(dl_phdr_info *info, size_t, void *text) {
  auto own = reinterpret_cast<ElfW(Addr)>(&addOwnBuildId);
  auto inside = [&](const ElfW(Phdr) & header) {
    ElfW(Addr) begin = info->dlpi_addr + header.p_vaddr;
    return header.p_type == PT_LOAD && own >= begin &&
           own < begin + header.p_memsz;
  };
  const ElfW(Phdr) *first = info->dlpi_phdr, *last = first + info->dlpi_phnum;
  if (std::none_of(first, last, inside))
    return 0;
  for (const ElfW(Phdr) *header = first; header != last; ++header) {
    if (header->p_type != PT_NOTE)
      continue;
    auto *at =
        reinterpret_cast<const char *>(info->dlpi_addr + header->p_vaddr);
    const char *end = at + header->p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) note;
      memcpy(&note, at, sizeof(note));
      const char *id = at + sizeof(note) + (note.n_namesz + 3) / 4 * 4;
      if (note.n_type == NT_GNU_BUILD_ID && id + note.n_descsz <= end)
        static_cast<std::string *>(text)->append(id, note.n_descsz);
      at = id + (note.n_descsz + 3) / 4 * 4;
    }
  }
  return 1;
}
} // namespace

Jit &Jit::instance() {
  // Never destroyed: code may run while static objects go.
  static Jit *made = new Jit;
  return *made;
}

Jit::Jit() {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto detected = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!detected) {
    problem = llvm::toString(detected.takeError());
    return;
  }
  builder = std::make_unique<llvm::orc::JITTargetMachineBuilder>(
      std::move(*detected));
  builder->setCodeGenOptLevel(llvm::CodeGenOptLevel::Less);
  builder->setRelocationModel(llvm::Reloc::PIC_);
  builder->getOptions().AllowFPOpFusion = llvm::FPOpFusion::Strict;
  auto features = llvm::sys::getHostCPUFeatures();
  half = features.lookup("f16c") || features.lookup("fullfp16") ||
         builder->getTargetTriple().isAArch64();
  text = builder->getTargetTriple().str() + "\n" + builder->getCPU() + "\n" +
         builder->getFeatures().getString() + "\n" + LLVM_VERSION_STRING + "\n";
  dl_iterate_phdr(addOwnBuildId, &text);

  llvm::orc::LLJITBuilder maker;
  maker.setJITTargetMachineBuilder(*builder);
  maker.setPlatformSetUp(llvm::orc::setUpInactivePlatform);
  maker.setLinkProcessSymbolsByDefault(false);
  auto made = maker.create();
  if (!made) {
    problem = llvm::toString(made.takeError());
    return;
  }
  jit = std::move(*made);
  auto library = jit->createJITDylib("helpers");
  if (!library) {
    problem = llvm::toString(library.takeError());
    return;
  }
  helpers = &*library;
  llvm::orc::SymbolMap symbols;
  auto add = [&](const std::string &name, void *address) {
    symbols[jit->mangleAndIntern(name)] = {
        llvm::orc::ExecutorAddr::fromPtr(address),
        llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  };
  for (const Symbol &symbol : flowSymbols())
    add(std::string(symbol.name), symbol.address);
  eachLaneFunction([&](const LaneEntry &entry) {
    add("emu.lane." + std::string(entry.name),
        reinterpret_cast<void *>(entry.function));
  });
  if (auto error = helpers->define(llvm::orc::absoluteSymbols(symbols)))
    problem = llvm::toString(std::move(error));
}

std::unique_ptr<llvm::TargetMachine> Jit::createTargetMachine() {
  if (!builder)
    return nullptr;
  auto made =
      llvm::orc::JITTargetMachineBuilder(*builder).createTargetMachine();
  if (!made) {
    llvm::consumeError(made.takeError());
    return nullptr;
  }
  return std::move(*made);
}

std::unique_ptr<LoadedCode>
Jit::load(std::unique_ptr<llvm::MemoryBuffer> object,
          const std::map<std::string, uint64_t> &variables, Outcome &outcome) {
  auto fail = [&](std::string why) {
    outcome.fault = Fault::Internal;
    outcome.text = "compiled code cannot be linked: " + why;
    return nullptr;
  };
  if (!problem.empty() || !jit)
    return fail(problem);
  std::string name;
  {
    std::lock_guard lock(mutex);
    name = "kernel" + std::to_string(count++);
  }
  auto library = jit->createJITDylib(name);
  if (!library)
    return fail(llvm::toString(library.takeError()));
  auto code = std::make_unique<JitCode>(*jit, *library);
  library->addToLinkOrder(*helpers);
  llvm::orc::SymbolMap symbols;
  for (const auto &[variable, address] : variables)
    symbols[jit->mangleAndIntern("emu.variable." + variable)] = {
        llvm::orc::ExecutorAddr(address), llvm::JITSymbolFlags::Exported};
  if (!symbols.empty())
    if (auto error = library->define(llvm::orc::absoluteSymbols(symbols)))
      return fail(llvm::toString(std::move(error)));
  if (auto error = jit->addObjectFile(*library, std::move(object)))
    return fail(llvm::toString(std::move(error)));
  auto entry = jit->lookup(*library, "emu.kernel");
  if (!entry)
    return fail(llvm::toString(entry.takeError()));
  code->entry = entry->toPtr<KernelEntry>();
  return code;
}

} // namespace terrazzo::emu
