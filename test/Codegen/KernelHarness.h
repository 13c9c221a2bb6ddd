// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles one kernel through a backend and runs it here, so that tests can
// compare it with the float64 reference.
#pragma once

#include "mlir/IR/OwningOpRef.h"
#include "terrazzo/Dialect/Plan/Plan.h"
#include "terrazzo/Target/TargetBackend.h"
#include <string>
#include <vector>

namespace terrazzo::test {

/// A kernel linked and mapped into this process.
class CompiledKernel {
public:
  /// `function` is the text of one tz.func named @kernel. Fails with the
  /// diagnostics in error().
  static std::unique_ptr<CompiledKernel>
  compile(llvm::StringRef function, llvm::StringRef target, int64_t maxTokens);
  ~CompiledKernel();

  /// Runs all workgroups, split evenly among `workers` one after the other,
  /// each with scratch of its own.
  void run(llvm::ArrayRef<void *> bindings, int64_t tokens, int64_t cacheRows,
           int workers);

  tz::FuncOp function();
  /// What went wrong in the last compile that returned null.
  static const std::string &error();
  double compileSeconds = 0;

private:
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> original;
  plan::KernelConfigAttr config;
  void *image = nullptr;
  size_t imageBytes = 0;
  using Entry = void (*)(void *const *, const int64_t *, int64_t, int64_t,
                         void *);
  Entry entry = nullptr;
};

} // namespace terrazzo::test
