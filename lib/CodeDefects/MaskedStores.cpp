// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is wrong: a masked store of truncated integers becomes one node, a
// truncating store. Where one lane of its mask is set, the combiner makes a
// scalar store of it, of the wider integer: the bytes behind the element are
// overwritten with the upper half.
//
// What is done: such a store becomes a scalar one of the truncated element
// here, which is what the combiner means.
#include "MaskedStores.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Target/TargetMachine.h"

#include <optional>

using namespace llvm;

namespace terrazzo {

/// The only lane that is set; none where several are, or it is not known.
static std::optional<unsigned> onlyLane(Value *mask) {
  auto *lanes = dyn_cast<Constant>(mask);
  auto *type = dyn_cast<FixedVectorType>(mask->getType());
  std::optional<unsigned> only;
  for (unsigned i = 0; lanes && type && i < type->getNumElements(); ++i) {
    Constant *lane = lanes->getAggregateElement(i);
    if (!lane || !isa<ConstantInt>(lane))
      return std::nullopt;
    if (lane->isNullValue())
      continue;
    if (only)
      return std::nullopt;
    only = i;
  }
  return only;
}

static SmallVector<IntrinsicInst *> storesOf(const Function &function) {
  SmallVector<IntrinsicInst *> found;
  for (const Instruction &instruction : instructions(function))
    if (auto *call = dyn_cast<IntrinsicInst>(&instruction);
        call && call->getIntrinsicID() == Intrinsic::masked_store &&
        call->getArgOperand(0)->getType()->getScalarType()->isIntegerTy() &&
        onlyLane(call->getArgOperand(call->arg_size() - 1)))
      found.push_back(const_cast<IntrinsicInst *>(call));
  return found;
}

static bool concerns(const Function &function, const TargetMachine &machine) {
  return machine.getTargetTriple().isX86() && !storesOf(function).empty();
}

static unsigned avoid(Function &function) {
  SmallVector<IntrinsicInst *> stores = storesOf(function);
  for (IntrinsicInst *store : stores) {
    IRBuilder<> builder(store);
    unsigned lane = *onlyLane(store->getArgOperand(store->arg_size() - 1));
    Value *vector = store->getArgOperand(0);
    Type *element = vector->getType()->getScalarType();
    Value *place = builder.CreateConstInBoundsGEP1_64(
        element, store->getArgOperand(1), lane);
    builder.CreateAlignedStore(builder.CreateExtractElement(vector, lane),
                               place, Align(1));
    store->eraseFromParent();
  }
  return stores.size();
}

static constexpr StringLiteral probe = R"(
declare void @llvm.masked.store.v16i16.p0(<16 x i16>, ptr, i32, <16 x i1>)
define void @probe(<16 x i32> %wide, ptr %to) {
  %narrow = trunc <16 x i32> %wide to <16 x i16>
  call void @llvm.masked.store.v16i16.p0(<16 x i16> %narrow, ptr %to, i32 2,
      <16 x i1> <i1 1, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0,
                 i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0>)
  ret void
}
)";

constinit const CodeDefect maskedStores = {
    "masked-stores",
    "found here, in 22.1.8",
    "a masked store of truncated integers of which one lane is set writes as "
    "many bytes as an integer had before (AVX-512)",
    concerns,
    avoid,
    probe};

} // namespace terrazzo
