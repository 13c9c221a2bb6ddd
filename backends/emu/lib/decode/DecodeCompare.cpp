// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// setp, set, selp, slct.
#include "decode/FloatModifiers.h"

namespace terrazzo::emu {

using llvm::CmpInst;
using llvm::Value;

namespace {

/// By the operator's name; BAD_ICMP_PREDICATE when the type has no such one.
CmpInst::Predicate comparison(std::string_view name, Type type) {
  struct Row {
    std::string_view name;
    CmpInst::Predicate floating, sign, plain;
  };
  using P = CmpInst::Predicate;
  constexpr P none = P::BAD_ICMP_PREDICATE;
  static constexpr Row rows[] = {{"eq", P::FCMP_OEQ, P::ICMP_EQ, P::ICMP_EQ},
                                 {"ne", P::FCMP_ONE, P::ICMP_NE, P::ICMP_NE},
                                 {"lt", P::FCMP_OLT, P::ICMP_SLT, P::ICMP_ULT},
                                 {"le", P::FCMP_OLE, P::ICMP_SLE, P::ICMP_ULE},
                                 {"gt", P::FCMP_OGT, P::ICMP_SGT, P::ICMP_UGT},
                                 {"ge", P::FCMP_OGE, P::ICMP_SGE, P::ICMP_UGE},
                                 {"lo", none, none, P::ICMP_ULT},
                                 {"ls", none, none, P::ICMP_ULE},
                                 {"hi", none, none, P::ICMP_UGT},
                                 {"hs", none, none, P::ICMP_UGE},
                                 {"equ", P::FCMP_UEQ, none, none},
                                 {"neu", P::FCMP_UNE, none, none},
                                 {"ltu", P::FCMP_ULT, none, none},
                                 {"leu", P::FCMP_ULE, none, none},
                                 {"gtu", P::FCMP_UGT, none, none},
                                 {"geu", P::FCMP_UGE, none, none},
                                 {"num", P::FCMP_ORD, none, none},
                                 {"nan", P::FCMP_UNO, none, none}};
  bool floating = isFloat(type) || isHalf(type);
  for (const Row &row : rows) {
    if (row.name != name)
      continue;
    if (floating)
      return row.floating;
    if (isUntyped(type) && name != "eq" && name != "ne")
      return none;
    return isSigned(type) ? row.sign : row.plain;
  }
  return none;
}

struct Comparison {
  CmpInst::Predicate predicate;
  std::string_view joined; ///< and, or, xor, or empty
  bool flush;
  Type type;
};

Comparison takeComparison(Decoder &d, Type &result, bool isSet) {
  std::string_view name;
  for (std::string_view known :
       {"eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs", "equ",
        "neu", "ltu", "leu", "gtu", "geu", "num", "nan"})
    if (d.take(known)) {
      name = known;
      break;
    }
  Comparison made;
  made.joined = d.takeAny({"and", "or", "xor"});
  made.flush = d.take("ftz");
  if (isSet)
    result = d.takeAnyType();
  made.type = d.takeAnyType();
  Type type = made.type;
  bool good =
      isInteger(type) || isUntyped(type) || isFloat(type) || isHalf(type);
  good &= type != Type::TF32 && bitsOf(type) >= 16 && bitsOf(type) <= 64;
  made.predicate = comparison(name, type);
  if (!good || made.predicate == CmpInst::BAD_ICMP_PREDICATE ||
      (made.flush && (type == Type::F64 || !(isFloat(type) || isHalf(type)))))
    d.unknown();
  return made;
}

/// Half a register of two halves, or all of one, as f32.
Value *halfOf(Emitter &e, const Operand *operand, Type type, bool flush,
              unsigned part) {
  bool brain = type == Type::BF16 || type == Type::BF16x2;
  bool two = type == Type::F16x2 || type == Type::BF16x2;
  Value *bits = e.source(operand, two ? Type::B32 : Type::B16);
  if (two) {
    if (part)
      bits = e.b.CreateLShr(bits, e.splat(32, 16));
    bits = e.b.CreateTrunc(bits, e.integers(16));
  }
  if (flush && !brain)
    bits = e.call1("flush.f16", 16, {bits});
  return e.widenHalf(bits, brain);
}

Value *compare(Emitter &e, const Comparison &c, const Operand *left,
               const Operand *right, unsigned part = 0) {
  if (isHalf(c.type))
    return e.b.CreateFCmp(c.predicate, halfOf(e, left, c.type, c.flush, part),
                          halfOf(e, right, c.type, c.flush, part));
  if (!isFloat(c.type))
    return e.b.CreateICmp(c.predicate, e.source(left, c.type),
                          e.source(right, c.type));
  Value *a = e.sourceFloat(left, c.type), *x = e.sourceFloat(right, c.type);
  if (c.flush)
    a = flushed(e, a), x = flushed(e, x);
  return e.b.CreateFCmp(c.predicate, a, x);
}

Value *join(Emitter &e, std::string_view how, Value *result, Value *with) {
  return how == "and"  ? e.b.CreateAnd(result, with)
         : how == "or" ? e.b.CreateOr(result, with)
                       : e.b.CreateXor(result, with);
}

Emit decodeSetp(Decoder &d) {
  Type unused = Type::None;
  Comparison c = takeComparison(d, unused, false);
  if (d.failed() || !d.expectCount(c.joined.empty() ? 3 : 4))
    return {};
  const Operand *to = nullptr, *other = nullptr;
  const Operand &first = d.in.operands.front();
  bool two = c.type == Type::F16x2 || c.type == Type::BF16x2;
  if (first.kind == Operand::Kind::Pair) {
    to = d.checkDestination(&first.elements[0], Type::Predicate, false);
    other = d.checkDestination(&first.elements[1], Type::Predicate, false);
  } else {
    to = d.destination(0, Type::Predicate);
  }
  if (two && !other)
    return d.invalid("needs two destinations");
  Type held = halfRegister(c.type);
  auto *left = d.source(1, held), *right = d.source(2, held);
  auto *with = c.joined.empty() ? nullptr : d.source(3, Type::Predicate);
  return [=](Emitter &e) {
    Value *result = compare(e, c, left, right);
    Value *second = two     ? compare(e, c, left, right, 1)
                    : other ? e.b.CreateNot(result)
                            : nullptr;
    if (with) {
      Value *third = e.predicate(with);
      result = join(e, c.joined, result, third);
      if (second)
        second = join(e, c.joined, second, third);
    }
    e.set(to, result);
    if (other)
      e.set(other, second);
  };
}

Emit decodeSet(Decoder &d) {
  Type result = Type::None;
  Comparison c = takeComparison(d, result, true);
  bool good = result == Type::U32 || result == Type::S32 ||
              result == Type::F32 || result == Type::U16 || result == Type::S16;
  bool pair = (result == Type::F16x2 && c.type == Type::F16x2) ||
              (result == Type::BF16x2 && c.type == Type::BF16x2) ||
              (result == Type::U32 && isHalf(c.type) && bitsOf(c.type) == 32);
  bool halfResult = (result == Type::F16 && c.type == Type::F16) ||
                    (result == Type::BF16 && c.type == Type::BF16);
  if (d.failed() || !(good || pair || halfResult))
    return d.unknown();
  if (!d.expectCount(c.joined.empty() ? 3 : 4))
    return {};
  Type held = halfRegister(c.type);
  auto *to = d.destination(0, halfRegister(result));
  auto *left = d.source(1, held), *right = d.source(2, held);
  auto *with = c.joined.empty() ? nullptr : d.source(3, Type::Predicate);
  return [=](Emitter &e) {
    auto one = [&](unsigned part) {
      Value *is = compare(e, c, left, right, part);
      return with ? join(e, c.joined, is, e.predicate(with)) : is;
    };
    auto number = [&](unsigned bits, Value *is, uint64_t yes) {
      return e.b.CreateSelect(is, e.splat(bits, yes), e.splat(bits, 0));
    };
    if (pair) {
      uint64_t yes = result == Type::F16x2    ? 0x3c00
                     : result == Type::BF16x2 ? 0x3f80
                                              : 0xffff;
      return e.set(to, e.b.CreateOr(number(32, one(0), yes),
                                    number(32, one(1), yes << 16)));
    }
    unsigned bits = bitsOf(result);
    uint64_t yes = result == Type::F32    ? 0x3f800000
                   : result == Type::F16  ? 0x3c00
                   : result == Type::BF16 ? 0x3f80
                                          : ~uint64_t(0);
    e.set(to, number(bits, one(0), yes));
  };
}

Emit decodeSelp(Decoder &d) {
  Type type = d.takeAnyType();
  if (bitsOf(type) < 16 || bitsOf(type) > 64 || isHalf(type))
    return d.unknown();
  d.expectCount(4);
  auto *to = d.destination(0, type);
  auto *yes = d.source(1, type), *no = d.source(2, type);
  auto *which = d.source(3, Type::Predicate);
  return [=](Emitter &e) {
    e.set(to, e.b.CreateSelect(e.predicate(which), e.source(yes, type),
                               e.source(no, type)));
  };
}

Emit decodeSlct(Decoder &d) {
  bool flush = d.take("ftz");
  Type type = d.takeAnyType();
  Type decider = d.takeType({Type::S32, Type::F32});
  if (bitsOf(type) < 16 || bitsOf(type) > 64 || isHalf(type) ||
      (flush && decider != Type::F32))
    return d.unknown();
  d.expectCount(4);
  auto *to = d.destination(0, type);
  auto *yes = d.source(1, type), *no = d.source(2, type);
  auto *which = d.source(3, decider);
  return [=](Emitter &e) {
    Value *is = nullptr;
    if (decider == Type::S32) {
      is = e.b.CreateICmpSGE(e.source(which, decider), e.splat(32, 0));
    } else {
      Value *value = e.sourceFloat(which, decider);
      is = e.b.CreateFCmpOGE(flush ? flushed(e, value) : value,
                             llvm::ConstantFP::get(value->getType(), 0.0));
    }
    e.set(to, e.b.CreateSelect(is, e.source(yes, type), e.source(no, type)));
  };
}

} // namespace

const DecodeEntry compareDecoders[] = {{"setp", decodeSetp},
                                       {"set", decodeSet},
                                       {"selp", decodeSelp},
                                       {"slct", decodeSlct},
                                       {"", nullptr}};

} // namespace terrazzo::emu
