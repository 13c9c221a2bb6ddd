// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled kernels in a folder, by what they were compiled from: the kernel's
// IR, its config and target, and the build ids of the compiler and its plugins.
// So a model of the same shapes finds the kernels of another, whatever their
// names in the files were. A file is written under another name and renamed;
// one that is damaged is as good as none. Safe to use from several threads and
// processes.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "terrazzo/Target/TargetBackend.h"
#include <optional>

namespace terrazzo {

class ObjectCache {
public:
  /// An empty folder: nothing is found and nothing kept.
  explicit ObjectCache(llvm::StringRef folder);

  /// Of a kernel's module that is ready to be lowered; empty without a folder.
  std::string keyOf(mlir::ModuleOp body) const;
  std::optional<Object> find(llvm::StringRef key, llvm::StringRef kernel) const;
  void keep(llvm::StringRef key, const Object &object) const;

private:
  std::string folder;
  std::string compiler; ///< its build ids
};

} // namespace terrazzo
