// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A decoded kernel, with the functions it reaches, to machine code: LLVM IR,
// object code (kept on disk by content), code in memory.
#pragma once

#include "Scheduler.h"
#include "compile/Emitter.h"
#include "decode/Decoder.h"

namespace terrazzo::emu {

/// Everything that one kernel's code is made from.
struct KernelSource {
  const PtxModule *module = nullptr;
  const DecodedFunction *kernel = nullptr;
  /// The kernel first.
  std::vector<const DecodedFunction *> functions;
  SharedLayout shared;
  uint64_t localBytes = 0;      ///< of each lane, with the deepest calls
  uint64_t localAlignment = 16; ///< the greatest of any frame's variable
};

/// Finds the functions that the kernel reaches, lays out its shared memory and
/// adds up its frames.
KernelSource
collectKernel(const PtxModule &module,
              const std::map<const Function *, DecodedFunction> &functions,
              const Function &kernel);

/// Code in memory; taken out of it with this.
class LoadedCode {
public:
  virtual ~LoadedCode() = default;
  KernelEntry entry = nullptr;
};

/// `variables`: addresses of the module's globals and constants, by name.
/// Null: `outcome` says why.
std::unique_ptr<LoadedCode>
compileKernel(const KernelSource &source,
              const std::map<std::string, uint64_t> &variables,
              Outcome &outcome);

/// How many kernels this process has compiled and taken from disk, for tests.
struct CompileCounts {
  uint64_t compiled, loaded;
};
CompileCounts compileCounts();

} // namespace terrazzo::emu
