// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Logic, shifts, bit fields and permutations.
#include "compile/Emitter.h"

#include <llvm/IR/Intrinsics.h>

namespace terrazzo::emu {

using llvm::Value;

namespace {

Emit logic(Decoder &d) {
  Type type = d.takeType({Type::Predicate, Type::B16, Type::B32, Type::B64});
  d.expectCount(3);
  auto *to = d.destination(0, type);
  auto *left = d.source(1, type), *right = d.source(2, type);
  char kind = d.in.opcode.front();
  return [=](Emitter &e) {
    Value *a = e.source(left, type), *c = e.source(right, type);
    e.set(to, kind == 'a'   ? e.b.CreateAnd(a, c)
              : kind == 'o' ? e.b.CreateOr(a, c)
                            : e.b.CreateXor(a, c));
  };
}

Emit decodeNot(Decoder &d) {
  Type type = d.takeType({Type::Predicate, Type::B16, Type::B32, Type::B64});
  d.expectCount(2);
  auto *to = d.destination(0, type);
  auto *from = d.source(1, type);
  return [=](Emitter &e) { e.set(to, e.b.CreateNot(e.source(from, type))); };
}

Emit decodeCnot(Decoder &d) {
  Type type = d.takeType({Type::B16, Type::B32, Type::B64});
  d.expectCount(2);
  auto *to = d.destination(0, type);
  auto *from = d.source(1, type);
  return [=](Emitter &e) {
    Value *value = e.source(from, type);
    e.set(to, e.b.CreateICmpEQ(value, e.splat(bitsOf(type), 0)));
  };
}

/// Amounts beyond the width shift everything out.
Emit shift(Decoder &d, bool left) {
  Type type =
      left ? d.takeType({Type::B16, Type::B32, Type::B64})
           : d.takeType({Type::B16, Type::B32, Type::B64, Type::U16, Type::U32,
                         Type::U64, Type::S16, Type::S32, Type::S64});
  d.expectCount(3);
  auto *to = d.destination(0, type);
  auto *from = d.source(1, type), *by = d.source(2, Type::U32);
  return [=](Emitter &e) {
    unsigned bits = bitsOf(type);
    Value *value = e.source(from, type), *amount = e.source(by, Type::U32);
    Value *most = e.splat(32, isSigned(type) && !left ? bits - 1 : bits);
    Value *clamped =
        e.b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, amount, most);
    Value *fits = e.b.CreateICmpULT(amount, e.splat(32, bits));
    Value *sized = bits == 32   ? clamped
                   : bits == 64 ? e.b.CreateZExt(clamped, e.integers(64))
                                : e.b.CreateTrunc(clamped, e.integers(16));
    if (isSigned(type) && !left)
      return e.set(to, e.b.CreateAShr(value, sized));
    uint64_t known = 0;
    if (Emitter::isImmediate(by, known) && known < bits)
      return e.set(to, left ? e.b.CreateShl(value, sized)
                            : e.b.CreateLShr(value, sized));
    // A shift by the width is poison in LLVM IR: it must not be reached.
    Value *safe = e.b.CreateAnd(sized, e.splat(bits, bits - 1));
    Value *shifted =
        left ? e.b.CreateShl(value, safe) : e.b.CreateLShr(value, safe);
    e.set(to, e.b.CreateSelect(fits, shifted, e.splat(bits, 0)));
  };
}

Emit decodeShl(Decoder &d) { return shift(d, true); }
Emit decodeShr(Decoder &d) { return shift(d, false); }

Emit decodeShf(Decoder &d) {
  std::string_view side = d.takeAny({"l", "r"});
  std::string_view mode = d.takeAny({"clamp", "wrap"});
  if (side.empty() || mode.empty())
    return d.unknown();
  d.takeType({Type::B32});
  d.expectCount(4);
  auto *to = d.destination(0, Type::B32);
  auto *low = d.source(1, Type::B32), *high = d.source(2, Type::B32);
  auto *by = d.source(3, Type::U32);
  return [=](Emitter &e) {
    Value *wide = e.b.CreateOr(
        e.b.CreateShl(e.b.CreateZExt(e.source(high, Type::B32), e.integers(64)),
                      e.splat(64, 32)),
        e.b.CreateZExt(e.source(low, Type::B32), e.integers(64)));
    Value *amount = e.source(by, Type::U32);
    amount = mode == "wrap"
                 ? e.b.CreateAnd(amount, e.splat(32, 31))
                 : e.b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, amount,
                                             e.splat(32, 32));
    Value *sized = e.b.CreateZExt(amount, e.integers(64));
    Value *moved = side == "l" ? e.b.CreateLShr(e.b.CreateShl(wide, sized),
                                                e.splat(64, 32))
                               : e.b.CreateLShr(wide, sized);
    e.set(to, e.b.CreateTrunc(moved, e.integers(32)));
  };
}

Emit decodeLop3(Decoder &d) {
  std::string_view joined = d.takeAny({"or", "and"});
  d.takeType({Type::B32});
  bool hasPredicate = !joined.empty();
  d.expectCount(hasPredicate ? 6 : 5);
  uint64_t table = 0;
  const Operand *to = nullptr, *also = nullptr, *combine = nullptr;
  if (hasPredicate && !d.failed() &&
      d.in.operands[0].kind == Operand::Kind::Pair) {
    to = d.checkDestination(&d.in.operands[0].elements[0], Type::B32, false);
    also = d.checkDestination(&d.in.operands[0].elements[1], Type::Predicate,
                              false);
  } else {
    to = d.destination(0, Type::B32);
  }
  auto *a = d.source(1, Type::B32), *c = d.source(2, Type::B32);
  auto *third = d.source(3, Type::B32);
  if (hasPredicate)
    combine = d.source(5, Type::Predicate);
  if (d.failed() || !Emitter::isImmediate(&d.in.operands[4], table) ||
      table > 255)
    return d.invalid("the table must be a number up to 255");
  return [=](Emitter &e) {
    Value *inputs[3] = {e.source(a, Type::B32), e.source(c, Type::B32),
                        e.source(third, Type::B32)};
    Value *result = e.splat(32, 0);
    for (unsigned row = 0; row < 8; ++row) {
      if (!(table >> row & 1))
        continue;
      Value *term = nullptr;
      for (unsigned i = 0; i < 3; ++i) {
        bool set = row >> (2 - i) & 1;
        Value *input = set ? inputs[i] : e.b.CreateNot(inputs[i]);
        term = term ? e.b.CreateAnd(term, input) : input;
      }
      result = e.b.CreateOr(result, term);
    }
    if (also) {
      Value *some = e.b.CreateICmpNE(result, e.splat(32, 0));
      Value *with = e.predicate(combine);
      e.set(also, joined == "or" ? e.b.CreateOr(some, with)
                                 : e.b.CreateAnd(some, with));
    }
    e.set(to, result);
  };
}

Emit countBits(Decoder &d) {
  Type type = d.takeType({Type::B32, Type::B64});
  d.expectCount(2);
  auto *to = d.destination(0, Type::U32);
  auto *from = d.source(1, type);
  bool leading = d.in.opcode == "clz";
  return [=](Emitter &e) {
    Value *value = e.source(from, type);
    Value *count =
        leading ? e.b.CreateBinaryIntrinsic(llvm::Intrinsic::ctlz, value,
                                            e.b.getInt1(false))
                : e.b.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, value);
    e.set(to,
          bitsOf(type) == 64 ? e.b.CreateTrunc(count, e.integers(32)) : count);
  };
}

Emit decodeBrev(Decoder &d) {
  Type type = d.takeType({Type::B32, Type::B64});
  d.expectCount(2);
  auto *to = d.destination(0, type);
  auto *from = d.source(1, type);
  return [=](Emitter &e) {
    e.set(to, e.b.CreateUnaryIntrinsic(llvm::Intrinsic::bitreverse,
                                       e.source(from, type)));
  };
}

/// Operations whose lanes a precompiled function computes: `results` and
/// sources of the given types.
Emit byHelper(Decoder &d, std::string name, Type result,
              std::vector<Type> types) {
  d.expectCount(types.size() + 1);
  auto *to = d.destination(0, result);
  std::vector<const Operand *> operands;
  for (size_t i = 0; i < types.size(); ++i)
    operands.push_back(d.source(i + 1, types[i]));
  name = d.helper(std::move(name));
  return [=](Emitter &e) {
    llvm::SmallVector<Value *, 4> values;
    for (size_t i = 0; i < types.size(); ++i)
      values.push_back(e.source(operands[i], types[i]));
    llvm::ArrayRef<Value *> all = values;
    e.set(to,
          e.call1(name, bitsOf(result), all.take_front(1),
                  all.size() > 1 ? all.slice(1, 1) : llvm::ArrayRef<Value *>(),
                  all.size() > 2 ? all.drop_front(2)
                                 : llvm::ArrayRef<Value *>()));
  };
}

Emit decodeBfind(Decoder &d) {
  bool amount = d.take("shiftamt");
  Type type = d.takeType({Type::U32, Type::U64, Type::S32, Type::S64});
  return byHelper(d,
                  std::string(amount ? "bfind.shiftamt." : "bfind.") +
                      std::string(nameOf(type)),
                  Type::U32, {type});
}
/// Start and length of a field that the text itself gives, if it lies within
/// `bits` bits.
bool isKnownField(const Decoder &d, size_t first, uint64_t bits,
                  uint64_t &start, uint64_t &length) {
  return d.count() == first + 2 &&
         Emitter::isImmediate(&d.in.operands[first], start) &&
         Emitter::isImmediate(&d.in.operands[first + 1], length) &&
         length > 0 && length <= bits && start <= bits - length;
}

Emit decodeBfe(Decoder &d) {
  Type type = d.takeType({Type::U32, Type::U64, Type::S32, Type::S64});
  uint64_t start = 0, length = 0, bits = bitsOf(type);
  if (isKnownField(d, 2, bits, start, length)) {
    auto *to = d.destination(0, type);
    auto *from = d.source(1, type);
    return [=](Emitter &e) {
      Value *top = e.b.CreateShl(e.source(from, type),
                                 e.splat(bits, bits - start - length));
      Value *amount = e.splat(bits, bits - length);
      e.set(to, isSigned(type) ? e.b.CreateAShr(top, amount)
                               : e.b.CreateLShr(top, amount));
    };
  }
  return byHelper(d, "bfe." + std::string(nameOf(type)), type,
                  {type, Type::U32, Type::U32});
}
Emit decodeBfi(Decoder &d) {
  Type type = d.takeType({Type::B32, Type::B64});
  uint64_t start = 0, length = 0, bits = bitsOf(type);
  if (isKnownField(d, 3, bits, start, length)) {
    auto *to = d.destination(0, type);
    auto *field = d.source(1, type), *into = d.source(2, type);
    uint64_t mask = (length == 64 ? ~uint64_t(0) : (uint64_t(1) << length) - 1)
                    << start;
    return [=](Emitter &e) {
      Value *placed = e.b.CreateAnd(
          e.b.CreateShl(e.source(field, type), e.splat(bits, start)),
          e.splat(bits, mask));
      Value *kept = e.b.CreateAnd(e.source(into, type), e.splat(bits, ~mask));
      e.set(to, e.b.CreateOr(placed, kept));
    };
  }
  return byHelper(d, "bfi." + std::string(nameOf(type)), type,
                  {type, type, Type::U32, Type::U32});
}
Emit decodeBmsk(Decoder &d) {
  std::string_view mode = d.takeAny({"clamp", "wrap"});
  if (mode.empty())
    return d.unknown();
  d.takeType({Type::B32});
  return byHelper(d, "bmsk." + std::string(mode), Type::B32,
                  {Type::U32, Type::U32});
}
Emit decodeSzext(Decoder &d) {
  std::string_view mode = d.takeAny({"clamp", "wrap"});
  if (mode.empty())
    return d.unknown();
  Type type = d.takeType({Type::U32, Type::S32});
  return byHelper(
      d, "szext." + std::string(mode) + "." + std::string(nameOf(type)), type,
      {type, Type::U32});
}
Emit decodeFns(Decoder &d) {
  d.takeType({Type::B32});
  return byHelper(d, "fns", Type::B32, {Type::B32, Type::B32, Type::S32});
}

Emit decodePrmt(Decoder &d) {
  d.takeType({Type::B32});
  std::string_view mode =
      d.takeAny({"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"});
  uint64_t choice = 0;
  bool known = mode.empty() && d.count() == 4 &&
               Emitter::isImmediate(&d.in.operands[3], choice);
  if (!known)
    return byHelper(d, mode.empty() ? "prmt" : "prmt." + std::string(mode),
                    Type::B32, {Type::B32, Type::B32, Type::B32});
  auto *to = d.destination(0, Type::B32);
  auto *low = d.source(1, Type::B32), *high = d.source(2, Type::B32);
  for (unsigned i = 0; i < 4; ++i)
    if (choice >> (4 * i + 3) & 1)
      return byHelper(d, "prmt", Type::B32, {Type::B32, Type::B32, Type::B32});
  return [=](Emitter &e) {
    auto *bytes = llvm::FixedVectorType::get(e.b.getInt8Ty(), 4 * lanes);
    llvm::SmallVector<int, 128> shuffle;
    for (int lane = 0; lane < int(lanes); ++lane)
      for (unsigned i = 0; i < 4; ++i) {
        int byte = int(choice >> (4 * i) & 7);
        shuffle.push_back(byte < 4 ? 4 * lane + byte
                                   : int(4 * lanes) + 4 * lane + byte - 4);
      }
    Value *a = e.b.CreateBitCast(e.source(low, Type::B32), bytes);
    Value *c = e.b.CreateBitCast(e.source(high, Type::B32), bytes);
    e.set(to, e.b.CreateBitCast(e.b.CreateShuffleVector(a, c, shuffle),
                                e.integers(32)));
  };
}

} // namespace

const DecodeEntry bitDecoders[] = {
    {"and", logic},         {"or", logic},          {"xor", logic},
    {"not", decodeNot},     {"cnot", decodeCnot},   {"shl", decodeShl},
    {"shr", decodeShr},     {"shf", decodeShf},     {"lop3", decodeLop3},
    {"clz", countBits},     {"popc", countBits},    {"brev", decodeBrev},
    {"bfind", decodeBfind}, {"bfe", decodeBfe},     {"bfi", decodeBfi},
    {"bmsk", decodeBmsk},   {"szext", decodeSzext}, {"fns", decodeFns},
    {"prmt", decodePrmt},   {"", nullptr}};

} // namespace terrazzo::emu
