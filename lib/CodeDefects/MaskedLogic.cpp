// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is wrong: for select(mask, f(x, y, p), p), where f is a bit select that
// became one VPTERNLOG node, instruction selection has a pattern per place of
// p and of an operand from memory. An instruction wants p first and memory
// last, so the truth table is permuted. In the two patterns where all three
// operands move round (p second and memory first, p third and memory second)
// the permutation goes the wrong way round. A broadcast constant is memory too.
//
// What is done: the value that a mask merges passes through a fence, an
// operation that costs no instruction and that nothing is folded through. So
// the merge is a masked move of its own, and those patterns never match.
// Floating-point operations, which cannot become logic, keep their masks.
#include "MaskedLogic.h"

#include "llvm/Analysis/InstructionSimplify.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace terrazzo {

static bool concerns(const Function &function, const TargetMachine &machine) {
  return machine.getTargetTriple().isX86() &&
         machine.getSubtargetImpl(function)->checkFeatures("+avx512f");
}

/// What `value` is beneath operations that do nothing to its bits.
static Value *beneath(Value *value, const SimplifyQuery &query) {
  while (auto *instruction = dyn_cast<Instruction>(value)) {
    if (isa<BitCastInst, FreezeInst, IntToPtrInst, PtrToIntInst>(instruction))
      value = instruction->getOperand(0);
    else if (Value *simpler = simplifyInstruction(instruction, query);
             simpler && simpler != value)
      value = simpler;
    else
      break;
  }
  return value;
}

/// Whether `value` is made from bits: no operand of a bit select is a number
/// that was loaded or computed as one.
static bool isMadeOfBits(Value *value, const SimplifyQuery &query) {
  auto *instruction = dyn_cast<Instruction>(beneath(value, query));
  if (!instruction)
    return false;
  // What was stored on the stack may come back as the value it was.
  if (auto *load = dyn_cast<LoadInst>(instruction))
    return isa<AllocaInst>(getUnderlyingObject(load->getPointerOperand()));
  if (isa<PHINode>(instruction) || instruction->mayReadOrWriteMemory())
    return false;
  switch (instruction->getOpcode()) {
  case Instruction::Call: {
    Intrinsic::ID id = cast<CallInst>(instruction)->getIntrinsicID();
    if (instruction->getType()->isFPOrFPVectorTy())
      return id == Intrinsic::copysign || id == Intrinsic::fabs;
    return id != Intrinsic::not_intrinsic;
  }
  case Instruction::FAdd:
  case Instruction::FSub:
  case Instruction::FMul:
  case Instruction::FDiv:
  case Instruction::FRem:
  case Instruction::SIToFP:
  case Instruction::UIToFP:
  case Instruction::FPToSI:
  case Instruction::FPToUI:
  case Instruction::FPExt:
  case Instruction::FPTrunc:
    return false;
  case Instruction::Select:
  case Instruction::ShuffleVector:
    return instruction->getType()->isIntOrIntVectorTy();
  default:
    return true;
  }
}

/// Whether the code generator could make `value` by a bit select: it is the
/// "or" of parts, in some spelling, or an intrinsic that becomes one. Any part
/// may turn out to be nothing, and any unknown number the neutral one.
static bool mayBeBitSelect(Value *value, const SimplifyQuery &query,
                           unsigned depth = 4) {
  auto *instruction = dyn_cast<Instruction>(beneath(value, query));
  if (!instruction)
    return false;
  auto madeOfBits = [&](unsigned operand) {
    return isMadeOfBits(instruction->getOperand(operand), query);
  };
  switch (instruction->getOpcode()) {
  case Instruction::Or:
  case Instruction::Add:
  case Instruction::And:
  case Instruction::Xor:
  case Instruction::Sub:
    return madeOfBits(0) || madeOfBits(1);
  case Instruction::Mul:
  case Instruction::Shl:
  case Instruction::LShr:
  case Instruction::AShr:
    return !isa<Constant>(instruction->getOperand(1)) &&
           (madeOfBits(0) || madeOfBits(1));
  case Instruction::Select:
    return depth &&
           (mayBeBitSelect(instruction->getOperand(1), query, depth - 1) ||
            mayBeBitSelect(instruction->getOperand(2), query, depth - 1));
  case Instruction::ShuffleVector:
    return depth &&
           (mayBeBitSelect(instruction->getOperand(0), query, depth - 1) ||
            mayBeBitSelect(instruction->getOperand(1), query, depth - 1));
  case Instruction::Call:
  case Instruction::Load:
    return isMadeOfBits(instruction, query);
  default:
    return false;
  }
}

/// Masks have a bit for each 32 or 64 bits of these instructions.
static bool hasMaskedLogic(Type *type) {
  auto *vector = dyn_cast<FixedVectorType>(type);
  if (!vector)
    return false;
  Type *element = vector->getElementType();
  return element->isPointerTy() || element->isIntegerTy(32) ||
         element->isIntegerTy(64) || element->isFloatTy() ||
         element->isDoubleTy();
}

static Value *fenced(IRBuilder<> &builder, Value *value) {
  auto *type = cast<FixedVectorType>(value->getType());
  const DataLayout &layout = builder.GetInsertBlock()->getDataLayout();
  Type *integers = type->isPtrOrPtrVectorTy() ? layout.getIntPtrType(type)
                                              : static_cast<Type *>(type);
  bool wide = layout.getTypeSizeInBits(type->getElementType()) == 64;
  auto *floats =
      FixedVectorType::get(wide ? builder.getDoubleTy() : builder.getFloatTy(),
                           type->getNumElements());
  Value *bits = builder.CreateBitCast(
      builder.CreateBitOrPointerCast(value, integers), floats);
  Value *fence =
      builder.CreateIntrinsic(Intrinsic::arithmetic_fence, {floats}, {bits});
  return builder.CreateBitOrPointerCast(builder.CreateBitCast(fence, integers),
                                        type);
}

/// Whether logic uses `value`: "x ^ select(mask, y, 0)" is made
/// "select(mask, x ^ y, x)".
static bool feedsLogic(const Value &value, unsigned depth = 4) {
  return any_of(value.users(), [=](const User *user) {
    if (isa<BitCastInst, FreezeInst, SelectInst, ShuffleVectorInst>(user))
      return depth && feedsLogic(*user, depth - 1);
    auto *operation = dyn_cast<BinaryOperator>(user);
    return operation && operation->getType()->isIntOrIntVectorTy();
  });
}

static unsigned avoid(Function &function) {
  SimplifyQuery query(function.getDataLayout());
  SmallVector<Use *> merged;
  for (Instruction &instruction : instructions(function)) {
    if (!hasMaskedLogic(instruction.getType()))
      continue;
    Use *arms = nullptr;
    if (auto *select = dyn_cast<SelectInst>(&instruction))
      arms = &select->getOperandUse(1);
    else if (auto *shuffle = dyn_cast<ShuffleVectorInst>(&instruction);
             shuffle && shuffle->isSelect())
      arms = &shuffle->getOperandUse(0);
    if (!arms)
      continue;
    for (int arm : {0, 1}) {
      auto *other = dyn_cast<Constant>(arms[1 - arm].get());
      if (other && isa<UndefValue>(other))
        continue;
      // With zeros nothing is merged, unless the next operation is drawn in.
      bool zeros = other && other->isNullValue();
      if (zeros ? feedsLogic(instruction) && isMadeOfBits(arms[arm], query)
                : mayBeBitSelect(arms[arm], query))
        merged.push_back(&arms[arm]);
    }
  }
  for (Use *use : merged) {
    IRBuilder<> builder(cast<Instruction>(use->getUser()));
    use->set(fenced(builder, use->get()));
  }
  return merged.size();
}

static constexpr StringLiteral probe = R"(
define <16 x i32> @probe(<16 x i32> %a, <16 x i32> %b, i16 %bits) {
  %mask = bitcast i16 %bits to <16 x i1>
  %sign = and <16 x i32> %a, splat (i32 -2147483648)
  %rest = and <16 x i32> %b, splat (i32 2147483647)
  %both = or <16 x i32> %sign, %rest
  %merged = select <16 x i1> %mask, <16 x i32> %both, <16 x i32> %a
  ret <16 x i32> %merged
}
)";

constinit const CodeDefect maskedLogic = {
    "masked-logic",
    "llvm/llvm-project#157929, mended after 22.1.8",
    "a bit select that a mask merges with one of its operands, another operand "
    "being memory or a broadcast constant, computes another function of the "
    "three (AVX-512)",
    concerns,
    avoid,
    probe};

} // namespace terrazzo
