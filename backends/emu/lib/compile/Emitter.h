// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What decoded instructions emit LLVM IR with. A register is a vector of 32
// lanes (<32 x i16>, <32 x i32>, <32 x i64>; predicates <32 x i1>); inside a
// block it is a value, between blocks it lies in a slot of the frame. Lanes
// that do not run hold anything: nothing that is emitted may trap on them.
#pragma once

#include "Warp.h"
#include "decode/Decoder.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <map>

namespace terrazzo::emu {

/// Where the shared variables that one kernel uses lie.
struct SharedLayout {
  std::map<const Variable *, uint64_t> places;
  uint64_t staticBytes = 0;
  uint64_t dynamicAlignment = 16;
  uint64_t alignment = 16; ///< of the whole
};

/// Symbols of a kernel's compiled text.
struct CompileScope {
  const PtxModule *module = nullptr;
  SharedLayout shared;
  std::map<const Function *, llvm::Function *> functions;
  uint64_t localAlignment = 16; ///< of every frame
  llvm::GlobalVariable *functionTable = nullptr;
  bool wideHalf = false; ///< the host converts f16 in hardware
};

class Emitter {
public:
  using Value = llvm::Value;
  Emitter(CompileScope &scope, const DecodedFunction &decoded,
          llvm::Function *function);
  /// Makes the function's body.
  void emitFunction();

  llvm::IRBuilder<> b;
  CompileScope &scope;

  // Types of 32 lanes.
  llvm::VectorType *integers(unsigned bits);
  llvm::VectorType *floats(Type type); ///< F32 and F64
  llvm::VectorType *predicates();

  // Operands.
  Value *source(const Operand *operand, Type type);
  Value *sourceFloat(const Operand *operand, Type type);
  Value *predicate(const Operand *operand);
  /// Addresses of 64 bits with the offset added.
  Value *address(const Operand *operand);
  /// The number, when an operand is an immediate one.
  static bool isImmediate(const Operand *operand, uint64_t &bits);
  static uint64_t immediate(const Operand &operand, Type type);

  /// `value`: integers, floats or predicates as wide as the type; widened with
  /// `sign` to the register's bits. Keeps lanes whose guard does not hold.
  void set(const Operand *operand, Value *value, bool sign = false);

  // Constants.
  Value *splat(unsigned bits, uint64_t value);
  Value *splat(Value *scalar);
  Value *toFloats(Value *integers, Type type);
  Value *toIntegers(Value *floats);

  /// f16 or bf16, as 16 bits, to f32; exact.
  Value *widenHalf(Value *bits, bool brain);
  /// What turns an address of Shared or Local into a generic one; 64 bits.
  Value *spaceBase(Space space);
  /// mode: lo, hi, or wide (twice the bits).
  Value *multiply(Value *left, Value *right, bool sign, std::string_view mode);
  /// The carry flag, kept in the frame.
  Value *carry();
  void setCarry(Value *predicates);

  /// Lanes that run the instruction, as 32 bits.
  Value *mask();
  /// A field of the warp, by its offset.
  Value *warpField(size_t offset, llvm::Type *type);
  Value *warpPointer() { return warp; }
  Value *flowPointer() { return flow; }
  Value *localBase() { return base; }

  /// Calls a lane function; `results` registers of `bits` each come back.
  std::vector<Value *> call(const std::string &name, unsigned results,
                            unsigned bits, llvm::ArrayRef<Value *> a,
                            llvm::ArrayRef<Value *> c1 = {},
                            llvm::ArrayRef<Value *> c2 = {},
                            uint64_t flags = 0);
  Value *call1(const std::string &name, unsigned bits,
               llvm::ArrayRef<Value *> a, llvm::ArrayRef<Value *> c1 = {},
               llvm::ArrayRef<Value *> c2 = {}, uint64_t flags = 0) {
    return call(name, 1, bits, a, c1, c2, flags).front();
  }
  /// A plain external function.
  llvm::FunctionCallee external(const std::string &name, llvm::Type *result,
                                llvm::ArrayRef<llvm::Type *> parameters);
  void storeLine();

  /// Addresses as the space's own instructions see them.
  Value *symbolAddress(const Operand *operand);
  Value *special(std::string_view name, unsigned bits);
  const Decoded &current() const { return *decoded; }
  /// Where a .param variable of this function's calls lies, a scalar.
  Value *parameterPlace(const Variable *variable);
  bool isKernelParameter(const Variable *variable) const;
  void emitCall(const Operand *callee, const Function *function,
                llvm::ArrayRef<const Variable *> arguments);

private:
  struct Block {
    size_t first = 0, last = 0; ///< instructions, the last inclusive
    llvm::BasicBlock *entry = nullptr;
    std::vector<int> successors;
    std::vector<bool> liveIn, liveOut;
  };
  void findBlocks();
  void findLiveness();
  void layOutFrame();
  void emitPrologue();
  void emitBlock(size_t index);
  void emitMeet(size_t index, const Decoded &code);
  void emitEnd(size_t index, const Decoded &code);
  void emitEdge(size_t from, size_t to);
  void dispatchTo(Value *next);
  void flush(const Block &block);
  Value *read(int reg);
  Value *slot(int reg);
  Value *toMask(Value *predicates);
  Value *fromMask(Value *mask);
  Value *flowField(size_t offset);
  int blockAt(int instruction) const { return blockOf[size_t(instruction)]; }

  const DecodedFunction &code;
  const Function &ptx;
  llvm::Function *function;
  llvm::LLVMContext &context;
  Value *warp, *firstMask, *base, *arguments;
  Value *flow = nullptr;
  Value *scratch[4] = {};
  llvm::BasicBlock *prologue = nullptr, *dispatch = nullptr, *done = nullptr;
  llvm::PHINode *dispatchNext = nullptr;
  std::vector<Block> blocks;
  std::vector<int> blockOf;
  std::vector<Value *> slots;
  std::vector<Value *> values; ///< of the current block
  std::vector<bool> dirty;
  const Decoded *decoded = nullptr;
  Value *active = nullptr, *activeLanes = nullptr;
  Value *guardLanes = nullptr; ///< null: no guard
  std::map<const Variable *, uint64_t> localPlaces;
  uint64_t frameBytes = 0;
  Value *carrySlot = nullptr;

public:
  /// Bytes of local memory of one activation; before anything is emitted.
  static uint64_t frameOf(const Function &function, uint64_t alignment,
                          std::map<const Variable *, uint64_t> &places);
};

} // namespace terrazzo::emu
