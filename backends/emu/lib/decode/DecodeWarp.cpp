// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions in which the lanes of a warp see each other. Each waits until
// the lanes that its mask names have come (Decoded::Flow::Meet).
#include "compile/Emitter.h"

namespace terrazzo::emu {

using llvm::Value;

namespace {

void meet(Decoder &d, size_t maskOperand) {
  d.out.flow = Decoded::Flow::Meet;
  d.out.index = d.source(maskOperand, Type::B32);
}

/// d and p of d|p.
void pair(Decoder &d, Type type, const Operand *&first,
          const Operand *&second) {
  if (d.failed())
    return;
  const Operand &operand = d.in.operands.front();
  if (operand.kind == Operand::Kind::Pair) {
    first = d.checkDestination(&operand.elements[0], type, false);
    second = d.checkDestination(&operand.elements[1], Type::Predicate, false);
  } else {
    first = d.destination(0, type);
  }
}

Emit decodeShfl(Decoder &d) {
  if (!d.take("sync"))
    return d.unknown();
  std::string_view mode = d.takeAny({"up", "down", "bfly", "idx"});
  if (mode.empty())
    return d.unknown();
  d.takeType({Type::B32});
  if (!d.expectCount(5))
    return {};
  const Operand *to = nullptr, *valid = nullptr;
  pair(d, Type::B32, to, valid);
  auto *value = d.source(1, Type::B32), *lane = d.source(2, Type::B32);
  auto *limits = d.source(3, Type::B32);
  meet(d, 4);
  std::string name = d.helper("shfl." + std::string(mode));
  return [=](Emitter &e) {
    auto results =
        e.call(name, 2, 32, {e.source(value, Type::B32)},
               {e.source(lane, Type::B32)}, {e.source(limits, Type::B32)});
    if (to)
      e.set(to, results[0]);
    if (valid)
      e.set(valid, e.b.CreateICmpNE(results[1], e.splat(32, 0)));
  };
}

Emit decodeVote(Decoder &d) {
  if (!d.take("sync"))
    return d.unknown();
  std::string_view mode = d.takeAny({"all", "any", "uni", "ballot"});
  if (mode.empty())
    return d.unknown();
  bool ballot = mode == "ballot";
  Type type = d.takeType({ballot ? Type::B32 : Type::Predicate});
  if (!d.expectCount(3))
    return {};
  auto *to = d.destination(0, type);
  auto *value = d.source(1, Type::Predicate);
  meet(d, 2);
  const Operand *members = d.out.index;
  return [=](Emitter &e) {
    Value *active = e.mask();
    Value *yes = e.b.CreateAnd(
        e.b.CreateBitCast(e.predicate(value), e.b.getInt32Ty()), active);
    // Groups with different masks may vote in one step.
    Value *members32 = e.source(members, Type::B32);
    Value *mine = e.b.CreateAnd(e.splat(yes), members32);
    Value *all = e.b.CreateAnd(e.splat(active), members32);
    Value *zero = e.splat(32, 0);
    if (ballot)
      return e.set(to, mine);
    Value *every = e.b.CreateICmpEQ(mine, all);
    Value *some = e.b.CreateICmpNE(mine, zero);
    e.set(to, mode == "all"   ? every
              : mode == "any" ? some
                              : e.b.CreateOr(every, e.b.CreateNot(some)));
  };
}

Emit decodeMatch(Decoder &d) {
  std::string_view mode = d.takeAny({"any", "all"});
  if (mode.empty() || !d.take("sync"))
    return d.unknown();
  Type type = d.takeType({Type::B32, Type::B64});
  if (!d.expectCount(3))
    return {};
  const Operand *to = nullptr, *valid = nullptr;
  pair(d, Type::B32, to, valid);
  if (valid && mode == "any")
    return d.unknown();
  auto *value = d.source(1, type);
  meet(d, 2);
  const Operand *members = d.out.index;
  std::string name =
      d.helper("match." + std::string(mode) + "." + std::string(nameOf(type)));
  return [=](Emitter &e) {
    Value *result = e.call1(name, 32, {e.source(value, type)},
                            {e.source(members, Type::B32)});
    if (to)
      e.set(to, result);
    if (valid)
      e.set(valid, e.b.CreateICmpNE(result, e.splat(32, 0)));
  };
}

Emit decodeRedux(Decoder &d) {
  d.needs(80);
  if (!d.take("sync"))
    return d.unknown();
  std::string_view what = d.takeAny({"add", "min", "max", "and", "or", "xor"});
  bool logic = what == "and" || what == "or" || what == "xor";
  if (what.empty())
    return d.unknown();
  Type type =
      logic ? d.takeType({Type::B32}) : d.takeType({Type::U32, Type::S32});
  if (!d.expectCount(3))
    return {};
  auto *to = d.destination(0, type);
  auto *value = d.source(1, type);
  meet(d, 2);
  const Operand *members = d.out.index;
  std::string name =
      d.helper("redux." + std::string(what) + "." + std::string(nameOf(type)));
  return [=](Emitter &e) {
    e.set(to, e.call1(name, 32, {e.source(value, type)},
                      {e.source(members, Type::B32)}));
  };
}

Emit decodeActivemask(Decoder &d) {
  d.takeType({Type::B32});
  d.expectCount(1);
  auto *to = d.destination(0, Type::B32);
  return [=](Emitter &e) { e.set(to, e.splat(e.mask())); };
}

Emit decodeElect(Decoder &d) {
  d.needs(90);
  if (!d.take("sync") || !d.expectCount(2))
    return d.unknown();
  const Operand *to = nullptr, *chosen = nullptr;
  pair(d, Type::B32, to, chosen);
  meet(d, 1);
  const Operand *members = d.out.index;
  return [=](Emitter &e) {
    Value *mask =
        e.b.CreateAnd(e.source(members, Type::B32), e.splat(e.mask()));
    Value *leader = e.b.CreateBinaryIntrinsic(llvm::Intrinsic::cttz, mask,
                                              e.b.getInt1(false));
    if (to)
      e.set(to, leader);
    if (chosen)
      e.set(chosen, e.b.CreateICmpEQ(e.special("%laneid", 32), leader));
  };
}

} // namespace

const DecodeEntry warpDecoders[] = {{"shfl", decodeShfl},
                                    {"vote", decodeVote},
                                    {"match", decodeMatch},
                                    {"redux", decodeRedux},
                                    {"activemask", decodeActivemask},
                                    {"elect", decodeElect},
                                    {"", nullptr}};

} // namespace terrazzo::emu
