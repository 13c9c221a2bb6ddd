// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loading and looking up, shared by modules and libraries. Under the lock.
#pragma once

#include "driver/DriverState.h"

namespace terrazzo::emu::driver {

/// Options of a load as the program passes them; results are written back.
struct JitOptions {
  CUjit_option *names = nullptr;
  void **values = nullptr;
  unsigned count = 0;
};

/// Success, or why an option of a load is not one, or not one that is done.
CUresult checkJitOptions(const JitOptions &options,
                         const Architecture &architecture);

CUresult loadModule(Context &context, const char *image,
                    const JitOptions &options,
                    std::shared_ptr<LoadedModule> &result);
void unloadModule(LoadedModule &module);
/// Null when the module has no such kernel.
std::shared_ptr<Function>
functionOf(const std::shared_ptr<LoadedModule> &module,
           const std::string &name);
CUresult findGlobal(const LoadedModule &module, const char *name,
                    CUdeviceptr *address, size_t *bytes);
/// How many blocks of that many threads run on a multiprocessor at once.
int activeBlocks(const Function &function, int threads, size_t sharedBytes);
bool readFile(const char *path, std::string &text);

/// The library's module in the context, loaded when it is first asked for.
CUresult libraryModule(Library &library, Context &context,
                       std::shared_ptr<LoadedModule> &module);
/// The function of a handle that is a function's, or a kernel's: then the one
/// of the current context.
std::shared_ptr<Function> findFunction(const void *handle, Context &context);

} // namespace terrazzo::emu::driver
