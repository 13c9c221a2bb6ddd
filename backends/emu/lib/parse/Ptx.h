// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// PTX text as structures: what the parser makes and the decoder reads. Names
// are views into `PtxModule::text`.
#pragma once

#include "Types.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace terrazzo::emu {

enum class Space : uint8_t {
  Generic,
  Global,
  Shared,
  Local,
  Constant,
  Parameter
};

/// A variable of any state space but .reg, or a parameter.
struct Variable {
  std::string_view name;
  Space space = Space::Global;
  Type type = Type::B8;
  uint64_t alignment = 1;
  uint64_t bytes = 0;
  bool external = false; ///< .extern
  bool unsized = false;  ///< name[]
  /// A parameter that is a register of the function; the calling convention
  /// keeps it in memory like the others.
  bool inRegister = false;
  int line = 0;
  std::vector<uint8_t> initial; ///< shorter than `bytes`: the rest is zero
  /// Addresses inside the initialiser: `bytes` bytes of the address of `symbol`
  /// plus `addend`, shifted right by `shift`, are put at `offset`.
  struct Relocation {
    uint64_t offset;
    unsigned bytes;
    unsigned shift;
    std::string_view symbol;
    int64_t addend;
    bool generic;
  };
  std::vector<Relocation> relocations;
  /// Where it lies: Shared and Local: the offset in the block's or the frame's
  /// memory; Global and Constant: an address; a kernel's parameter: its offset.
  uint64_t place = 0;
};

struct Operand {
  enum class Kind : uint8_t {
    Register, ///< `index` in the function's registers, perhaps negated: !p
    Immediate,
    Special, ///< %tid.x
    Symbol,  ///< a name, perhaps with an offset; also labels
    Address, ///< [base + offset]; base: `elements[0]`, none: absolute
    Vector,  ///< {a, b} and (a, b)
    Sink,    ///< _
    Pair     ///< d|p
  };
  Kind kind = Kind::Sink;
  bool negated = false;
  bool isFloat = false;  ///< Immediate: `bits` is a double or an f32 pattern
  bool isSingle = false; ///< Immediate: 0f: `bits` is an f32 pattern
  int index = -1;
  uint64_t bits = 0;
  int64_t offset = 0;
  std::string_view name;
  std::vector<Operand> elements;
};

struct Instruction {
  int line = 0;
  std::string_view text; ///< "ld.global.v2.b32", for messages
  std::string_view opcode;
  std::vector<std::string_view> modifiers;
  std::vector<Operand> operands;
  int guard = -1; ///< index of a predicate register
  bool guardNegated = false;
  int scope = 0;
  /// A load's bytes that the program uses (.pragma "used_bytes_mask").
  uint32_t usedBytes = ~uint32_t(0);
};

struct Register {
  std::string_view name;
  Type type;
};

struct Function {
  std::string_view name;
  int line = 0;
  bool kernel = false;
  bool defined = false;
  std::vector<Variable> results, parameters;
  std::vector<Register> registers;
  std::vector<Variable>
      variables; ///< declared in the body: local, shared, param
  std::vector<Instruction> instructions;
  /// Label -> index of the instruction behind it, by scope.
  struct Scope {
    int parent;
    std::unordered_map<std::string_view, int> labels;
    std::unordered_map<std::string_view, int> variables;
  };
  std::vector<Scope> scopes;
  std::unordered_map<std::string_view, std::vector<std::string_view>> targets;
  uint32_t maxThreads = 0;
  uint32_t requiredThreads[3] = {0, 0, 0};
  std::string_view body; ///< from the head to the closing brace, for the cache
};

struct PtxModule {
  std::string text;
  int versionMajor = 0, versionMinor = 0;
  int targetMajor = 0, targetMinor = 0;
  bool targetAccelerated = false;
  std::string_view targetName;
  std::vector<Variable> variables;
  std::vector<std::unique_ptr<Function>> functions;
  std::unordered_map<std::string_view, int> variableIndex, functionIndex;
  /// .alias: a name and the function that is meant by it.
  std::vector<std::pair<std::string_view, std::string_view>> aliases;
  std::deque<std::string> madeNames; ///< of variables that no text declares
};

} // namespace terrazzo::emu
