// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles one kernel through a backend and runs it here or on a device, so
// that tests can compare it with the float64 reference.
//
// A target is written as users do; "target@device" runs it on the device that
// they call so: "chip:v2@chip:0".
#pragma once

#include "device/Device.h"
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
  compile(llvm::StringRef function, llvm::StringRef target, int64_t maxSize);
  ~CompiledKernel();

  /// Runs all workgroups. Here: split evenly among `workers` one after the
  /// other, each with scratch of its own. On a device, on copies of the
  /// bindings, which are `bytes` long and copied back. False with the words in
  /// error() when the device fails.
  bool run(llvm::ArrayRef<void *> bindings, llvm::ArrayRef<size_t> bytes,
           int64_t tokens, int64_t cacheRows, int workers);

  tz::FuncOp function();
  /// As a package carries it.
  const Artifact &code() const { return artifact; }
  int64_t workgroups(int64_t tokens) const;
  /// What a launch brings: all sizes of the kernel are the tokens.
  llvm::SmallVector<int64_t> sizes(int64_t tokens, int64_t cacheRows) const;
  /// Bytes of one worker.
  int64_t scratch() const { return config.getScratch(); }
  /// What went wrong in the last compile that returned null.
  static const std::string &error();
  double compileSeconds = 0;

private:
  bool load(llvm::StringRef target, llvm::StringRef device);
  bool runOnDevice(llvm::ArrayRef<void *> bindings,
                   llvm::ArrayRef<size_t> bytes, const int64_t *sizes,
                   int64_t workgroups);
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> original;
  plan::KernelConfigAttr config;
  size_t sizeCount = 0; ///< of its function, without rows of caches
  void *image = nullptr;
  size_t imageBytes = 0;
  std::shared_ptr<exec::Device> device; ///< null: this process
  Artifact artifact;
  terrazzo_code *loaded = nullptr;
  uint64_t address = 0;
  using Entry = void (*)(void *const *, const int64_t *, int64_t, int64_t,
                         void *);
  Entry entry = nullptr;
};

} // namespace terrazzo::test
