// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A function's body: its blocks, what lives between them, and how lanes go from
// one to the next. Blocks have the order of the text; see Flow.h.
#include "compile/Emitter.h"

#include <llvm/ADT/SmallVector.h>

#include <cstddef>

namespace terrazzo::emu {

using llvm::BasicBlock;
using llvm::Value;
using Kind = Decoded::Flow;

/// Blocks begin at targets, behind whatever may change who runs, and at
/// collectives.
void Emitter::findBlocks() {
  size_t size = code.code.size();
  std::vector<bool> begins(size + 1);
  begins[0] = true;
  for (size_t i = 0; i < size; ++i) {
    const Decoded &one = code.code[i];
    for (int target : one.targets)
      begins[size_t(target)] = true;
    if (one.flow == Kind::Meet)
      begins[i] = true;
    else if (one.flow != Kind::Next)
      begins[i + 1] = true;
  }
  blockOf.resize(size);
  for (size_t i = 0; i < size; ++i) {
    if (begins[i]) {
      Block &block = blocks.emplace_back();
      block.first = i;
      block.entry = BasicBlock::Create(context, "block", function);
    }
    blocks.back().last = i;
    blockOf[i] = int(blocks.size()) - 1;
  }
  for (Block &block : blocks) {
    const Decoded &last = code.code[block.last];
    for (int target : last.targets)
      block.successors.push_back(blockAt(target));
    bool falls = last.flow == Kind::Next || last.flow == Kind::Meet ||
                 last.flow == Kind::Barrier || last.flow == Kind::Call ||
                 (last.flow == Kind::Jump && last.guard >= 0);
    if (falls)
      block.successors.push_back(blockAt(int(block.last) + 1));
  }
}

void Emitter::findLiveness() {
  size_t registers = ptx.registers.size();
  using Bits = std::vector<uint64_t>;
  size_t words = (registers + 63) / 64;
  std::vector<Bits> read(blocks.size(), Bits(words)), in = read, out = read,
                                                      written = read;
  auto has = [](const Bits &bits, int reg) {
    return bits[size_t(reg) / 64] >> (reg % 64) & 1;
  };
  auto add = [](Bits &bits, int reg) {
    bits[size_t(reg) / 64] |= uint64_t(1) << (reg % 64);
  };
  for (size_t i = 0; i < blocks.size(); ++i)
    for (size_t at = blocks[i].first; at <= blocks[i].last; ++at) {
      const Decoded &one = code.code[at];
      for (int reg : one.uses)
        if (!has(written[i], reg))
          add(read[i], reg);
      for (int reg : one.definitions) {
        // A guarded write keeps what other lanes hold.
        if (one.guard >= 0 && !has(written[i], reg))
          add(read[i], reg);
        add(written[i], reg);
      }
    }
  // Lanes that do not run keep their values: every block is passed through by
  // the registers of the others, so a plain backward analysis suffices.
  bool changed = true;
  while (changed) {
    changed = false;
    for (size_t i = blocks.size(); i-- > 0;)
      for (size_t word = 0; word < words; ++word) {
        uint64_t wanted = 0;
        for (int successor : blocks[i].successors)
          wanted |= in[size_t(successor)][word];
        uint64_t entering = read[i][word] | (wanted & ~written[i][word]);
        changed |= entering != in[i][word] || wanted != out[i][word];
        in[i][word] = entering;
        out[i][word] = wanted;
      }
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    blocks[i].liveOut.resize(registers);
    for (size_t reg = 0; reg < registers; ++reg)
      blocks[i].liveOut[reg] = has(out[i], int(reg));
  }
}

void Emitter::emitPrologue() {
  prologue = BasicBlock::Create(context, "entry", function, blocks[0].entry);
  b.SetInsertPoint(prologue);
  layOutFrame();
  b.CreateStore(firstMask, flowField(offsetof(Flow, active)));
  b.CreateStore(b.getInt32(INT32_MAX), flowField(offsetof(Flow, lowest)));
  b.CreateStore(firstMask, flowField(offsetof(Flow, inside)));
  for (size_t offset :
       {offsetof(Flow, meeting), offsetof(Flow, barred), offsetof(Flow, turns)})
    b.CreateStore(b.getInt32(0), flowField(offset));
  b.CreateBr(blocks[0].entry);

  done = BasicBlock::Create(context, "done", function);
  b.SetInsertPoint(done);
  b.CreateRetVoid();
  dispatch = BasicBlock::Create(context, "dispatch", function);
  b.SetInsertPoint(dispatch);
  dispatchNext = b.CreatePHI(b.getInt32Ty(), 8);
  auto *choice = b.CreateSwitch(dispatchNext, done, unsigned(blocks.size()));
  for (size_t i = 0; i < blocks.size(); ++i)
    choice->addCase(b.getInt32(uint32_t(i)), blocks[i].entry);
}

void Emitter::dispatchTo(Value *next) {
  dispatchNext->addIncoming(next, b.GetInsertBlock());
  b.CreateBr(dispatch);
}

/// Stores what later blocks read, for the lanes that run.
void Emitter::flush(const Block &block) {
  for (size_t reg = 0; reg < values.size(); ++reg) {
    if (!dirty[reg] || !block.liveOut[reg])
      continue;
    Value *place = slot(int(reg));
    if (bitsOf(ptx.registers[reg].type) == 1) {
      Value *old = b.CreateLoad(b.getInt32Ty(), place);
      Value *kept = b.CreateAnd(old, b.CreateNot(active));
      Value *made = b.CreateAnd(toMask(values[reg]), active);
      b.CreateStore(b.CreateOr(kept, made), place);
    } else {
      b.CreateMaskedStore(values[reg], place, llvm::Align(64), activeLanes);
    }
  }
}

/// Goes to a block: by itself unless lanes wait there or lower, or a loop has
/// used up its turn.
void Emitter::emitEdge(size_t from, size_t to) {
  auto *target = b.getInt32(uint32_t(to));
  if (to <= from) {
    Value *place =
        b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), warp, offsetof(Warp, fuel));
    Value *fuel =
        b.CreateSub(b.CreateLoad(b.getInt32Ty(), place), b.getInt32(1));
    b.CreateStore(fuel, place);
    auto *spin = BasicBlock::Create(context, "spin", function);
    auto *go = BasicBlock::Create(context, "go", function);
    b.CreateCondBr(b.CreateICmpSLT(fuel, b.getInt32(0)), spin, go);
    b.SetInsertPoint(spin);
    dispatchTo(
        b.CreateCall(external("emu.flow.spin", b.getInt32Ty(),
                              {b.getPtrTy(), b.getPtrTy(), b.getInt32Ty()}),
                     {warp, flow, target}));
    b.SetInsertPoint(go);
  }
  Value *lowest =
      b.CreateLoad(b.getInt32Ty(), flowField(offsetof(Flow, lowest)));
  auto *ask = BasicBlock::Create(context, "ask", function);
  b.CreateCondBr(b.CreateICmpSGT(lowest, target), blocks[to].entry, ask);
  b.SetInsertPoint(ask);
  dispatchTo(
      b.CreateCall(external("emu.flow.jump", b.getInt32Ty(),
                            {b.getPtrTy(), b.getPtrTy(), b.getInt32Ty()}),
                   {warp, flow, target}));
}

/// Waits at a collective until the lanes that its mask names are there.
void Emitter::emitMeet(size_t index, const Decoded &one) {
  Value *running =
      b.CreateLoad(b.getInt32Ty(), flowField(offsetof(Flow, active)));
  Value *live = warpField(offsetof(Warp, live), b.getInt32Ty());
  auto *ask = BasicBlock::Create(context, "meet", function);
  auto *go = BasicBlock::Create(context, "together", function);
  active = running;
  guardLanes = nullptr;
  Value *needed = source(one.index, Type::B32);
  uint64_t bits = 0;
  if (isImmediate(one.index, bits)) {
    Value *all = b.CreateAnd(live, b.getInt32(uint32_t(bits)));
    b.CreateCondBr(b.CreateICmpEQ(all, running), go, ask);
  } else {
    // One mask for all: compare with the lanes' own.
    Value *same =
        b.CreateICmpEQ(b.CreateAnd(needed, splat(live)), splat(running));
    Value *agreeing = b.CreateAnd(toMask(same), running);
    b.CreateCondBr(b.CreateICmpEQ(agreeing, running), go, ask);
  }
  b.SetInsertPoint(ask);
  b.CreateAlignedStore(needed, scratch[1], llvm::Align(64));
  storeLine();
  Value *next = b.CreateCall(
      external("emu.flow.meet", b.getInt32Ty(),
               {b.getPtrTy(), b.getPtrTy(), b.getPtrTy(), b.getInt32Ty()}),
      {warp, flow, scratch[1], b.getInt32(uint32_t(index))});
  auto *wait = BasicBlock::Create(context, "wait", function);
  b.CreateCondBr(b.CreateICmpEQ(next, b.getInt32(uint32_t(proceed))), go, wait);
  b.SetInsertPoint(wait);
  dispatchTo(next);
  b.SetInsertPoint(go);
}

void Emitter::emitEnd(size_t index, const Decoded &one) {
  Block &block = blocks[index];
  llvm::Type *word = b.getInt32Ty(), *pointer = b.getPtrTy();
  switch (one.flow) {
  case Kind::Jump: {
    size_t to = size_t(blockAt(one.targets.front()));
    if (one.guard < 0)
      return emitEdge(index, to);
    size_t other = size_t(blockAt(int(block.last) + 1));
    Value *taken = mask();
    auto *all = BasicBlock::Create(context, "all", function);
    auto *some = BasicBlock::Create(context, "some", function);
    auto *none = BasicBlock::Create(context, "none", function);
    auto *part = BasicBlock::Create(context, "part", function);
    b.CreateCondBr(b.CreateICmpEQ(taken, active), all, some);
    b.SetInsertPoint(all);
    emitEdge(index, to);
    b.SetInsertPoint(some);
    b.CreateCondBr(b.CreateICmpEQ(taken, b.getInt32(0)), none, part);
    b.SetInsertPoint(none);
    emitEdge(index, other);
    b.SetInsertPoint(part);
    dispatchTo(b.CreateCall(external("emu.flow.diverge", word,
                                     {pointer, pointer, word, word, word}),
                            {warp, flow, taken, b.getInt32(uint32_t(to)),
                             b.getInt32(uint32_t(other))}));
    return;
  }
  case Kind::Switch: {
    llvm::SmallVector<llvm::Constant *> list;
    for (int target : one.targets)
      list.push_back(b.getInt32(uint32_t(blockAt(target))));
    auto *type = llvm::ArrayType::get(word, list.size());
    auto *table = new llvm::GlobalVariable(
        *function->getParent(), type, true, llvm::GlobalValue::PrivateLinkage,
        llvm::ConstantArray::get(type, list), "targets");
    b.CreateAlignedStore(source(one.index, Type::U32), scratch[1],
                         llvm::Align(64));
    storeLine();
    dispatchTo(
        b.CreateCall(external("emu.flow.switch", word,
                              {pointer, pointer, pointer, pointer, word}),
                     {warp, flow, scratch[1], table,
                      b.getInt32(uint32_t(one.targets.size()))}));
    return;
  }
  case Kind::Trap:
    storeLine();
    b.CreateCall(external("emu.flow.trap", b.getVoidTy(), {pointer}), {warp});
    b.CreateUnreachable();
    return;
  case Kind::Return:
  case Kind::Exit: {
    bool exits = one.flow == Kind::Exit || ptx.kernel;
    dispatchTo(
        b.CreateCall(external("emu.flow.leave", word, {pointer, pointer, word}),
                     {warp, flow, b.getInt32(exits)}));
    return;
  }
  case Kind::Barrier: {
    size_t next = size_t(blockAt(int(block.last) + 1));
    b.CreateAlignedStore(source(one.index, Type::U32), scratch[1],
                         llvm::Align(64));
    Value *threads = one.count ? source(one.count, Type::U32) : splat(32, 0);
    b.CreateAlignedStore(threads, scratch[2], llvm::Align(64));
    storeLine();
    Value *to =
        b.CreateCall(external("emu.flow.barrier", word,
                              {pointer, pointer, pointer, pointer, word, word}),
                     {warp, flow, scratch[1], scratch[2],
                      b.getInt32(uint32_t(next)), b.getInt32(one.arriveOnly)});
    if (one.arriveOnly)
      return emitEdge(index, next);
    auto *other = BasicBlock::Create(context, "parted", function);
    b.CreateCondBr(b.CreateICmpEQ(to, b.getInt32(uint32_t(next))),
                   blocks[next].entry, other);
    b.SetInsertPoint(other);
    dispatchTo(to);
    return;
  }
  case Kind::Call: {
    size_t next = size_t(blockAt(int(block.last) + 1));
    Value *live = warpField(offsetof(Warp, live), word);
    Value *gone = b.CreateAnd(active, b.CreateNot(live));
    auto *all = BasicBlock::Create(context, "all", function);
    auto *some = BasicBlock::Create(context, "settle", function);
    b.CreateCondBr(b.CreateICmpEQ(gone, b.getInt32(0)), all, some);
    b.SetInsertPoint(all);
    emitEdge(index, next);
    b.SetInsertPoint(some);
    dispatchTo(b.CreateCall(
        external("emu.flow.settle", word, {pointer, pointer, word}),
        {warp, flow, b.getInt32(uint32_t(next))}));
    return;
  }
  case Kind::Next:
  case Kind::Meet:
    return emitEdge(index, size_t(blockAt(int(block.last) + 1)));
  }
}

void Emitter::emitBlock(size_t index) {
  Block &block = blocks[index];
  b.SetInsertPoint(block.entry);
  values.assign(ptx.registers.size(), nullptr);
  dirty.assign(ptx.registers.size(), false);
  decoded = &code.code[block.first];
  if (decoded->flow == Kind::Meet)
    emitMeet(index, *decoded);
  active = b.CreateLoad(b.getInt32Ty(), flowField(offsetof(Flow, active)));
  activeLanes = fromMask(active);
  for (size_t at = block.first; at <= block.last; ++at) {
    decoded = &code.code[at];
    guardLanes = nullptr;
    if (decoded->guard >= 0) {
      guardLanes = read(decoded->guard);
      if (decoded->guardNegated)
        guardLanes = b.CreateNot(guardLanes);
    }
    if (decoded->emit)
      decoded->emit(*this);
  }
  flush(block);
  emitEnd(index, *decoded);
}

void Emitter::emitFunction() {
  slots.assign(ptx.registers.size(), nullptr);
  findBlocks();
  findLiveness();
  emitPrologue();
  for (size_t i = 0; i < blocks.size(); ++i)
    emitBlock(i);
}

/// Arguments and results lie in the callers' local memory; the callee gets
/// their offsets.
void Emitter::emitCall(const Operand *callee, const Function *target,
                       llvm::ArrayRef<const Variable *> list) {
  auto *places = scratch[1];
  unsigned index = 0;
  for (const Variable *variable : list)
    b.CreateStore(
        parameterPlace(variable),
        b.CreateConstInBoundsGEP1_64(b.getInt64Ty(), places, index++));
  // The callee's own calls use its own scratch, not this one's.
  Value *nextBase = b.CreateAdd(base, b.getInt64(frameBytes));
  storeLine();
  if (target) {
    b.CreateCall(scope.functions[target], {warp, mask(), nextBase, places});
    return;
  }
  b.CreateAlignedStore(source(callee, Type::B64), scratch[2], llvm::Align(64));
  llvm::Type *pointer = b.getPtrTy();
  b.CreateCall(external("emu.flow.call", b.getVoidTy(),
                        {pointer, b.getInt32Ty(), b.getInt64Ty(), pointer,
                         pointer, pointer, b.getInt64Ty()}),
               {warp, mask(), nextBase, places, scratch[2], scope.functionTable,
                b.getInt64(scope.module->functions.size())});
}

} // namespace terrazzo::emu
