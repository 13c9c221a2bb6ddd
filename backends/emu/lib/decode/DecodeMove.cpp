// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mov, and addresses of one state space as those of another.
#include "compile/Emitter.h"

#include <cstddef>

namespace terrazzo::emu {

using llvm::Value;

namespace {

/// {a, b} = c and c = {a, b}.
Emit packOrUnpack(Decoder &d, Type type) {
  bool unpack = d.in.operands[0].kind == Operand::Kind::Vector;
  const Operand &vector = d.in.operands[unpack ? 0 : 1];
  size_t number = vector.elements.size();
  unsigned bits = bitsOf(type);
  if (d.in.operands[unpack ? 1 : 0].kind == Operand::Kind::Vector ||
      (number != 2 && number != 4) || bits / number < 8 || bits < 16)
    return d.invalid("the parts do not make up the whole");
  unsigned partBits = unsigned(bits / number);
  Type part = partBits == 8 ? Type::B8 : partBits == 16 ? Type::B16 : Type::B32;
  auto vectorType = [=](Emitter &e) {
    return llvm::FixedVectorType::get(e.b.getIntNTy(partBits),
                                      unsigned(lanes * number));
  };
  if (unpack) {
    auto parts = d.destinations(0, part, number, part == Type::B8);
    auto *from = d.source(1, type);
    return [=](Emitter &e) {
      Value *whole = e.b.CreateBitCast(e.source(from, type), vectorType(e));
      for (size_t i = 0; i < number; ++i) {
        llvm::SmallVector<int, lanes> shuffle;
        for (unsigned lane = 0; lane < lanes; ++lane)
          shuffle.push_back(int(lane * number + i));
        e.set(parts[i], e.b.CreateShuffleVector(whole, shuffle));
      }
    };
  }
  auto *to = d.destination(0, type);
  auto parts = d.sources(1, part, number, part == Type::B8);
  return [=](Emitter &e) {
    Value *whole = e.splat(bits, 0);
    for (size_t i = 0; i < number; ++i) {
      Value *one = e.b.CreateZExt(e.source(parts[i], part), e.integers(bits));
      whole =
          e.b.CreateOr(whole, e.b.CreateShl(one, e.splat(bits, partBits * i)));
    }
    e.set(to, whole);
  };
}

Emit decodeMov(Decoder &d) {
  Type type = d.takeAnyType();
  bool good = type == Type::Predicate || type == Type::F32 ||
              type == Type::F64 || type == Type::F16 || type == Type::BF16 ||
              type == Type::F16x2 || type == Type::BF16x2 ||
              ((isInteger(type) || isUntyped(type)) && bitsOf(type) >= 16 &&
               bitsOf(type) <= 64);
  if (!good)
    return d.unknown();
  if (!d.expectCount(2))
    return {};
  if (d.in.operands[0].kind == Operand::Kind::Vector ||
      d.in.operands[1].kind == Operand::Kind::Vector)
    return packOrUnpack(d, type);
  Type held = type == Type::F16x2 || type == Type::BF16x2 ? Type::B32 : type;
  auto *to = d.destination(0, held);
  auto *from = d.source(1, held);
  return [=](Emitter &e) { e.set(to, e.source(from, held)); };
}

Space takeSpace(Decoder &d) {
  if (d.take("shared") || d.take("shared::cta"))
    return Space::Shared;
  if (d.take("global"))
    return Space::Global;
  if (d.take("local"))
    return Space::Local;
  if (d.take("const"))
    return Space::Constant;
  if (d.take("param") || d.take("param::entry"))
    return Space::Parameter;
  if (d.take("shared::cluster"))
    return d.needs(90), Space::Shared;
  return Space::Generic;
}

Emit decodeCvta(Decoder &d) {
  bool to = d.take("to");
  Space space = takeSpace(d);
  Type type = d.takeType({Type::U32, Type::U64});
  if (space == Space::Generic || type == Type::U32)
    return d.unknown();
  if (!d.expectCount(2))
    return {};
  auto *result = d.destination(0, type);
  const Operand *from = d.source(1, type);
  return [=](Emitter &e) {
    Value *value = e.source(from, type);
    if (space == Space::Shared || space == Space::Local) {
      Value *base = e.spaceBase(space);
      value = to ? e.b.CreateSub(value, base) : e.b.CreateAdd(value, base);
    }
    e.set(result, value);
  };
}

Emit decodeIsspacep(Decoder &d) {
  Space space = takeSpace(d);
  if (space == Space::Generic || space == Space::Constant)
    return d.unknown();
  d.expectCount(2);
  auto *to = d.destination(0, Type::Predicate);
  auto *from = d.source(1, Type::U64);
  return [=](Emitter &e) {
    Value *value = e.source(from, Type::U64);
    auto within = [&](size_t base, Value *bytes) {
      Value *start = e.b.CreatePtrToInt(e.warpField(base, e.b.getPtrTy()),
                                        e.b.getInt64Ty());
      return e.b.CreateICmpULT(e.b.CreateSub(value, e.splat(start)),
                               e.splat(bytes));
    };
    auto *word = e.b.getInt64Ty();
    Value *shared = within(offsetof(Warp, shared),
                           e.warpField(offsetof(Warp, sharedBytes), word));
    Value *local =
        within(offsetof(Warp, local),
               e.b.CreateMul(e.warpField(offsetof(Warp, localBytes), word),
                             e.b.getInt64(lanes)));
    Value *parameter =
        within(offsetof(Warp, parameters),
               e.warpField(offsetof(Warp, parameterBytes), word));
    if (space == Space::Shared)
      return e.set(to, shared);
    if (space == Space::Local)
      return e.set(to, local);
    if (space == Space::Parameter)
      return e.set(to, parameter);
    e.set(to,
          e.b.CreateNot(e.b.CreateOr(e.b.CreateOr(shared, local), parameter)));
  };
}

/// Cluster addresses: each block is a cluster of its own.
Emit decodeMapa(Decoder &d) {
  d.needs(90);
  d.take("shared::cluster");
  Type type = d.takeType({Type::U32, Type::U64});
  d.expectCount(3);
  auto *to = d.destination(0, type);
  auto *from = d.source(1, type);
  d.source(2, Type::U32);
  return [=](Emitter &e) { e.set(to, e.source(from, type)); };
}

} // namespace

const DecodeEntry moveDecoders[] = {{"mov", decodeMov},
                                    {"cvta", decodeCvta},
                                    {"isspacep", decodeIsspacep},
                                    {"mapa", decodeMapa},
                                    {"", nullptr}};

} // namespace terrazzo::emu
