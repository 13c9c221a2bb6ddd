// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Branches, calls, barriers, fences.
#include "compile/Emitter.h"

#include <algorithm>
#include <cstddef>

namespace terrazzo::emu {

using llvm::Value;
using Kind = Decoded::Flow;

namespace {

Emit nothing() {
  return [](Emitter &) {};
}

Emit decodeBra(Decoder &d) {
  d.take("uni");
  if (!d.expectCount(1))
    return {};
  const Operand &to = d.in.operands.front();
  int target = to.kind == Operand::Kind::Symbol ? d.label(to.name) : -1;
  if (target < 0)
    return d.invalid("the label is not defined");
  d.out.flow = Kind::Jump;
  d.out.targets = {target};
  return {};
}

Emit decodeBrx(Decoder &d) {
  if (!d.take("idx"))
    return d.unknown();
  d.take("uni");
  if (!d.expectCount(2))
    return {};
  d.out.index = d.source(0, Type::U32);
  const Operand &list = d.in.operands[1];
  auto found = d.function.targets.find(list.name);
  if (list.kind != Operand::Kind::Symbol || found == d.function.targets.end())
    return d.invalid("the list of targets is not defined");
  for (std::string_view name : found->second) {
    int target = d.label(name);
    if (target < 0)
      return d.invalid("label '" + std::string(name) + "' is not defined");
    d.out.targets.push_back(target);
  }
  d.out.flow = Kind::Switch;
  return {};
}

Emit decodeRet(Decoder &d) {
  d.take("uni");
  d.expectCount(0);
  d.out.flow = Kind::Return;
  return {};
}

Emit decodeExit(Decoder &d) {
  d.expectCount(0);
  d.out.flow = Kind::Exit;
  return {};
}

Emit decodeTrap(Decoder &d) {
  d.expectCount(0);
  d.out.flow = Kind::Trap;
  return {};
}

Emit decodeCall(Decoder &d) {
  d.take("uni");
  size_t at = 0;
  const auto &operands = d.in.operands;
  std::vector<const Variable *> places;
  bool good = true;
  auto takeList = [&] {
    if (at >= operands.size() || operands[at].kind != Operand::Kind::Vector)
      return;
    for (const Operand &element : operands[at].elements) {
      const Variable *variable = element.kind == Operand::Kind::Symbol
                                     ? d.variable(element.name)
                                     : nullptr;
      good &= variable && variable->space == Space::Parameter;
      places.push_back(variable);
    }
    ++at;
  };
  takeList();
  size_t results = places.size();
  if (at >= operands.size())
    return d.invalid("names no function");
  const Operand &target = operands[at++];
  takeList();
  bool indirect = target.kind == Operand::Kind::Register;
  if (indirect && at < operands.size())
    ++at; // the prototype
  if (!good || at != operands.size() || places.size() > 200)
    return d.invalid("arguments must be .param variables");
  d.out.flow = Kind::Call;
  if (indirect) {
    const Operand *address = d.checkSource(&target, Type::B64, false);
    return [=](Emitter &e) { e.emitCall(address, nullptr, places); };
  }
  auto found = d.module.functionIndex.find(target.name);
  if (target.kind != Operand::Kind::Symbol ||
      found == d.module.functionIndex.end())
    return d.invalid("'" + std::string(target.name) + "' is not declared");
  const Function *callee = d.module.functions[size_t(found->second)].get();
  if (!callee->defined) {
    std::string name = std::string(callee->name);
    // Of the device's own library: bytes of each result and parameter.
    struct Known {
      std::string_view name;
      size_t results;
      std::vector<uint64_t> bytes;
      bool heap;
    };
    static const Known library[] = {{"vprintf", 1, {4, 8, 8}, false},
                                    {"__assertfail", 0, {8, 8, 4, 8, 8}, false},
                                    {"malloc", 1, {8, 8}, true},
                                    {"free", 0, {8}, true}};
    auto known = std::ranges::find(library, name, &Known::name);
    if (known == std::end(library))
      return d.invalid("'" + name + "' is declared but not defined");
    if (results != known->results ||
        !std::ranges::equal(places, known->bytes, {},
                            [](const Variable *place) { return place->bytes; }))
      return d.invalid("the arguments are not those of the device's '" + name +
                       "'");
    d.out.usesHeap = known->heap;
    d.out.flow = Kind::Next;
    name = d.helper("call." + name);
    return [=](Emitter &e) {
      llvm::SmallVector<Value *, 8> list;
      for (const Variable *variable : places)
        list.push_back(e.parameterPlace(variable));
      llvm::SmallVector<Value *, 8> vectors;
      for (Value *place : list)
        vectors.push_back(e.splat(place));
      e.call(name, 0, 64, vectors);
    };
  }
  if (callee->kernel || callee->results.size() != results ||
      callee->parameters.size() != places.size() - results)
    return d.invalid("the arguments are not those of '" +
                     std::string(callee->name) + "'");
  for (size_t i = 0; i < places.size(); ++i) {
    const Variable &formal =
        i < results ? callee->results[i] : callee->parameters[i - results];
    if (formal.bytes != places[i]->bytes)
      return d.invalid("an argument's size is not that of '" +
                       std::string(callee->name) + "'");
  }
  d.out.callee = callee;
  return [=](Emitter &e) { e.emitCall(nullptr, callee, places); };
}

Emit decodeBarrier(Decoder &d) {
  if (d.in.opcode == "bar" && d.take("warp")) {
    if (!d.take("sync") || !d.expectCount(1))
      return d.unknown();
    d.out.flow = Kind::Meet;
    d.out.index = d.source(0, Type::B32);
    return nothing();
  }
  d.take("cta");
  std::string_view what = d.takeAny({"sync", "arrive", "red"});
  if (what.empty())
    return d.unknown();
  std::string_view operation;
  Type result = Type::None;
  bool aligned = d.in.opcode == "barrier" && d.take("aligned");
  (void)aligned;
  if (what == "red") {
    operation = d.takeAny({"popc", "and", "or"});
    if (d.in.opcode == "barrier" && !aligned)
      d.take("aligned");
    result = operation == "popc" ? d.takeType({Type::U32})
                                 : d.takeType({Type::Predicate});
    if (operation.empty())
      return d.unknown();
  }
  d.out.flow = Kind::Barrier;
  if (what != "red") {
    d.out.arriveOnly = what == "arrive";
    if (!d.expectCount(d.out.arriveOnly ? 2 : 1, 2))
      return {};
    d.out.index = d.source(0, Type::U32);
    if (d.count() == 2)
      d.out.count = d.source(1, Type::U32);
    return nothing();
  }
  if (!d.expectCount(3, 4))
    return {};
  const Operand *to = d.destination(0, result);
  d.out.index = d.source(1, Type::U32);
  if (d.count() == 4)
    d.out.count = d.source(2, Type::U32);
  const Operand *value = d.source(d.count() - 1, Type::Predicate);
  uint64_t number = 0;
  if (!Emitter::isImmediate(&d.in.operands[1], number))
    return d.unknown();
  uint32_t kind = operation == "popc" ? 0 : operation == "and" ? 1 : 2;
  d.out.after = [=](Emitter &e) {
    auto *word = e.b.getInt32Ty();
    Value *read = e.b.CreateCall(
        e.external("emu.flow.barrier.result", word,
                   {e.b.getPtrTy(), word, word}),
        {e.warpPointer(), e.b.getInt32(uint32_t(number)), e.b.getInt32(kind)});
    Value *all = e.splat(read);
    e.set(to, kind == 0 ? all : e.b.CreateICmpNE(all, e.splat(32, 0)));
  };
  return [=](Emitter &e) {
    auto *word = e.b.getInt32Ty();
    Value *bits = e.b.CreateBitCast(e.predicate(value), word);
    e.b.CreateCall(
        e.external("emu.flow.barrier.value", e.b.getVoidTy(),
                   {e.b.getPtrTy(), word, word, word}),
        {e.warpPointer(), e.b.getInt32(uint32_t(number)), e.mask(), bits});
  };
}

/// Every lane function is a full compiler barrier, and hosts with a weaker
/// order than PTX's get their fence here.
Emit fence() {
  return [](Emitter &e) {
    e.b.CreateFence(llvm::AtomicOrdering::SequentiallyConsistent);
  };
}

Emit decodeMembar(Decoder &d) {
  if (d.takeAny({"cta", "gl", "sys"}).empty())
    return d.unknown();
  d.expectCount(0);
  return fence();
}

Emit decodeFence(Decoder &d) {
  if (d.take("proxy")) {
    d.needs(70);
    if (d.takeAny({"alias", "async", "async.global"}).empty())
      return d.unknown();
    d.takeAny({"global", "shared::cta", "shared"});
    d.expectCount(0);
    return fence();
  }
  if (d.take("mbarrier_init")) {
    if (!d.take("release") || !d.take("cluster"))
      return d.unknown();
    return d.expectCount(0), fence();
  }
  d.takeAny({"sc", "acq_rel", "acquire", "release"});
  if (d.takeAny({"cta", "cluster", "gpu", "sys"}).empty())
    return d.unknown();
  d.expectCount(0);
  return fence();
}

Emit decodeNanosleep(Decoder &d) {
  d.takeType({Type::U32});
  d.expectCount(1);
  d.source(0, Type::U32);
  return [](Emitter &e) {
    e.b.CreateCall(
        e.external("emu.flow.pause", e.b.getVoidTy(), {e.b.getPtrTy()}),
        {e.warpPointer()});
  };
}

/// Grids run one after another here.
Emit decodeGridControl(Decoder &d) {
  d.needs(90);
  if (d.takeAny({"launch_dependents", "wait"}).empty())
    return d.unknown();
  d.expectCount(0);
  return nothing();
}

Emit decodePmevent(Decoder &d) {
  d.take("mask");
  d.expectCount(1);
  return nothing();
}

} // namespace

const DecodeEntry controlDecoders[] = {{"bra", decodeBra},
                                       {"brx", decodeBrx},
                                       {"ret", decodeRet},
                                       {"exit", decodeExit},
                                       {"trap", decodeTrap},
                                       {"brkpt", decodeTrap},
                                       {"call", decodeCall},
                                       {"bar", decodeBarrier},
                                       {"barrier", decodeBarrier},
                                       {"membar", decodeMembar},
                                       {"fence", decodeFence},
                                       {"nanosleep", decodeNanosleep},
                                       {"griddepcontrol", decodeGridControl},
                                       {"pmevent", decodePmevent},
                                       {"", nullptr}};

} // namespace terrazzo::emu
