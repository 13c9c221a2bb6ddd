// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parsed instruction -> what compiling it means. A family's function reads the
// modifiers in their order and the operands against their types, and gives
// back code that emits LLVM IR for the instruction. Whatever it does not take
// is unknown: nothing is guessed. Runs when a module is loaded.
#pragma once

#include "Executor.h"
#include "parse/Ptx.h"

#include <functional>
#include <initializer_list>

namespace terrazzo::emu {

class Emitter;
using Emit = std::function<void(Emitter &)>;

struct Decoded {
  enum class Flow : uint8_t {
    Next,
    Jump,   ///< to targets[0] where the guard holds
    Switch, ///< by `index` to targets
    Return,
    Exit,
    Trap,
    Meet,    ///< waits for the lanes of `index` first, then runs `emit`
    Barrier, ///< `index`: number, `count`: threads or null
    Call
  };
  Flow flow = Flow::Next;
  Emit emit;
  /// Barrier: code behind it, which reads its result.
  Emit after;
  bool arriveOnly = false;
  int line = 0;
  int scope = 0;
  int guard = -1;
  bool guardNegated = false;
  std::vector<int> targets; ///< instructions
  std::vector<int> definitions, uses;
  const Operand *index = nullptr, *count = nullptr;
  const Function *callee = nullptr; ///< null: indirect
  bool usesHeap = false;            ///< Call: of malloc or free
};

struct DecodedFunction {
  const Function *function = nullptr;
  std::vector<Decoded> code;
  std::vector<const Function *> callees;
  bool indirectCalls = false;
  bool usesHeap = false; ///< calls malloc or free itself
};

/// The variable that a name means in a scope of a function; null: none.
const Variable *findVariable(const PtxModule &module, const Function &function,
                             int scope, std::string_view name);

class Decoder {
public:
  Decoder(const PtxModule &module, const Function &function,
          const Instruction &instruction, Outcome &outcome);
  Decoded decode();

  const PtxModule &module;
  const Function &function;
  const Instruction &in;
  Decoded out;

  // Modifiers, in their order.
  bool take(std::string_view modifier);
  /// The one that comes next, if it is among these; else empty.
  std::string_view takeAny(std::initializer_list<std::string_view> choices);
  /// A type among these, else None and an error.
  Type takeType(std::initializer_list<Type> choices);
  /// Any type, or None.
  Type takeAnyType();
  std::string_view peek() const;

  // Operands. They report what does not fit and give a sink.
  size_t count() const { return in.operands.size(); }
  bool expectCount(size_t least, size_t most);
  bool expectCount(size_t exactly) { return expectCount(exactly, exactly); }
  /// `wider`: a register wider than the type will do.
  const Operand *destination(size_t index, Type type, bool wider = false);
  const Operand *source(size_t index, Type type, bool wider = false);
  const Operand *address(size_t index);
  /// {a, b, ...}: `number` operands; one alone need no braces.
  std::vector<const Operand *> destinations(size_t index, Type type,
                                            size_t number, bool wider = false);
  std::vector<const Operand *> sources(size_t index, Type type, size_t number,
                                       bool wider = false);
  const Operand *checkSource(const Operand *operand, Type type, bool wider);
  const Operand *checkDestination(const Operand *operand, Type type,
                                  bool wider);

  /// Refused unless the text's .target has at least this.
  bool needs(int architecture);
  /// A name that findLaneFunction knows; else the instruction is unknown.
  std::string helper(std::string name);
  Emit unknown();
  Emit invalid(std::string text);
  bool failed() const { return outcome.fault != Fault::None; }
  /// What a name means here; a label is an instruction's index, else -1.
  int label(std::string_view name) const;
  const Variable *variable(std::string_view name) const;

private:
  Outcome &outcome;
  size_t modifier = 0;
};

using DecodeFunction = Emit (*)(Decoder &);
struct DecodeEntry {
  std::string_view opcode;
  DecodeFunction decode;
};
// One table a family; each ends with an empty opcode.
extern const DecodeEntry integerDecoders[], bitDecoders[], floatDecoders[],
    convertDecoders[], moveDecoders[], memoryDecoders[], atomicDecoders[],
    copyDecoders[], controlDecoders[], warpDecoders[], matrixDecoders[],
    compareDecoders[], specialDecoders[];

// Opcodes that integers and floats share (DecodeFloat.cpp).
Emit decodeFloatBinary(Decoder &d);
Emit decodeFloatFused(Decoder &d);
Emit decodeFloatDivide(Decoder &d);
Emit decodeFloatMinMax(Decoder &d);
Emit decodeFloatSign(Decoder &d);

/// False: `outcome` says why.
bool decodeFunction(const PtxModule &module, const Function &function,
                    DecodedFunction &into, Outcome &outcome);

} // namespace terrazzo::emu
