// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random functions of vectors: logic, shifts and sums of arguments, loads and
// constants, merged under masks; and what each must return.
#pragma once

#include "AssemblyMachine.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

#include <random>

namespace terrazzo::test {

/// A function in a module, with arguments and the bytes that it must return.
struct MaskedCase {
  std::string name;
  struct Argument {
    enum { Vector, Pointer, Mask } kind;
    Bytes bytes;
    uint64_t mask;
  };
  std::vector<Argument> arguments;
  Bytes expected;
};

MaskedCase addMaskedCase(llvm::Module &module, unsigned number,
                         std::mt19937_64 &random);

} // namespace terrazzo::test
