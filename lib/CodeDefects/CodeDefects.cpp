// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/CodeDefects/CodeDefects.h"

#include "MaskedLogic.h"
#include "MaskedStores.h"

#include "llvm/IR/Module.h"

namespace terrazzo {

static const CodeDefect known[] = {maskedLogic, maskedStores};

llvm::ArrayRef<CodeDefect> codeDefects() { return known; }

unsigned avoidCodeDefects(llvm::Module &module,
                          const llvm::TargetMachine &machine) {
  unsigned rewritten = 0;
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    for (const CodeDefect &defect : known)
      if (defect.concerns(function, machine))
        rewritten += defect.avoid(function);
  }
  return rewritten;
}

} // namespace terrazzo
