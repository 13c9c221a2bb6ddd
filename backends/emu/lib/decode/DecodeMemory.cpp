// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ld, st, ldu, prefetch and what else names an address without arithmetic.
#include "decode/MemoryModifiers.h"

#include <cstddef>

namespace terrazzo::emu {

using llvm::Value;

namespace {

bool takeSpaceName(Decoder &d, Space &space) {
  static constexpr std::pair<std::string_view, Space> names[] = {
      {"global", Space::Global},        {"shared", Space::Shared},
      {"shared::cta", Space::Shared},   {"shared::cluster", Space::Shared},
      {"local", Space::Local},          {"const", Space::Constant},
      {"param", Space::Parameter},      {"param::entry", Space::Parameter},
      {"param::func", Space::Parameter}};
  for (auto [name, known] : names)
    if (d.take(name)) {
      if (name == "shared::cluster")
        d.needs(90);
      space = known;
      return true;
    }
  return false;
}

} // namespace

std::string spaceName(Space space) {
  switch (space) {
  case Space::Shared:
    return "shared";
  case Space::Local:
    return "local";
  case Space::Generic:
    return "generic";
  case Space::Parameter:
    return "param";
  default:
    return "global";
  }
}

uint64_t spaceFlag(Space space) {
  return space == Space::Shared ? 1 : space == Space::Local ? 2 : 0;
}

MemoryModifiers takeMemoryModifiers(Decoder &d) {
  MemoryModifiers made;
  bool scope = false, cache = false;
  while (true) {
    if (!made.hasSpace && takeSpaceName(d, made.space)) {
      made.hasSpace = true;
    } else if (!made.ordered && !d.takeAny({"volatile", "relaxed", "acquire",
                                            "release", "acq_rel", "sc"})
                                     .empty()) {
      made.ordered = true;
    } else if (d.take("weak") || d.take("mmio") || d.take("unified")) {
    } else if (!scope && !d.takeAny({"cta", "cluster", "gpu", "sys"}).empty()) {
      scope = true;
    } else if (!cache &&
               !d.takeAny({"ca", "cg", "cs", "lu", "cv", "wb", "wt"}).empty()) {
      cache = true;
    } else if (!made.nonCoherent && d.take("nc")) {
      made.nonCoherent = true;
    } else if (d.take("L2::cache_hint")) {
      d.needs(80);
      made.cacheHint = true;
    } else if (d.peek().substr(0, 4) == "L1::" ||
               d.peek().substr(0, 4) == "L2::") {
      if (d.takeAny({"L1::evict_normal", "L1::evict_unchanged",
                     "L1::evict_first", "L1::evict_last", "L1::no_allocate",
                     "L2::evict_normal", "L2::evict_first", "L2::evict_last",
                     "L2::64B", "L2::128B", "L2::256B"})
              .empty()) {
        d.unknown();
        return made;
      }
    } else if (made.vector == 1 && d.take("v2")) {
      made.vector = 2;
    } else if (made.vector == 1 && d.take("v4")) {
      made.vector = 4;
    } else if (made.vector == 1 && d.take("v8")) {
      d.needs(100);
      made.vector = 8;
    } else {
      return made;
    }
  }
}

namespace {

Type takeDataType(Decoder &d, const MemoryModifiers &m) {
  Type type = d.takeType({Type::B8, Type::B16, Type::B32, Type::B64, Type::U8,
                          Type::U16, Type::U32, Type::U64, Type::S8, Type::S16,
                          Type::S32, Type::S64, Type::F32, Type::F64});
  unsigned bits = bitsOf(type) * m.vector;
  if (bits > 256)
    d.unknown();
  if (bits > 128)
    d.needs(100);
  return type;
}

/// A symbol of the .param space: known at compile time.
const Variable *parameterOf(Decoder &d, const Operand *address) {
  if (address->elements.empty() ||
      address->elements.front().kind != Operand::Kind::Symbol)
    return nullptr;
  const Variable *variable = d.variable(address->elements.front().name);
  return variable && variable->space == Space::Parameter ? variable : nullptr;
}

/// A load of which only some bytes are used: the others need not be there. The
/// address must suit the whole, as the hardware's load has it.
Emit loadUsedBytes(Decoder &d, const std::vector<const Operand *> &to,
                   const Operand *from, Type type, Space space, unsigned vector,
                   bool ordered) {
  unsigned bytes = bitsOf(type) / 8;
  std::string whole = d.helper("ld." + spaceName(space) + "." +
                               std::to_string(bytes * 8) + ".v1");
  std::string single = d.helper("ld." + spaceName(space) + ".8.v1");
  std::string aligned = d.helper("check.aligned");
  uint32_t used = d.in.usedBytes;
  return [=](Emitter &e) {
    Value *address = e.address(from);
    e.call(aligned, 0, 64, {address}, {}, {}, bytes * vector);
    auto load = [&](const std::string &name, unsigned bits, unsigned offset) {
      Value *place = e.b.CreateAdd(address, e.splat(64, offset));
      return e.call1(name, bits, {place}, {}, {}, ordered ? 64 : 0);
    };
    uint32_t all = (uint32_t(1) << bytes) - 1;
    for (unsigned i = 0; i < vector; ++i) {
      uint32_t own = used >> (i * bytes) & all;
      Value *value = e.splat(bytes * 8, 0);
      if (own == all)
        value = load(whole, bytes * 8, i * bytes);
      else
        for (unsigned byte = 0; byte < bytes; ++byte)
          if (own >> byte & 1) {
            Value *one = load(single, 8, i * bytes + byte);
            if (bytes > 1)
              one = e.b.CreateShl(e.b.CreateZExt(one, e.integers(bytes * 8)),
                                  e.splat(bytes * 8, 8 * byte));
            value = e.b.CreateOr(value, one);
          }
      e.set(to[i], value, isSigned(type));
    }
  };
}

Emit decodeLd(Decoder &d) {
  MemoryModifiers m = takeMemoryModifiers(d);
  Type type = takeDataType(d, m);
  if (d.failed() || !d.expectCount(m.cacheHint ? 3 : 2))
    return {};
  auto to = d.destinations(0, type, m.vector, true);
  const Operand *from = d.address(1);
  if (m.cacheHint)
    d.source(2, Type::B64);
  if (d.failed())
    return {};
  const Variable *parameter = parameterOf(d, from);
  unsigned bits = bitsOf(type);
  unsigned bytes = bits / 8 * m.vector;
  // A mask of bytes that are not loaded says nothing.
  bool masked = bytes < 32 ? ~d.in.usedBytes & ((uint32_t(1) << bytes) - 1)
                           : ~d.in.usedBytes != 0;
  if (parameter && m.space == Space::Parameter && d.function.kernel) {
    bool isKernels =
        parameter >= d.function.parameters.data() &&
        parameter < d.function.parameters.data() + d.function.parameters.size();
    if (isKernels) {
      uint64_t end = uint64_t(from->offset) +
                     uint64_t(from->elements[0].offset) + bits / 8 * m.vector;
      if ((end > parameter->bytes && !masked) || end < bits / 8 * m.vector ||
          end > parameter->bytes + 32)
        return d.invalid("reads outside the parameter");
      uint64_t start = parameter->place + end - bits / 8 * m.vector;
      return [=](Emitter &e) {
        Value *base = e.warpField(offsetof(Warp, parameters), e.b.getPtrTy());
        for (unsigned i = 0; i < m.vector; ++i) {
          Value *place = e.b.CreateConstInBoundsGEP1_64(e.b.getInt8Ty(), base,
                                                        start + i * bits / 8);
          Value *one =
              e.b.CreateAlignedLoad(e.b.getIntNTy(bits), place, llvm::Align(1));
          e.set(to[i], e.splat(one), isSigned(type));
        }
      };
    }
  }
  Space space = m.space;
  // Parameters of functions and of calls lie in local memory.
  if (space == Space::Parameter && (parameter || !d.function.kernel))
    space = Space::Local;
  if (masked)
    return loadUsedBytes(d, to, from, type, space, m.vector, m.ordered);
  std::string name =
      d.helper("ld." + spaceName(space) + "." + std::to_string(bits) + ".v" +
               std::to_string(m.vector));
  return [=](Emitter &e) {
    auto values = e.call(name, m.vector, bits, {e.address(from)}, {}, {},
                         m.ordered ? 64 : 0);
    for (unsigned i = 0; i < m.vector; ++i)
      e.set(to[i], values[i], isSigned(type));
  };
}

Emit decodeSt(Decoder &d) {
  MemoryModifiers m = takeMemoryModifiers(d);
  Type type = takeDataType(d, m);
  if (m.space == Space::Constant || m.nonCoherent)
    return d.unknown();
  if (d.failed() || !d.expectCount(m.cacheHint ? 3 : 2))
    return {};
  const Operand *to = d.address(0);
  auto from = d.sources(1, type, m.vector, true);
  if (m.cacheHint)
    d.source(2, Type::B64);
  unsigned bits = bitsOf(type);
  Space space = m.space == Space::Parameter ? Space::Local : m.space;
  std::string name =
      d.helper("st." + spaceName(space) + "." + std::to_string(bits) + ".v" +
               std::to_string(m.vector));
  return [=](Emitter &e) {
    llvm::SmallVector<Value *, 8> values;
    for (auto *one : from)
      values.push_back(e.source(one, type));
    e.call(name, 0, bits, {e.address(to)}, values, {}, m.ordered ? 64 : 0);
  };
}

Emit decodeLdu(Decoder &d) { return decodeLd(d); }

/// Prefetches and discards move nothing that a program could see.
Emit decodePrefetch(Decoder &d) {
  Space space = Space::Generic;
  takeSpaceName(d, space);
  if (d.in.opcode == "discard" || d.in.opcode == "applypriority")
    d.takeAny({"L2", "L2::evict_normal"});
  else if (d.takeAny(
                {"L1", "L2", "L2::evict_last", "L2::evict_normal", "tensormap"})
               .empty())
    return d.unknown();
  if (!d.expectCount(1, 2))
    return {};
  d.address(0);
  return [](Emitter &) {};
}

/// Cache policies are numbers that only caches read.
Emit decodeCreatePolicy(Decoder &d) {
  d.needs(80);
  auto takePriority = [&] {
    return !d.takeAny({"L2::evict_last", "L2::evict_normal", "L2::evict_first",
                       "L2::evict_unchanged"})
                .empty();
  };
  if (!d.take("fractional") || !takePriority())
    return d.unknown();
  takePriority();
  d.takeType({Type::B64});
  if (!d.expectCount(1, 2))
    return {};
  auto *to = d.destination(0, Type::B64);
  if (d.count() == 2)
    d.source(1, Type::F32);
  return [=](Emitter &e) { e.set(to, e.splat(64, 0)); };
}

} // namespace

const DecodeEntry memoryDecoders[] = {{"ld", decodeLd},
                                      {"st", decodeSt},
                                      {"ldu", decodeLdu},
                                      {"prefetch", decodePrefetch},
                                      {"prefetchu", decodePrefetch},
                                      {"applypriority", decodePrefetch},
                                      {"createpolicy", decodeCreatePolicy},
                                      {"", nullptr}};

} // namespace terrazzo::emu
