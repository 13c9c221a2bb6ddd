// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The types that PTX instructions and registers name.
#pragma once

#include <cstdint>
#include <string_view>

namespace terrazzo::emu {

enum class Type : uint8_t {
  None,
  Predicate,
  B8,
  B16,
  B32,
  B64,
  B128,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  F16x2,
  BF16,
  BF16x2,
  TF32,
  F32,
  F64,
  F32x2,
  E4M3,
  E5M2,
  E4M3x2,
  E5M2x2,
  U16x2,
  S16x2
};

/// From the text after the dot; None when it names no type.
Type typeNamed(std::string_view name);
std::string_view nameOf(Type type);
/// Of a value in memory and in a register; Predicate has 1.
unsigned bitsOf(Type type);

inline bool isSigned(Type type) {
  return type == Type::S8 || type == Type::S16 || type == Type::S32 ||
         type == Type::S64;
}
inline bool isUnsigned(Type type) {
  return type == Type::U8 || type == Type::U16 || type == Type::U32 ||
         type == Type::U64;
}
inline bool isInteger(Type type) { return isSigned(type) || isUnsigned(type); }
inline bool isUntyped(Type type) {
  return type >= Type::B8 && type <= Type::B128;
}
/// One number that is no integer.
inline bool isFloat(Type type) {
  return type == Type::F16 || type == Type::BF16 || type == Type::F32 ||
         type == Type::F64 || type == Type::TF32;
}

} // namespace terrazzo::emu
