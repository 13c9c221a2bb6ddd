// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a loaded module keeps.
#pragma once

#include "compile/Compiler.h"

namespace terrazzo::emu {

struct Module::State {
  struct Kernel {
    const Function *function = nullptr;
    KernelSource source;
    std::mutex mutex;
    std::unique_ptr<LoadedCode> code;
  };
  ~State();
  bool load(std::string_view text, const Architecture &device, DeviceMemory &to,
            Outcome &outcome);
  Outcome prepare(Kernel &kernel);

  Architecture architecture;
  DeviceMemory *memory = nullptr;
  PtxModule ptx;
  std::map<const Function *, DecodedFunction> decoded;
  std::vector<std::unique_ptr<Kernel>> kernels;
  std::vector<KernelInfo> infos;
  std::vector<GlobalInfo> globals;
  std::map<std::string, uint64_t> variables;

private:
  bool checkTarget(Outcome &outcome);
  bool placeVariables(Outcome &outcome);
  bool initialize(const Variable &variable, Outcome &outcome);
  bool decode(Outcome &outcome);
  bool describeKernels(Outcome &outcome);
};

} // namespace terrazzo::emu
