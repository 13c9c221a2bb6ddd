// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// atom and red.
#include "decode/MemoryModifiers.h"

namespace terrazzo::emu {

using llvm::Value;

namespace {

bool isOperationOf(std::string_view operation, Type type) {
  auto among = [&](std::initializer_list<Type> types) {
    for (Type one : types)
      if (one == type)
        return true;
    return false;
  };
  if (operation == "add")
    return among({Type::U32, Type::S32, Type::U64, Type::S64, Type::F32,
                  Type::F64, Type::F16, Type::F16x2, Type::BF16, Type::BF16x2});
  if (operation == "min" || operation == "max")
    return among({Type::U32, Type::S32, Type::U64, Type::S64});
  if (operation == "inc" || operation == "dec")
    return type == Type::U32;
  if (operation == "exch")
    return among({Type::B32, Type::B64});
  if (operation == "cas")
    return among({Type::B16, Type::B32, Type::B64});
  return among({Type::B32, Type::B64}); // and, or, xor
}

Emit decodeAtomic(Decoder &d) {
  bool reduces = d.in.opcode == "red";
  MemoryModifiers m = takeMemoryModifiers(d);
  std::string_view operation = d.takeAny(
      {"add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec"});
  if (operation.empty() ||
      (reduces && (operation == "exch" || operation == "cas")))
    return d.unknown();
  bool noFlush = d.take("noftz");
  if (d.take("L2::cache_hint"))
    m.cacheHint = true;
  Type type = d.takeAnyType();
  bool half = type == Type::F16 || type == Type::F16x2 || type == Type::BF16 ||
              type == Type::BF16x2;
  if (!isOperationOf(operation, type) || noFlush != half || m.vector != 1 ||
      m.space == Space::Parameter || m.space == Space::Constant)
    return d.unknown();
  if (type == Type::BF16 || type == Type::BF16x2)
    d.needs(90);
  Type held = bitsOf(type) == 32 && half ? Type::B32 : half ? Type::B16 : type;
  size_t at = reduces ? 0 : 1;
  size_t wanted = at + 2 + (operation == "cas") + m.cacheHint;
  if (!d.expectCount(wanted))
    return {};
  const Operand *to = reduces ? nullptr : d.destination(0, held);
  const Operand *place = d.address(at);
  const Operand *first = d.source(at + 1, held);
  const Operand *second = operation == "cas" ? d.source(at + 2, held) : nullptr;
  if (m.cacheHint)
    d.source(wanted - 1, Type::B64);
  std::string name = d.helper("atom." + std::string(operation) + "." +
                              std::string(nameOf(type)));
  uint64_t flags = spaceFlag(m.space) | (operation == "cas" ? 64 << 8 : 0);
  return [=](Emitter &e) {
    llvm::SmallVector<Value *, 1> more;
    if (second)
      more.push_back(e.source(second, held));
    Value *old = e.call1(name, bitsOf(held), {e.address(place)},
                         {e.source(first, held)}, more, flags);
    if (to)
      e.set(to, old);
  };
}

} // namespace

const DecodeEntry atomicDecoders[] = {
    {"atom", decodeAtomic}, {"red", decodeAtomic}, {"", nullptr}};

} // namespace terrazzo::emu
