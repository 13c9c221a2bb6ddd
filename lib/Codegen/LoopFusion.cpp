// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which loops may be computed where they are used, element by element, instead
// of in a kernel of their own.
#include "terrazzo/Codegen/KernelForm.h"

using namespace mlir;

namespace terrazzo::codegen {

/// Whether each element of an operand with this map is used once: each loop
/// leads to another one.
static bool usesOnce(AffineMap map, const tz::LoopNest &user) {
  llvm::SmallBitVector seen(user.sizes.size());
  for (AffineExpr expression : map.getResults()) {
    unsigned loops = 0;
    for (unsigned loop = 0; loop < user.sizes.size(); ++loop)
      if (expression.isFunctionOfDim(loop)) {
        ++loops;
        seen.set(loop);
      }
    if (loops > 1)
      return false;
  }
  for (unsigned loop = 0; loop < user.sizes.size(); ++loop)
    if (user.sizes[loop] != 1 && !seen.test(loop))
      return false;
  return true;
}

/// Whether all its sizes are those of its operands: a size that follows from
/// another has no name in a kernel.
static bool keepsSizes(const tz::LoopNest &nest) {
  for (unsigned loop = 0; loop < nest.parallel; ++loop)
    if (AffineExpr derived = nest.derivedSize(loop))
      if (ShapedType::isDynamic(nest.sizes[loop]) &&
          !isa<AffineSymbolExpr>(derived))
        return false;
  return true;
}

bool mayInline(OpOperand &use) {
  auto producer = use.get().getDefiningOp<tz::LoopOp>();
  auto user = dyn_cast<tz::LoopOp>(use.getOwner());
  if (!producer || !user || !use.get().hasOneUse() || !needsLoops(producer) ||
      !needsLoops(user))
    return false;
  tz::LoopNest from = producer.getLoops(), to = user.getLoops();
  // Products have code that reads memory, and so has what looks up a place.
  bool readsMemory = isa<tz::ContractOp>(user) || to.pick ||
                     ((to.lookup || to.target) && use.getOperandNumber() == 1);
  if (from.reduces() || readsMemory || !keepsSizes(from))
    return false;
  return producer->getNumOperands() == 0 ||
         (!to.ranks && usesOnce(to.operands[use.getOperandNumber()], to));
}

} // namespace terrazzo::codegen
