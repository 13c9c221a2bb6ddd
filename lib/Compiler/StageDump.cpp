// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "StageDump.h"
#include "mlir/IR/Operation.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace terrazzo {

void StageDump::write(Operation *op, StringRef name) {
  SmallString<256> path(directory);
  std::string stage;
  llvm::raw_string_ostream(stage)
      << prefix << llvm::format(".%02d-", number++) << name << ".mlir";
  llvm::sys::path::append(path, stage);
  std::error_code error;
  llvm::raw_fd_ostream file(path, error);
  if (error)
    return;
  op->print(file, OpPrintingFlags().useLocalScope());
  file << "\n";
}

void StageDump::runAfterPass(Pass *pass, Operation *op) {
  if (!pass->getArgument().empty())
    write(op, pass->getArgument());
}

} // namespace terrazzo
