// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Objects into this process's memory, linked to the functions they call.
#pragma once

#include "compile/Compiler.h"

#include <llvm/ExecutionEngine/Orc/LLJIT.h>

namespace terrazzo::emu {

class Jit {
public:
  static Jit &instance();
  std::unique_ptr<llvm::TargetMachine> createTargetMachine();
  std::unique_ptr<LoadedCode>
  load(std::unique_ptr<llvm::MemoryBuffer> object,
       const std::map<std::string, uint64_t> &variables, Outcome &outcome);
  /// The host as far as code depends on it.
  const std::string &description() const { return text; }
  bool convertsHalf() const { return half; }

private:
  Jit();
  std::unique_ptr<llvm::orc::JITTargetMachineBuilder> builder;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  llvm::orc::JITDylib *helpers = nullptr;
  std::string text, problem;
  bool half = false;
  std::mutex mutex;
  uint64_t count = 0;
};

} // namespace terrazzo::emu
