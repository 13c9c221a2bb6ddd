// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/LowerContracts.h"

using namespace mlir;

namespace terrazzo::codegen {

LogicalResult lowerContracts(
    ModuleOp module, Attribute target,
    function_ref<bool(Attribute target, tile::ContractOp op)> lower) {
  if (!target)
    target = module->getAttr("plan.target");
  WalkResult all = module.walk([&](tile::ContractOp op) {
    if (target && lower(target, op))
      return WalkResult::advance();
    op.emitError("no instruction of ")
        << target << " multiplies " << op.getFragment() << " of "
        << getElementTypeOrSelf(op.getLeft().getType());
    return WalkResult::interrupt();
  });
  return failure(all.wasInterrupted());
}

} // namespace terrazzo::codegen
