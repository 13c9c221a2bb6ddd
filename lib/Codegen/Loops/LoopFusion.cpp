// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which loops may be computed where they are used, element by element, instead
// of in a kernel of their own.
#include "terrazzo/Codegen/ElementTypes.h"
#include "terrazzo/Codegen/KernelForm.h"
#include "terrazzo/Codegen/LoopPlaces.h"
#include "llvm/ADT/SmallBitVector.h"

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

/// Whether the last dimension of an operand runs with `loop`, one by one; also,
/// where `spread`, whether none does. Vectors end at borders, wherever they
/// are.
static bool runsWith(const tz::LoopNest &nest, AffineMap map, unsigned loop,
                     bool spread) {
  for (auto [i, place] : llvm::enumerate(map.getResults()))
    if (place.isFunctionOfDim(loop))
      return i + 1 == map.getNumResults() && factorOf(place, loop) == 1 &&
             !nest.leadsOutside(place);
  return spread;
}

/// Whether vectors may run along all that a producer reads.
static bool isDense(const tz::LoopNest &nest) {
  std::optional<unsigned> inner = nest.inner();
  if (!inner)
    return true;
  if (nest.lookup && nest.operands[1].isFunctionOfDim(*inner))
    return false;
  return llvm::all_of(nest.operands, [&](AffineMap map) {
    return runsWith(nest, map, *inner, /*spread=*/true);
  });
}

/// Whether nothing that is computed in vectors would be computed one by one:
/// the user's vectors run along the producer's. `combines`: elements of the
/// user's result serve as registers, so that its vectors may run along them
/// where it reduces.
static bool keepsVectors(AffineMap map, const tz::LoopNest &from,
                         const tz::LoopNest &to, bool combines) {
  if (!from.function && !to.function && !to.reduces())
    return true;
  auto runs = [&](unsigned loop) {
    return runsWith(to, map, loop, /*spread=*/false);
  };
  std::optional<unsigned> inner = to.inner();
  // Sums along it are of one element after the other.
  if (to.scan && to.scan->loop == inner)
    return !from.function;
  bool alongInner = inner && (combines || !to.reduces()) && runs(*inner);
  return (alongInner || (to.reduces() && runs(to.sizes.size() - 1))) &&
         isDense(from);
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

/// Whether an operation may be loops in a kernel of them: what could be one on
/// rows as well may.
static bool mayBeLoops(Operation *op) {
  return needsLoops(op) ||
         (isa<tz::ElementwiseOp>(op) && whyNoForm(op).empty());
}

bool mayInline(OpOperand &use) {
  auto producer = use.get().getDefiningOp<tz::LoopOp>();
  auto user = dyn_cast<tz::LoopOp>(use.getOwner());
  if (!producer || !user || !use.get().hasOneUse() || !mayBeLoops(producer) ||
      !mayBeLoops(user))
    return false;
  tz::LoopNest from = producer.getLoops(), to = user.getLoops();
  // Products have code that reads memory, and so has what looks up a place.
  bool readsMemory = isa<tz::ContractOp>(user) || to.pick ||
                     ((to.lookup || to.target) && use.getOperandNumber() == 1);
  if (from.reduces() || from.line() || readsMemory || !keepsSizes(from))
    return false;
  AffineMap map = to.operands[use.getOperandNumber()];
  Type element = getElementTypeOrSelf(user->getResult(0).getType());
  bool combines = registerType({element}) == element;
  // Where its result keeps nothing, it asks for its operand three times.
  bool asksOnce = !to.ranks && (!to.share || combines);
  return producer->getNumOperands() == 0 ||
         (asksOnce && usesOnce(map, to) &&
          keepsVectors(map, from, to, combines));
}

} // namespace terrazzo::codegen
