// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cp.async, mbarrier, ldmatrix and stmatrix.
#include "decode/MemoryModifiers.h"

namespace terrazzo::emu {

using llvm::Value;

namespace {

Emit decodeCopyStart(Decoder &d, bool bypass) {
  if (!d.take("shared") && !d.take("shared::cta"))
    return d.unknown();
  if (!d.take("global"))
    return d.unknown();
  bool hint = d.take("L2::cache_hint");
  d.takeAny({"L2::64B", "L2::128B", "L2::256B"});
  if (!d.expectCount(hint ? 4 : 3, hint ? 5 : 4))
    return {};
  const Operand *to = d.address(0), *from = d.address(1);
  uint64_t bytes = 0;
  if (!Emitter::isImmediate(&d.in.operands[2], bytes) ||
      !(bytes == 16 || (!bypass && (bytes == 4 || bytes == 8))))
    return d.invalid("the size must be 16, or 4 or 8 with .ca");
  const Operand *size = nullptr;
  bool ignores = false;
  if (d.count() - hint == 4) {
    const Operand &last = d.in.operands[3];
    ignores = last.kind == Operand::Kind::Register &&
              bitsOf(d.function.registers[size_t(last.index)].type) == 1;
    size = d.source(3, ignores ? Type::Predicate : Type::U32);
  }
  if (hint)
    d.source(d.count() - 1, Type::B64);
  std::string name = d.helper("cp.async");
  return [=](Emitter &e) {
    Value *copied = e.splat(32, bytes);
    if (ignores)
      copied = e.b.CreateSelect(e.predicate(size), e.splat(32, 0), copied);
    else if (size)
      copied = e.source(size, Type::U32);
    e.call(name, 0, 32, {e.address(to)}, {e.address(from)}, {copied}, bytes);
  };
}

Emit callAlone(Decoder &d, std::string name, uint64_t flags = 0) {
  name = d.helper(std::move(name));
  return [=](Emitter &e) { e.call(name, 0, 32, {}, {}, {}, flags); };
}

Emit decodeCp(Decoder &d) {
  if (!d.take("async"))
    return d.unknown();
  d.needs(80);
  if (d.take("ca"))
    return decodeCopyStart(d, false);
  if (d.take("cg"))
    return decodeCopyStart(d, true);
  if (d.take("commit_group"))
    return d.expectCount(0), callAlone(d, "cp.async.commit");
  if (d.take("wait_all"))
    return d.expectCount(0), callAlone(d, "cp.async.waitall");
  if (d.take("wait_group")) {
    uint64_t pending = 0;
    if (!d.expectCount(1) || !Emitter::isImmediate(&d.in.operands[0], pending))
      return d.invalid("the number of groups must be a number");
    return callAlone(d, "cp.async.wait", pending & 0xffffffff);
  }
  if (d.take("mbarrier")) {
    if (!d.take("arrive"))
      return d.unknown();
    bool uncounted = d.take("noinc");
    bool isShared = d.take("shared") || d.take("shared::cta");
    d.takeType({Type::B64});
    d.expectCount(1);
    const Operand *object = d.address(0);
    std::string name = d.helper("cp.async.mbarrier.arrive");
    return [=](Emitter &e) {
      e.call(name, 0, 32, {e.address(object)}, {}, {},
             (isShared ? 1 : 0) | (uncounted ? 2 : 0));
    };
  }
  return d.unknown();
}

Emit decodeMbarrier(Decoder &d) {
  d.needs(80);
  std::string_view what = d.takeAny({"init", "inval", "arrive", "arrive_drop",
                                     "test_wait", "try_wait", "pending_count"});
  if (what.empty())
    return d.unknown();
  if (what == "pending_count") {
    d.takeType({Type::B64});
    d.expectCount(2);
    auto *to = d.destination(0, Type::U32);
    auto *from = d.source(1, Type::B64);
    std::string name = d.helper("mbarrier.pending_count");
    return [=](Emitter &e) {
      e.set(to, e.call1(name, 32, {e.source(from, Type::B64)}));
    };
  }
  if (what == "try_wait")
    d.needs(90);
  bool noComplete = what.substr(0, 6) == "arrive" && d.take("noComplete");
  bool parity = what.substr(0, 1) == "t" && d.take("parity");
  if (parity)
    d.needs(80);
  d.takeAny({"acquire", "release", "relaxed"});
  d.takeAny({"cta", "cluster"});
  bool isShared = d.take("shared") || d.take("shared::cta");
  d.takeType({Type::B64});
  uint64_t flags = isShared ? 1 : 0;
  if (what == "init" || what == "inval") {
    if (!d.expectCount(what == "init" ? 2 : 1))
      return {};
    const Operand *object = d.address(0);
    const Operand *number = what == "init" ? d.source(1, Type::U32) : nullptr;
    std::string name = d.helper("mbarrier." + std::string(what));
    return [=](Emitter &e) {
      llvm::SmallVector<Value *, 1> numbers;
      if (number)
        numbers.push_back(e.source(number, Type::U32));
      e.call(name, 0, 32, {e.address(object)}, numbers, {}, flags);
    };
  }
  if (what.substr(0, 1) == "a") {
    if (!d.expectCount(noComplete ? 3 : 2, 3))
      return {};
    const Operand *to = d.destination(0, Type::B64);
    const Operand *object = d.address(1);
    const Operand *number = d.count() == 3 ? d.source(2, Type::U32) : nullptr;
    std::string name = d.helper("mbarrier." + std::string(what));
    return [=](Emitter &e) {
      Value *by = number ? e.source(number, Type::U32) : e.splat(32, 1);
      e.set(to, e.call1(name, 64, {e.address(object)}, {by}, {}, flags));
    };
  }
  if (!d.expectCount(3, what == "try_wait" ? 4 : 3))
    return {};
  const Operand *to = d.destination(0, Type::Predicate);
  const Operand *object = d.address(1);
  const Operand *state = d.source(2, parity ? Type::U32 : Type::B64);
  if (d.count() == 4)
    d.source(3, Type::U32);
  std::string name =
      d.helper(parity ? "mbarrier.wait.parity" : "mbarrier.wait.state");
  return [=](Emitter &e) {
    Value *token = e.source(state, parity ? Type::U32 : Type::B64);
    e.set(to, e.call1(name, 1, {e.address(object)}, {token}, {}, flags));
  };
}

Emit decodeMatrixAccess(Decoder &d) {
  bool loads = d.in.opcode == "ldmatrix";
  d.needs(loads ? 75 : 90);
  if (!d.take("sync") || !d.take("aligned") || !d.take("m8n8"))
    return d.unknown();
  std::string_view size = d.takeAny({"x1", "x2", "x4"});
  if (size.empty())
    return d.unknown();
  bool transposed = d.take("trans");
  bool isShared = d.take("shared") || d.take("shared::cta");
  d.takeType({Type::B16});
  if (!d.expectCount(2))
    return {};
  unsigned number = unsigned(size[1] - '0');
  uint64_t flags = (transposed ? 1 : 0) | (isShared ? 2 : 0);
  std::string name =
      d.helper(std::string(d.in.opcode) + "." + std::string(size));
  if (loads) {
    auto to = d.destinations(0, Type::B32, number);
    const Operand *from = d.address(1);
    return [=](Emitter &e) {
      auto values = e.call(name, number, 32, {e.address(from)}, {}, {}, flags);
      for (unsigned i = 0; i < number; ++i)
        e.set(to[i], values[i]);
    };
  }
  const Operand *to = d.address(0);
  auto from = d.sources(1, Type::B32, number);
  return [=](Emitter &e) {
    llvm::SmallVector<Value *, 4> values;
    for (auto *one : from)
      values.push_back(e.source(one, Type::B32));
    e.call(name, 0, 32, {e.address(to)}, values, {}, flags);
  };
}

} // namespace

const DecodeEntry copyDecoders[] = {{"cp", decodeCp},
                                    {"mbarrier", decodeMbarrier},
                                    {"ldmatrix", decodeMatrixAccess},
                                    {"stmatrix", decodeMatrixAccess},
                                    {"", nullptr}};

} // namespace terrazzo::emu
