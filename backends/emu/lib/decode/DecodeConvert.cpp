// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cvt. What compilers use in inner loops is emitted inline; everything else is
// a lane function over the two types, with the rounding as a flag.
#include "decode/FloatModifiers.h"

#include <llvm/IR/Intrinsics.h>

namespace terrazzo::emu {

using llvm::Value;

namespace {

struct Conversion {
  Type to = Type::None, from = Type::None;
  uint64_t rounding = roundNearest;
  bool rounds = false;   ///< a rounding was written
  bool integral = false; ///< .rni and the like
  bool flush = false, saturate = false, finite = false, relu = false;
  uint64_t flags() const {
    return rounding | flush * flagFlush | saturate * flagSaturate |
           relu * flagRelu | finite * flagFinite | integral * flagIntegral;
  }
};

Conversion takeConversion(Decoder &d) {
  Conversion c;
  static constexpr std::pair<std::string_view, uint64_t>
      plain[] = {{"rn", roundNearest},
                 {"rz", roundZero},
                 {"rm", roundDown},
                 {"rp", roundUp},
                 {"rna", roundAway}},
      whole[] = {{"rni", roundNearest},
                 {"rzi", roundZero},
                 {"rmi", roundDown},
                 {"rpi", roundUp}};
  for (auto [name, code] : plain)
    if (!c.rounds && d.take(name))
      c.rounding = code, c.rounds = true;
  for (auto [name, code] : whole)
    if (!c.rounds && d.take(name))
      c.rounding = code, c.rounds = c.integral = true;
  while (true) {
    if (!c.flush && d.take("ftz"))
      c.flush = true;
    else if (!c.saturate && d.take("sat"))
      c.saturate = true;
    else if (!c.finite && d.take("satfinite"))
      c.finite = true;
    else if (!c.relu && d.take("relu"))
      c.relu = true;
    else
      break;
  }
  c.to = d.takeAnyType();
  c.from = d.takeAnyType();
  return c;
}

bool isEight(Type type) { return type == Type::E4M3x2 || type == Type::E5M2x2; }
bool isPair(Type type) {
  return type == Type::F16x2 || type == Type::BF16x2 || isEight(type);
}
bool isNumber(Type type) { return isInteger(type) || isFloat(type); }
bool isSmallFloat(Type type) { return type == Type::F16 || type == Type::BF16; }

/// The language's rules for which modifiers go with which types.
bool isAllowed(const Conversion &c) {
  Type to = c.to, from = c.from;
  if (isPair(to) || isPair(from)) {
    if (isEight(from)) // to halves: exact
      return to == Type::F16x2 && c.rounds && c.rounding == roundNearest &&
             !c.integral && !c.finite && !c.saturate && !c.flush;
    if (isEight(to))
      return (from == Type::F32 || from == Type::F16x2) && c.rounds &&
             c.rounding == roundNearest && c.finite && !c.saturate && !c.flush;
    return from == Type::F32 && c.rounds && !c.integral && !c.saturate &&
           !c.flush && (c.rounding == roundNearest || c.rounding == roundZero);
  }
  if (to == Type::TF32)
    return from == Type::F32 && c.rounds && !c.integral && !c.saturate &&
           !c.flush;
  if (!isNumber(to) || !isNumber(from) || from == Type::TF32)
    return false;
  if (c.relu || c.finite)
    return isSmallFloat(to) && from == Type::F32 && !c.integral;
  if (c.rounding == roundAway)
    return false;
  if (isInteger(to) && isInteger(from))
    return !c.rounds && !c.flush;
  if (isInteger(to))
    return c.integral;
  if (isInteger(from))
    return c.rounds && !c.integral && !c.flush;
  // Between floats: integral within a type; rounding when narrowing.
  unsigned toBits = bitsOf(to), fromBits = bitsOf(from);
  bool same = to == from;
  if (same)
    return !c.rounds || c.integral;
  if (toBits > fromBits)
    return !c.rounds || c.integral;
  return c.rounds;
}

unsigned architectureOf(const Conversion &c) {
  if (isEight(c.to) || isEight(c.from))
    return 89;
  if (c.to == Type::TF32)
    return c.rounding == roundAway ? 80 : 90;
  auto brain = [](Type type) {
    return type == Type::BF16 || type == Type::BF16x2;
  };
  if (brain(c.to) && c.from == Type::F32)
    return 80;
  if (c.from == Type::BF16 && c.to == Type::F32)
    return 80;
  if (brain(c.to) || brain(c.from))
    return 90;
  if (c.to == Type::F16x2 || c.relu || c.finite)
    return 80;
  return 50;
}

/// bf16 of f32, to nearest even; NaN gives 0x7fff. 32 bits, the upper zero.
Value *narrowBrain(Emitter &e, Value *bits) {
  Value *odd =
      e.b.CreateAnd(e.b.CreateLShr(bits, e.splat(32, 16)), e.splat(32, 1));
  Value *rounded = e.b.CreateLShr(
      e.b.CreateAdd(e.b.CreateAdd(bits, e.splat(32, 0x7fff)), odd),
      e.splat(32, 16));
  Value *nan = e.b.CreateICmpUGT(e.b.CreateAnd(bits, e.splat(32, 0x7fffffff)),
                                 e.splat(32, 0x7f800000));
  return e.b.CreateSelect(nan, e.splat(32, 0x7fff), rounded);
}

/// f16 of f32, to nearest even; NaN gives 0x7fff. 16 bits.
Value *narrowHalf(Emitter &e, Value *bits) {
  Value *value = e.toFloats(bits, Type::F32);
  auto *halves = llvm::FixedVectorType::get(e.b.getHalfTy(), lanes);
  Value *made =
      e.b.CreateBitCast(e.b.CreateFPTrunc(value, halves), e.integers(16));
  return e.b.CreateSelect(e.b.CreateFCmpUNO(value, value), e.splat(16, 0x7fff),
                          made);
}

/// Null when the conversion has no inline form.
Value *convertInline(Emitter &e, const Conversion &c, Value *bits) {
  if (c.saturate || c.flush || c.relu || c.finite)
    return nullptr;
  unsigned toBits = bitsOf(c.to), fromBits = bitsOf(c.from);
  bool wideTo = c.to == Type::F32 || c.to == Type::F64;
  bool wideFrom = c.from == Type::F32 || c.from == Type::F64;
  if (isInteger(c.to) && isInteger(c.from)) {
    if (toBits <= fromBits)
      return e.b.CreateTrunc(bits, e.integers(toBits));
    return isSigned(c.from) ? e.b.CreateSExt(bits, e.integers(toBits))
                            : e.b.CreateZExt(bits, e.integers(toBits));
  }
  if (c.rounding == roundNearest && isInteger(c.from) && wideTo)
    return isSigned(c.from) ? e.b.CreateSIToFP(bits, e.floats(c.to))
                            : e.b.CreateUIToFP(bits, e.floats(c.to));
  if (c.to == Type::F64 && c.from == Type::F32 && !c.integral)
    return e.b.CreateFPExt(e.toFloats(bits, c.from), e.floats(c.to));
  if (c.to == Type::F32 && c.from == Type::F64 && !c.integral &&
      c.rounding == roundNearest)
    return e.b.CreateFPTrunc(e.toFloats(bits, c.from), e.floats(c.to));
  if (c.rounding == roundZero && isInteger(c.to) && c.from == Type::F32 &&
      wideFrom && toBits == 32) {
    auto which = isSigned(c.to) ? llvm::Intrinsic::fptosi_sat
                                : llvm::Intrinsic::fptoui_sat;
    return e.b.CreateIntrinsic(which, {e.integers(toBits), e.floats(c.from)},
                               {e.toFloats(bits, c.from)});
  }
  if (c.to == Type::F32 && isSmallFloat(c.from) && !c.integral)
    return e.widenHalf(bits, c.from == Type::BF16);
  if (c.from == Type::F32 && c.rounding == roundNearest && !c.integral) {
    if (c.to == Type::BF16)
      return e.b.CreateTrunc(narrowBrain(e, bits), e.integers(16));
    if (c.to == Type::F16 && e.scope.wideHalf)
      return narrowHalf(e, bits);
  }
  return nullptr;
}

Emit convertPair(Decoder &d, const Conversion &c) {
  Type to = isEight(c.to) ? Type::B16 : Type::B32;
  bool two = c.from == Type::F32;
  Type from = two ? Type::F32 : isEight(c.from) ? Type::B16 : Type::B32;
  d.expectCount(two ? 3 : 2);
  auto *result = d.destination(0, to);
  auto *high = d.source(1, from);
  auto *low = two ? d.source(2, from) : nullptr;
  std::string name = d.helper("cvt." + std::string(nameOf(c.to)) + "." +
                              std::string(nameOf(c.from)));
  return [=](Emitter &e) {
    bool plain = c.rounding == roundNearest && !c.relu && !c.finite;
    if (plain && two && c.to == Type::BF16x2) {
      Value *upper = narrowBrain(e, e.source(high, from));
      Value *lower = narrowBrain(e, e.source(low, from));
      return e.set(result,
                   e.b.CreateOr(e.b.CreateShl(upper, e.splat(32, 16)), lower));
    }
    if (plain && two && c.to == Type::F16x2 && e.scope.wideHalf) {
      auto widen = [&](const Operand *operand) {
        return e.b.CreateZExt(narrowHalf(e, e.source(operand, from)),
                              e.integers(32));
      };
      return e.set(result,
                   e.b.CreateOr(e.b.CreateShl(widen(high), e.splat(32, 16)),
                                widen(low)));
    }
    llvm::SmallVector<Value *, 1> more;
    if (two)
      more.push_back(e.source(low, from));
    e.set(result, e.call1(name, bitsOf(to), {e.source(high, from)}, more, {},
                          c.flags()));
  };
}

Emit decodeCvt(Decoder &d) {
  if (d.take("pack"))
    return d.unknown();
  Conversion c = takeConversion(d);
  if (!isAllowed(c))
    return d.unknown();
  if (int(architectureOf(c)) > 50)
    d.needs(int(architectureOf(c)));
  if (isPair(c.to) || isPair(c.from))
    return convertPair(d, c);
  Type to = c.to == Type::TF32 ? Type::B32 : c.to;
  d.expectCount(2);
  // Integers may lie in wider registers; so may halves, by no rule.
  auto *result = d.destination(0, to, isInteger(to));
  auto *operand = d.source(1, c.from, isInteger(c.from));
  std::string name =
      "cvt." + std::string(nameOf(c.to)) + "." + std::string(nameOf(c.from));
  if (!(isInteger(c.to) && isInteger(c.from) && !c.saturate))
    name = d.helper(std::move(name));
  return [=](Emitter &e) {
    Value *bits = e.source(operand, c.from);
    Value *made = convertInline(e, c, bits);
    if (!made)
      made = e.call1(name, bitsOf(to), {bits}, {}, {}, c.flags());
    e.set(result, made, isSigned(c.to));
  };
}

} // namespace

const DecodeEntry convertDecoders[] = {{"cvt", decodeCvt}, {"", nullptr}};

} // namespace terrazzo::emu
