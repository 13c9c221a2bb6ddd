// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Defects of LLVM's code generator for this processor: one list, and one
// rewriting of the IR after which none of them can show. Everything that makes
// code for a processor calls it last, on IR that is optimised, right before the
// code generator. Needs LLVM alone, so that programs without MLIR compile it
// too.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace llvm {
class Function;
class Module;
class TargetMachine;
} // namespace llvm

namespace terrazzo {

struct CodeDefect {
  llvm::StringRef name;
  /// Who knows of it, and since which version it is gone.
  llvm::StringRef upstream;
  llvm::StringRef meaning;
  /// Whether code for `function` could show it on the machine's processor.
  bool (*concerns)(const llvm::Function &function,
                   const llvm::TargetMachine &machine);
  /// Rewrites `function` so that it cannot; how many places were rewritten.
  unsigned (*avoid)(llvm::Function &function);
  /// IR of a function @probe in which the defect shows; the tests compile it
  /// with and without the rewriting and read the code.
  llvm::StringRef probe;
};

/// All that are known; docs/code-defects.md tells how each was found.
llvm::ArrayRef<CodeDefect> codeDefects();

/// Rewrites `module` for the code generator of `machine`; how many places were
/// rewritten. The meaning stays, and so does all code that no defect concerns.
unsigned avoidCodeDefects(llvm::Module &module,
                          const llvm::TargetMachine &machine);

} // namespace terrazzo
