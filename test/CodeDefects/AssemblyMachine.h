// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Computes what a straight piece of x86-64 code computes, from its assembly
// text: the moves, logic, shifts and masks of AVX-512. So the code for a
// processor is checked on any other.
#pragma once

#include "llvm/ADT/StringRef.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace terrazzo::test {

using Bytes = std::vector<uint8_t>;

class AssemblyMachine {
public:
  /// The constants of `assembly`, and its functions.
  explicit AssemblyMachine(llvm::StringRef assembly);

  /// Arguments by the System V convention, in order; vectors of more than 64
  /// bytes take several registers.
  void vectorArgument(const Bytes &bytes);
  void integerArgument(uint64_t value);
  void pointerArgument(Bytes bytes);

  /// Runs `function`; false with a reason at an instruction that it does not
  /// know.
  bool run(llvm::StringRef function, std::string &reason);
  /// The result, as it is returned in vector registers.
  Bytes result(size_t bytes) const;

  /// How many instructions merge three-operand logic with memory under a mask.
  static unsigned maskedLogicWithMemory(llvm::StringRef assembly);

private:
  using Vector = std::array<uint8_t, 64>;
  struct Operand {
    enum { Immediate, Integer, Mask, Register, Memory } kind = Immediate;
    unsigned number = 0; ///< of the register
    size_t width = 0;    ///< of the register, bytes
    uint64_t value = 0;  ///< of the immediate
    std::string place;   ///< register or label that memory is based on
    int64_t offset = 0;
    bool broadcast = false;
    int mask = -1;
    bool zeroing = false;
  };

  bool parse(llvm::StringRef text, Operand &operand);
  bool step(llvm::StringRef line);
  bool move(llvm::StringRef name, std::vector<Operand> &operands);
  bool masks(llvm::StringRef name, std::vector<Operand> &operands);
  bool elementwise(llvm::StringRef name, std::vector<Operand> &operands);
  bool blend(std::vector<Operand> &operands, size_t bytes);
  bool spread(llvm::StringRef name, std::vector<Operand> &operands);
  const uint8_t *memory(const Operand &operand, size_t bytes);
  uint8_t *target(const Operand &operand, size_t bytes);
  /// Element `index` of `bytes` bytes; memory that is broadcast has one.
  bool element(const Operand &operand, size_t index, size_t bytes,
               uint64_t &value);
  void write(const Operand &to, size_t bytes,
             const std::vector<uint64_t> &elements);

  std::map<std::string, Bytes> constants;
  std::map<std::string, std::vector<std::string>> functions;
  std::map<std::string, Bytes> pointers; ///< by register
  std::map<std::string, uint64_t> integers;
  std::array<Vector, 32> vectors{};
  std::array<uint64_t, 8> maskRegisters{};
  size_t vectorCount = 0, integerCount = 0;
};

} // namespace terrazzo::test
