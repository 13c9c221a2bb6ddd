// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integer arithmetic. Types are read in the order that PTX writes modifiers.
#include "compile/Emitter.h"

#include <llvm/IR/Intrinsics.h>

namespace terrazzo::emu {

using llvm::Value;

namespace {

constexpr std::initializer_list<Type> arithmeticTypes = {
    Type::U16, Type::U32, Type::U64, Type::S16, Type::S32, Type::S64};

/// The carry flag is a register of its own, of the whole function: PTX keeps it
/// only between neighbouring instructions.
Emit addLike(Decoder &d, bool subtract, bool withCarry) {
  bool setsCarry = d.take("cc");
  Type type = d.takeType(withCarry || setsCarry
                             ? std::initializer_list<Type>{Type::U32, Type::S32,
                                                           Type::U64, Type::S64}
                             : arithmeticTypes);
  d.expectCount(3);
  auto *to = d.destination(0, type);
  auto *left = d.source(1, type), *right = d.source(2, type);
  return [=](Emitter &e) {
    Value *a = e.source(left, type), *c = e.source(right, type);
    if (!setsCarry && !withCarry)
      return e.set(to, subtract ? e.b.CreateSub(a, c) : e.b.CreateAdd(a, c));
    unsigned bits = bitsOf(type);
    Value *carry = withCarry ? e.carry() : nullptr;
    // a - c - borrow; PTX's flag after sub is the borrow.
    Value *first = subtract ? e.b.CreateSub(a, c) : e.b.CreateAdd(a, c);
    Value *result = first;
    if (carry) {
      Value *wide = e.b.CreateZExt(carry, e.integers(bits));
      result =
          subtract ? e.b.CreateSub(first, wide) : e.b.CreateAdd(first, wide);
    }
    if (setsCarry) {
      Value *over =
          subtract ? e.b.CreateICmpULT(a, c) : e.b.CreateICmpULT(first, a);
      if (carry) {
        Value *again = subtract ? e.b.CreateICmpUGT(result, first)
                                : e.b.CreateICmpULT(result, first);
        over = e.b.CreateOr(over, again);
      }
      e.setCarry(over);
    }
    e.set(to, result);
  };
}

Emit packed16(Decoder &d, Type type, std::string_view what) {
  d.needs(90);
  d.expectCount(3);
  auto *to = d.destination(0, Type::B32);
  auto *left = d.source(1, Type::B32), *right = d.source(2, Type::B32);
  bool sign = type == Type::S16x2;
  return [=](Emitter &e) {
    auto *halves = llvm::FixedVectorType::get(e.b.getInt16Ty(), 2 * lanes);
    Value *a = e.b.CreateBitCast(e.source(left, Type::B32), halves);
    Value *c = e.b.CreateBitCast(e.source(right, Type::B32), halves);
    Value *r = nullptr;
    if (what == "add")
      r = e.b.CreateAdd(a, c);
    else if (what == "sub")
      r = e.b.CreateSub(a, c);
    else if (what == "min")
      r = e.b.CreateBinaryIntrinsic(
          sign ? llvm::Intrinsic::smin : llvm::Intrinsic::umin, a, c);
    else
      r = e.b.CreateBinaryIntrinsic(
          sign ? llvm::Intrinsic::smax : llvm::Intrinsic::umax, a, c);
    e.set(to, e.b.CreateBitCast(r, e.integers(32)));
  };
}

Emit multiplyInteger(Decoder &d) {
  std::string_view mode = d.takeAny({"lo", "hi", "wide"});
  if (mode.empty())
    return d.unknown();
  Type type = d.takeType(arithmeticTypes);
  if (mode == "wide" && bitsOf(type) == 64)
    return d.unknown();
  d.expectCount(3);
  Type result = mode != "wide"       ? type
                : bitsOf(type) == 16 ? Type::B32
                                     : Type::B64;
  auto *to = d.destination(0, result);
  auto *left = d.source(1, type), *right = d.source(2, type);
  return [=](Emitter &e) {
    Value *a = e.source(left, type), *c = e.source(right, type);
    e.set(to, e.multiply(a, c, isSigned(type), mode));
  };
}

Emit multiplyAdd(Decoder &d) {
  std::string_view mode = d.takeAny({"lo", "hi", "wide"});
  if (mode.empty())
    return d.unknown();
  bool setsCarry = d.take("cc");
  bool saturate = mode == "hi" && d.take("sat");
  Type type = d.takeType(arithmeticTypes);
  if ((mode == "wide" && bitsOf(type) == 64) ||
      (saturate && type != Type::S32) || (setsCarry && bitsOf(type) < 32))
    return d.unknown();
  bool withCarry = d.in.opcode == "madc";
  d.expectCount(4);
  Type result = mode != "wide"       ? type
                : bitsOf(type) == 16 ? Type::B32
                                     : Type::B64;
  auto *to = d.destination(0, result);
  auto *left = d.source(1, type), *right = d.source(2, type);
  auto *addend = d.source(3, result);
  return [=](Emitter &e) {
    Value *a = e.source(left, type), *c = e.source(right, type);
    Value *product = e.multiply(a, c, isSigned(type), mode);
    Value *third = e.source(addend, result);
    if (saturate)
      return e.set(to, e.b.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat,
                                                 product, third));
    Value *sum = e.b.CreateAdd(product, third);
    Value *over = e.b.CreateICmpULT(sum, product);
    if (withCarry) {
      Value *more =
          e.b.CreateAdd(sum, e.b.CreateZExt(e.carry(), sum->getType()));
      over = e.b.CreateOr(over, e.b.CreateICmpULT(more, sum));
      sum = more;
    }
    if (setsCarry)
      e.setCarry(over);
    e.set(to, sum);
  };
}

Emit multiply24(Decoder &d, bool add) {
  std::string_view mode = d.takeAny({"lo", "hi"});
  if (mode.empty())
    return d.unknown();
  bool saturate = add && mode == "hi" && d.take("sat");
  Type type = d.takeType({Type::U32, Type::S32});
  d.expectCount(add ? 4 : 3);
  auto *to = d.destination(0, type);
  auto *left = d.source(1, type), *right = d.source(2, type);
  auto *addend = add ? d.source(3, type) : nullptr;
  return [=](Emitter &e) {
    auto shrink = [&](Value *value) {
      Value *high = e.b.CreateShl(value, e.splat(32, 8));
      Value *low = isSigned(type) ? e.b.CreateAShr(high, e.splat(32, 8))
                                  : e.b.CreateLShr(high, e.splat(32, 8));
      return isSigned(type) ? e.b.CreateSExt(low, e.integers(64))
                            : e.b.CreateZExt(low, e.integers(64));
    };
    Value *product = e.b.CreateMul(shrink(e.source(left, type)),
                                   shrink(e.source(right, type)));
    if (mode == "hi")
      product = e.b.CreateLShr(product, e.splat(64, 16));
    Value *result = e.b.CreateTrunc(product, e.integers(32));
    if (add) {
      Value *third = e.source(addend, type);
      result = saturate ? e.b.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat,
                                                    result, third)
                        : e.b.CreateAdd(result, third);
    }
    e.set(to, result);
  };
}

Emit divide(Decoder &d, bool remainder) {
  Type type = d.takeType(arithmeticTypes);
  d.expectCount(3);
  auto *to = d.destination(0, type);
  auto *left = d.source(1, type), *right = d.source(2, type);
  std::string name =
      d.helper((remainder ? "rem." : "div.") + std::string(nameOf(type)));
  return [=](Emitter &e) {
    uint64_t bits = 0;
    Value *a = e.source(left, type);
    if (Emitter::isImmediate(right, bits) && !isSigned(type) && bits != 0 &&
        (bits & (bits - 1)) == 0) {
      unsigned shift = unsigned(__builtin_ctzll(bits));
      unsigned width = bitsOf(type);
      return e.set(to, remainder ? e.b.CreateAnd(a, e.splat(width, bits - 1))
                                 : e.b.CreateLShr(a, e.splat(width, shift)));
    }
    e.set(to, e.call1(name, bitsOf(type), {a}, {e.source(right, type)}));
  };
}

Emit decodeAdd(Decoder &d);

Emit decodeAddc(Decoder &d) { return addLike(d, false, true); }
Emit decodeSubc(Decoder &d) { return addLike(d, true, true); }

Emit minMax(Decoder &d, bool maximum) {
  Type type = typeNamed(d.peek());
  bool relu = false;
  if (type == Type::None && d.peek() == "relu")
    relu = d.take("relu");
  type = d.takeType({Type::U16, Type::U32, Type::U64, Type::S16, Type::S32,
                     Type::S64, Type::U16x2, Type::S16x2});
  if (type == Type::U16x2 || type == Type::S16x2)
    return relu ? d.unknown() : packed16(d, type, maximum ? "max" : "min");
  if (relu && type != Type::S32)
    return d.unknown();
  d.expectCount(3);
  auto *to = d.destination(0, type);
  auto *left = d.source(1, type), *right = d.source(2, type);
  return [=](Emitter &e) {
    using namespace llvm::Intrinsic;
    auto which =
        isSigned(type) ? (maximum ? smax : smin) : (maximum ? umax : umin);
    Value *r = e.b.CreateBinaryIntrinsic(which, e.source(left, type),
                                         e.source(right, type));
    if (relu)
      r = e.b.CreateBinaryIntrinsic(smax, r, e.splat(32, 0));
    e.set(to, r);
  };
}

bool isFloatForm(Decoder &d) {
  static constexpr std::string_view words[] = {
      "rn",   "rz",     "rm",  "rp",  "ftz",  "sat", "approx",  "f16",  "f16x2",
      "bf16", "bf16x2", "f32", "f64", "full", "NaN", "xorsign", "f32x2"};
  // .sat may also stand before .s32: the type tells.
  for (std::string_view modifier : d.in.modifiers)
    if (modifier == "s32" || modifier == "u32")
      return false;
  for (std::string_view word : words)
    if (d.peek() == word)
      return true;
  return false;
}

Emit decodeAddOrSub(Decoder &d, bool subtract) {
  if (isFloatForm(d))
    return decodeFloatBinary(d);
  Type type = typeNamed(d.peek());
  if (type == Type::U16x2 || type == Type::S16x2) {
    d.takeAnyType();
    return packed16(d, type, subtract ? "sub" : "add");
  }
  if (d.take("sat")) {
    d.takeType({Type::S32});
    d.expectCount(3);
    auto *to = d.destination(0, Type::S32);
    auto *left = d.source(1, Type::S32), *right = d.source(2, Type::S32);
    return [=](Emitter &e) {
      e.set(to, e.b.CreateBinaryIntrinsic(subtract ? llvm::Intrinsic::ssub_sat
                                                   : llvm::Intrinsic::sadd_sat,
                                          e.source(left, Type::S32),
                                          e.source(right, Type::S32)));
    };
  }
  return addLike(d, subtract, false);
}

Emit decodeAdd(Decoder &d) { return decodeAddOrSub(d, false); }
Emit decodeSub(Decoder &d) { return decodeAddOrSub(d, true); }
Emit decodeMul(Decoder &d) {
  return isFloatForm(d) ? decodeFloatBinary(d) : multiplyInteger(d);
}
Emit decodeMad(Decoder &d) {
  return isFloatForm(d) ? decodeFloatFused(d) : multiplyAdd(d);
}
Emit decodeDiv(Decoder &d) {
  return isFloatForm(d) ? decodeFloatDivide(d) : divide(d, false);
}
Emit decodeRem(Decoder &d) { return divide(d, true); }
Emit decodeMin(Decoder &d) {
  return isFloatForm(d) ? decodeFloatMinMax(d) : minMax(d, false);
}
Emit decodeMax(Decoder &d) {
  return isFloatForm(d) ? decodeFloatMinMax(d) : minMax(d, true);
}
Emit decodeMul24(Decoder &d) { return multiply24(d, false); }
Emit decodeMad24(Decoder &d) { return multiply24(d, true); }

Emit decodeAbs(Decoder &d) {
  if (isFloatForm(d))
    return decodeFloatSign(d);
  Type type = d.takeType({Type::S16, Type::S32, Type::S64});
  d.expectCount(2);
  auto *to = d.destination(0, type);
  auto *from = d.source(1, type);
  return [=](Emitter &e) {
    e.set(to,
          e.b.CreateBinaryIntrinsic(llvm::Intrinsic::abs, e.source(from, type),
                                    e.b.getInt1(false)));
  };
}

Emit decodeNeg(Decoder &d) {
  if (isFloatForm(d))
    return decodeFloatSign(d);
  Type type = d.takeType({Type::S16, Type::S32, Type::S64});
  d.expectCount(2);
  auto *to = d.destination(0, type);
  auto *from = d.source(1, type);
  return [=](Emitter &e) { e.set(to, e.b.CreateNeg(e.source(from, type))); };
}

Emit decodeSad(Decoder &d) {
  Type type = d.takeType(arithmeticTypes);
  d.expectCount(4);
  auto *to = d.destination(0, type);
  auto *left = d.source(1, type), *right = d.source(2, type);
  auto *addend = d.source(3, type);
  return [=](Emitter &e) {
    using namespace llvm::Intrinsic;
    Value *a = e.source(left, type), *c = e.source(right, type);
    bool sign = isSigned(type);
    Value *high = e.b.CreateBinaryIntrinsic(sign ? smax : umax, a, c);
    Value *low = e.b.CreateBinaryIntrinsic(sign ? smin : umin, a, c);
    e.set(to, e.b.CreateAdd(e.b.CreateSub(high, low), e.source(addend, type)));
  };
}

/// dp4a and dp2a: four bytes, or two halves and two bytes.
Emit dotProduct(Decoder &d, bool four) {
  std::string_view mode = four ? "lo" : d.takeAny({"lo", "hi"});
  if (mode.empty())
    return d.unknown();
  Type left = d.takeType({Type::U32, Type::S32});
  Type right = d.takeType({Type::U32, Type::S32});
  d.expectCount(4);
  bool sign = isSigned(left) || isSigned(right);
  Type sum = sign ? Type::S32 : Type::U32;
  auto *to = d.destination(0, sum);
  auto *a = d.source(1, left), *c = d.source(2, right), *add = d.source(3, sum);
  return [=](Emitter &e) {
    Value *x = e.source(a, left), *y = e.source(c, right);
    Value *total = e.source(add, sum);
    auto part = [&](Value *value, unsigned from, unsigned bits, bool isSign) {
      Value *high = e.b.CreateShl(value, e.splat(32, 32 - from - bits));
      return isSign ? e.b.CreateAShr(high, e.splat(32, 32 - bits))
                    : e.b.CreateLShr(high, e.splat(32, 32 - bits));
    };
    unsigned count = four ? 4 : 2, width = four ? 8 : 16;
    for (unsigned i = 0; i < count; ++i) {
      unsigned at = four ? 8 * i : 8 * i + (mode == "hi" ? 16 : 0);
      total = e.b.CreateAdd(
          total, e.b.CreateMul(part(x, width * i, width, isSigned(left)),
                               part(y, at, 8, isSigned(right))));
    }
    e.set(to, total);
  };
}

Emit decodeDp4a(Decoder &d) { return dotProduct(d, true); }
Emit decodeDp2a(Decoder &d) { return dotProduct(d, false); }

} // namespace

const DecodeEntry integerDecoders[] = {
    {"add", decodeAdd},    {"addc", decodeAddc},   {"sub", decodeSub},
    {"subc", decodeSubc},  {"mul", decodeMul},     {"mad", decodeMad},
    {"madc", multiplyAdd}, {"mul24", decodeMul24}, {"mad24", decodeMad24},
    {"div", decodeDiv},    {"rem", decodeRem},     {"min", decodeMin},
    {"max", decodeMax},    {"abs", decodeAbs},     {"neg", decodeNeg},
    {"sad", decodeSad},    {"dp4a", decodeDp4a},   {"dp2a", decodeDp2a},
    {"", nullptr}};

} // namespace terrazzo::emu
