// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Floating-point arithmetic. What IEEE rounds to nearest in f32 and f64 is
// emitted inline; directed rounding, f16 and bf16 go to lane functions.
#include "decode/FloatModifiers.h"

#include <llvm/IR/Intrinsics.h>

namespace terrazzo::emu {

using llvm::Value;

FloatModifiers takeRounding(Decoder &d, bool required) {
  FloatModifiers made;
  std::string_view name = d.takeAny({"rn", "rz", "rm", "rp"});
  made.explicitRounding = !name.empty();
  if (required && name.empty())
    d.unknown();
  made.rounding = name == "rz"   ? roundZero
                  : name == "rm" ? roundDown
                  : name == "rp" ? roundUp
                                 : roundNearest;
  made.flush = d.take("ftz");
  made.saturate = d.take("sat");
  made.relu = d.take("relu");
  return made;
}

Type halfRegister(Type type) {
  switch (type) {
  case Type::F16x2:
  case Type::BF16x2:
    return Type::B32;
  case Type::F16:
  case Type::BF16:
    return Type::B16;
  default:
    return type;
  }
}

bool isHalf(Type type) {
  return type == Type::F16 || type == Type::F16x2 || type == Type::BF16 ||
         type == Type::BF16x2;
}

Value *flushed(Emitter &e, Value *value) {
  auto *type = llvm::cast<llvm::FixedVectorType>(value->getType());
  auto *integers =
      llvm::FixedVectorType::get(e.b.getInt32Ty(), type->getNumElements());
  auto all = [&](uint64_t bits) {
    return llvm::ConstantInt::get(integers, bits);
  };
  Value *bits = e.b.CreateBitCast(value, integers);
  Value *exponent = e.b.CreateAnd(bits, all(0x7f800000));
  Value *sign = e.b.CreateAnd(bits, all(0x80000000));
  Value *tiny = e.b.CreateICmpEQ(exponent, all(0));
  return e.b.CreateBitCast(e.b.CreateSelect(tiny, sign, bits), type);
}

Value *saturated(Emitter &e, Value *value, Type type) {
  Value *zero = llvm::ConstantFP::get(e.floats(type), 0.0);
  Value *one = llvm::ConstantFP::get(e.floats(type), 1.0);
  Value *positive =
      e.b.CreateSelect(e.b.CreateFCmpOGT(value, zero), value, zero);
  return e.b.CreateSelect(e.b.CreateFCmpOLT(positive, one), positive, one);
}

/// Checks what a type may be combined with.
static void checkModifiers(Decoder &d, Type type, const FloatModifiers &m) {
  bool half = isHalf(type);
  bool brain = type == Type::BF16 || type == Type::BF16x2;
  if ((m.flush || m.saturate) && (type == Type::F64 || brain))
    d.unknown();
  if (m.relu && !half)
    d.unknown();
  if (half && m.rounding != roundNearest)
    d.unknown();
}

namespace {

constexpr std::initializer_list<Type> sumTypes = {
    Type::F32,  Type::F64,    Type::F16,  Type::F16x2,
    Type::BF16, Type::BF16x2, Type::F32x2};
constexpr std::initializer_list<Type> floatTypes = {
    Type::F32, Type::F64, Type::F16, Type::F16x2, Type::BF16, Type::BF16x2};

Emit viaHelper(Decoder &d, std::string name, Type type, const FloatModifiers &m,
               unsigned sources) {
  Type held = halfRegister(type);
  auto *to = d.destination(0, held);
  std::vector<const Operand *> operands;
  for (unsigned i = 0; i < sources; ++i)
    operands.push_back(d.source(i + 1, held));
  name = d.helper(std::move(name));
  return [=](Emitter &e) {
    llvm::SmallVector<Value *, 3> values;
    for (auto *operand : operands)
      values.push_back(e.source(operand, held));
    llvm::ArrayRef<Value *> all = values;
    llvm::ArrayRef<Value *> none;
    e.set(to, e.call1(name, bitsOf(held), all.take_front(1),
                      all.size() > 1 ? all.slice(1, 1) : none,
                      all.size() > 2 ? all.slice(2, 1) : none, m.flags()));
  };
}

/// Two f32 in 64 bits, to nearest.
template <typename Compute>
Emit pairOfSingles(Decoder &d, FloatModifiers m, unsigned sources,
                   Compute compute) {
  d.needs(100);
  if (m.rounding != roundNearest || m.saturate || m.relu)
    return d.unknown();
  auto *to = d.destination(0, Type::B64);
  std::vector<const Operand *> operands;
  for (unsigned i = 0; i < sources; ++i)
    operands.push_back(d.source(i + 1, Type::B64));
  return [=](Emitter &e) {
    auto *type = llvm::FixedVectorType::get(e.b.getFloatTy(), 2 * lanes);
    llvm::SmallVector<Value *, 3> values;
    for (auto *operand : operands) {
      Value *value = e.b.CreateBitCast(e.source(operand, Type::B64), type);
      values.push_back(m.flush ? flushed(e, value) : value);
    }
    Value *result = compute(e, values);
    if (m.flush)
      result = flushed(e, result);
    e.set(to, e.b.CreateBitCast(result, e.integers(64)));
  };
}

/// add, sub and fma of f32 whose first operands are f16 or bf16: `widened` of
/// them.
template <typename Compute>
Emit mixedFloat(Decoder &d, FloatModifiers m, unsigned sources,
                unsigned widened, Compute compute) {
  Type narrow = d.takeType({Type::F16, Type::BF16});
  d.needs(100);
  if (m.flush || m.relu)
    return d.unknown();
  auto *to = d.destination(0, Type::F32);
  std::vector<const Operand *> operands;
  for (unsigned i = 0; i < sources; ++i)
    operands.push_back(d.source(i + 1, i < widened ? narrow : Type::F32));
  std::string name = d.helper(std::string(d.in.opcode) + ".f32");
  return [=](Emitter &e) {
    llvm::SmallVector<Value *, 3> values;
    for (unsigned i = 0; i < sources; ++i)
      values.push_back(i < widened ? e.widenHalf(e.source(operands[i], narrow),
                                                 narrow == Type::BF16)
                                   : e.sourceFloat(operands[i], Type::F32));
    if (m.rounding != roundNearest) {
      llvm::ArrayRef<Value *> all = values;
      return e.set(to, e.call1(name, 32, all.take_front(1), all.slice(1, 1),
                               all.drop_front(2), m.flags()));
    }
    Value *result = compute(e, values);
    e.set(to, m.saturate ? saturated(e, result, Type::F32) : result);
  };
}

template <typename Compute>
Emit inlineFloat(Decoder &d, Type type, FloatModifiers m, unsigned sources,
                 Compute compute) {
  auto *to = d.destination(0, type);
  std::vector<const Operand *> operands;
  for (unsigned i = 0; i < sources; ++i)
    operands.push_back(d.source(i + 1, type));
  return [=](Emitter &e) {
    llvm::SmallVector<Value *, 3> values;
    for (auto *operand : operands) {
      Value *value = e.sourceFloat(operand, type);
      values.push_back(m.flush ? flushed(e, value) : value);
    }
    Value *result = compute(e, values);
    if (m.flush)
      result = flushed(e, result);
    if (m.saturate)
      result = saturated(e, result, type);
    e.set(to, result);
  };
}

} // namespace

Emit decodeFloatBinary(Decoder &d) {
  FloatModifiers m = takeRounding(d, false);
  Type type = d.takeType(sumTypes);
  checkModifiers(d, type, m);
  if (m.relu)
    return d.unknown();
  if (type == Type::F16 || type == Type::F16x2)
    d.needs(53);
  if (type == Type::BF16 || type == Type::BF16x2)
    d.needs(90);
  d.expectCount(3);
  std::string_view what = d.in.opcode;
  auto compute = [=](Emitter &e, auto &v) {
    return what == "add"   ? e.b.CreateFAdd(v[0], v[1])
           : what == "sub" ? e.b.CreateFSub(v[0], v[1])
                           : e.b.CreateFMul(v[0], v[1]);
  };
  if (type == Type::F32x2)
    return pairOfSingles(d, m, 2, compute);
  bool mixed = d.peek() == "f16" || d.peek() == "bf16";
  if (type == Type::F32 && mixed && what != "mul")
    return mixedFloat(d, m, 2, 1, compute);
  if (isHalf(type) || m.rounding != roundNearest)
    return viaHelper(d, std::string(what) + "." + std::string(nameOf(type)),
                     type, m, 2);
  return inlineFloat(d, type, m, 2, compute);
}

Emit decodeFloatFused(Decoder &d) {
  FloatModifiers m = takeRounding(d, true);
  Type type = d.takeType(sumTypes);
  checkModifiers(d, type, m);
  if (type == Type::BF16 || type == Type::BF16x2 || m.relu)
    d.needs(80);
  d.expectCount(4);
  auto compute = [](Emitter &e, auto &v) {
    return e.b.CreateIntrinsic(llvm::Intrinsic::fma, {v[0]->getType()},
                               {v[0], v[1], v[2]});
  };
  if (type == Type::F32x2)
    return pairOfSingles(d, m, 3, compute);
  if (type == Type::F32 && (d.peek() == "f16" || d.peek() == "bf16"))
    return mixedFloat(d, m, 3, 2, compute);
  if (isHalf(type) || m.rounding != roundNearest)
    return viaHelper(d, "fma." + std::string(nameOf(type)), type, m, 3);
  return inlineFloat(d, type, m, 3, compute);
}

Emit decodeFloatDivide(Decoder &d) {
  bool loose = d.take("approx") || d.take("full");
  FloatModifiers m = takeRounding(d, !loose);
  Type type = d.takeType({Type::F32, Type::F64});
  checkModifiers(d, type, m);
  if (m.relu || m.saturate || (loose && type == Type::F64))
    return d.unknown();
  d.expectCount(3);
  if (m.rounding != roundNearest)
    return viaHelper(d, "div." + std::string(nameOf(type)), type, m, 2);
  // The correctly rounded quotient is within every bound of .approx, .full.
  return inlineFloat(d, type, m, 2, [](Emitter &e, auto &v) {
    return e.b.CreateFDiv(v[0], v[1]);
  });
}

Emit decodeFloatMinMax(Decoder &d) {
  FloatModifiers m;
  m.flush = d.take("ftz");
  m.nan = d.take("NaN");
  m.xorSign = d.take("xorsign");
  if (m.xorSign && !d.take("abs"))
    return d.unknown();
  Type type = d.takeType(floatTypes);
  checkModifiers(d, type, m);
  if (type == Type::F64 && (m.nan || m.xorSign))
    return d.unknown();
  if (isHalf(type) || m.nan)
    d.needs(80);
  if (m.xorSign)
    d.needs(86);
  bool maximum = d.in.opcode == "max";
  if (!d.expectCount(3, 4))
    return {};
  bool three = d.count() == 4;
  if (three) {
    d.needs(100);
    if (type != Type::F32 || m.xorSign)
      return d.unknown();
  }
  if (isHalf(type) || m.xorSign)
    return viaHelper(d,
                     std::string(d.in.opcode) + "." + std::string(nameOf(type)),
                     type, m, 2);
  return inlineFloat(d, type, m, three ? 3 : 2, [=](Emitter &e, auto &v) {
    using namespace llvm::Intrinsic;
    auto which = m.nan ? (maximum ? llvm::Intrinsic::maximum : minimum)
                       : (maximum ? maximumnum : minimumnum);
    Value *first = e.b.CreateBinaryIntrinsic(which, v[0], v[1]);
    return three ? e.b.CreateBinaryIntrinsic(which, first, v[2]) : first;
  });
}

Emit decodeFloatSign(Decoder &d) {
  FloatModifiers m;
  m.flush = d.take("ftz");
  Type type = d.takeType(floatTypes);
  bool brain = type == Type::BF16 || type == Type::BF16x2;
  if (m.flush && (type == Type::F64 || brain))
    return d.unknown();
  if (brain)
    d.needs(80);
  d.expectCount(2);
  Type held = halfRegister(type);
  auto *to = d.destination(0, held);
  auto *from = d.source(1, held);
  bool negate = d.in.opcode == "neg";
  uint64_t sign = type == Type::F64    ? uint64_t(1) << 63
                  : type == Type::F32  ? 0x80000000u
                  : bitsOf(type) == 32 ? 0x80008000u
                                       : 0x8000u;
  std::string flush = m.flush && isHalf(type)
                          ? d.helper("flush." + std::string(nameOf(type)))
                          : std::string();
  return [=](Emitter &e) {
    unsigned bits = bitsOf(held);
    Value *value = e.source(from, held);
    if (!flush.empty())
      value = e.call1(flush, bits, {value});
    else if (m.flush)
      value = e.toIntegers(flushed(e, e.toFloats(value, Type::F32)));
    e.set(to, negate ? e.b.CreateXor(value, e.splat(bits, sign))
                     : e.b.CreateAnd(value, e.splat(bits, ~sign)));
  };
}

namespace {

Emit decodeSqrt(Decoder &d) {
  bool loose = d.take("approx");
  FloatModifiers m = takeRounding(d, !loose);
  Type type = d.takeType({Type::F32, Type::F64});
  checkModifiers(d, type, m);
  if (m.relu || m.saturate || (loose && type == Type::F64))
    return d.unknown();
  d.expectCount(2);
  if (m.rounding != roundNearest)
    return viaHelper(d, "sqrt." + std::string(nameOf(type)), type, m, 1);
  return inlineFloat(d, type, m, 1, [](Emitter &e, auto &v) {
    return e.b.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, v[0]);
  });
}

Emit decodeRcp(Decoder &d) {
  bool loose = d.take("approx");
  FloatModifiers m = takeRounding(d, !loose);
  Type type = d.takeType({Type::F32, Type::F64});
  // rcp.approx.ftz.f64 reads and gives upper halves only.
  bool coarse = loose && type == Type::F64;
  if (coarse != (type == Type::F64 && m.flush) || m.relu || m.saturate)
    return d.unknown();
  d.expectCount(2);
  if (coarse)
    return viaHelper(d, "rcp.approx.f64", type, m, 1);
  if (m.rounding != roundNearest)
    return viaHelper(d, "rcp." + std::string(nameOf(type)), type, m, 1);
  return inlineFloat(d, type, m, 1, [=](Emitter &e, auto &v) {
    return e.b.CreateFDiv(llvm::ConstantFP::get(e.floats(type), 1.0), v[0]);
  });
}

/// rsqrt, sin, cos, lg2, ex2, tanh: always .approx.
Emit decodeApproximate(Decoder &d) {
  std::string_view what = d.in.opcode;
  if (!d.take("approx"))
    return d.unknown();
  FloatModifiers m;
  m.flush = d.take("ftz");
  Type type = d.takeType(floatTypes);
  bool half = isHalf(type);
  bool brain = type == Type::BF16 || type == Type::BF16x2;
  bool good = type == Type::F32 || (type == Type::F64 && what == "rsqrt") ||
              (half && what == "tanh" && !m.flush) ||
              (half && what == "ex2" && (brain == m.flush || !brain));
  if (what == "tanh" && type == Type::F32 && m.flush)
    good = false;
  if (!good)
    return d.unknown();
  if (what == "tanh" || (half && what == "ex2"))
    d.needs(brain ? 90 : 75);
  d.expectCount(2);
  return viaHelper(d, std::string(what) + "." + std::string(nameOf(type)), type,
                   m, 1);
}

Emit decodeTestp(Decoder &d) {
  std::string_view what = d.takeAny(
      {"finite", "infinite", "number", "notanumber", "normal", "subnormal"});
  if (what.empty())
    return d.unknown();
  Type type = d.takeType({Type::F32, Type::F64});
  d.expectCount(2);
  auto *to = d.destination(0, Type::Predicate);
  auto *from = d.source(1, type);
  return [=](Emitter &e) {
    unsigned bits = bitsOf(type);
    uint64_t infinity = bits == 64 ? 0x7ff0000000000000u : 0x7f800000u;
    uint64_t least = bits == 64 ? 0x0010000000000000u : 0x00800000u;
    Value *value = e.b.CreateAnd(
        e.source(from, type),
        e.splat(bits, bits == 64 ? ~uint64_t(0) >> 1 : 0x7fffffffu));
    Value *limit = e.splat(bits, infinity), *small = e.splat(bits, least);
    Value *finite = e.b.CreateICmpULT(value, limit);
    Value *result = nullptr;
    if (what == "finite")
      result = finite;
    else if (what == "infinite")
      result = e.b.CreateICmpEQ(value, limit);
    else if (what == "number")
      result = e.b.CreateICmpULE(value, limit);
    else if (what == "notanumber")
      result = e.b.CreateICmpUGT(value, limit);
    else if (what == "normal")
      result = e.b.CreateAnd(finite, e.b.CreateICmpUGE(value, small));
    else
      result = e.b.CreateAnd(e.b.CreateICmpULT(value, small),
                             e.b.CreateICmpNE(value, e.splat(bits, 0)));
    e.set(to, result);
  };
}

Emit decodeCopysign(Decoder &d) {
  Type type = d.takeType({Type::F32, Type::F64});
  d.expectCount(3);
  auto *to = d.destination(0, type);
  auto *sign = d.source(1, type), *size = d.source(2, type);
  return [=](Emitter &e) {
    unsigned bits = bitsOf(type);
    Value *mask = e.splat(bits, uint64_t(1) << (bits - 1));
    e.set(to, e.b.CreateOr(
                  e.b.CreateAnd(e.source(sign, type), mask),
                  e.b.CreateAnd(e.source(size, type), e.b.CreateNot(mask))));
  };
}

} // namespace

const DecodeEntry floatDecoders[] = {
    {"fma", decodeFloatFused}, {"sqrt", decodeSqrt},         {"rcp", decodeRcp},
    {"testp", decodeTestp},    {"copysign", decodeCopysign}, {"", nullptr}};
const DecodeEntry specialDecoders[] = {{"rsqrt", decodeApproximate},
                                       {"sin", decodeApproximate},
                                       {"cos", decodeApproximate},
                                       {"lg2", decodeApproximate},
                                       {"ex2", decodeApproximate},
                                       {"tanh", decodeApproximate},
                                       {"", nullptr}};

} // namespace terrazzo::emu
