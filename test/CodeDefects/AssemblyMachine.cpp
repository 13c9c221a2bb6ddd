// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "AssemblyMachine.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSwitch.h"

#include <cstring>
#include <functional>

namespace terrazzo::test {

using llvm::StringRef;

static constexpr const char *integerRegisters[][3] = {
    {"rdi", "edi", "di"}, {"rsi", "esi", "si"}, {"rdx", "edx", "dx"},
    {"rcx", "ecx", "cx"}, {"r8", "r8d", "r8w"}, {"r9", "r9d", "r9w"},
    {"rax", "eax", "ax"}, {"", "", "al"}};

/// The 64-bit register that `name` is part of.
static std::string wholeRegister(StringRef name) {
  for (const auto &names : integerRegisters)
    for (const char *one : names)
      if (name == one)
        return *names[0] ? names[0] : "rax";
  return "";
}

static StringRef withoutRemark(StringRef line) {
  return line.split('#').first.trim();
}

AssemblyMachine::AssemblyMachine(StringRef assembly) {
  std::string label;
  llvm::SmallVector<StringRef> lines;
  assembly.split(lines, '\n');
  for (StringRef line : lines) {
    line = withoutRemark(line);
    if (line.empty())
      continue;
    if (line.ends_with(":")) {
      label = line.drop_back();
      continue;
    }
    auto [directive, rest] = line.split('\t');
    size_t size = llvm::StringSwitch<size_t>(directive)
                      .Case(".byte", 1)
                      .Cases({".short", ".value", ".2byte"}, 2)
                      .Cases({".long", ".4byte"}, 4)
                      .Cases({".quad", ".8byte"}, 8)
                      .Default(0);
    uint64_t value = 0;
    if (size) {
      int64_t negative = 0;
      if (rest.trim().getAsInteger(0, value))
        value = rest.trim().getAsInteger(0, negative) ? 0 : uint64_t(negative);
      for (size_t byte = 0; byte < size; ++byte)
        constants[label].push_back(value >> (8 * byte));
    } else if (directive == ".zero") {
      auto [count, fill] = rest.split(',');
      uint64_t bytes = 0;
      (void)count.trim().getAsInteger(0, bytes);
      (void)fill.trim().getAsInteger(0, value);
      constants[label].insert(constants[label].end(), bytes, value);
    } else if (!directive.starts_with(".")) {
      functions[label].push_back(line.str());
    }
  }
}

void AssemblyMachine::vectorArgument(const Bytes &bytes) {
  for (size_t at = 0; at < bytes.size(); at += 64)
    memcpy(vectors[vectorCount++].data(), bytes.data() + at,
           std::min<size_t>(64, bytes.size() - at));
}
void AssemblyMachine::integerArgument(uint64_t value) {
  integers[integerRegisters[integerCount++][0]] = value;
}
void AssemblyMachine::pointerArgument(Bytes bytes) {
  pointers[integerRegisters[integerCount++][0]] = std::move(bytes);
}

Bytes AssemblyMachine::result(size_t bytes) const {
  Bytes all;
  for (size_t at = 0; at < bytes; at += 64)
    all.insert(all.end(), vectors[at / 64].begin(),
               vectors[at / 64].begin() + std::min<size_t>(64, bytes - at));
  return all;
}

bool AssemblyMachine::run(StringRef function, std::string &reason) {
  for (const std::string &line : functions[function.str()])
    if (!step(line)) {
      reason = line;
      return false;
    }
  return !functions[function.str()].empty();
}

unsigned AssemblyMachine::maskedLogicWithMemory(StringRef assembly) {
  unsigned count = 0;
  llvm::SmallVector<StringRef> lines;
  assembly.split(lines, '\n');
  for (StringRef line : lines) {
    line = withoutRemark(line);
    count += line.starts_with("vpternlog") && line.contains('(') &&
             line.contains("{%k") && !line.contains("{z}");
  }
  return count;
}

bool AssemblyMachine::parse(StringRef text, Operand &operand) {
  text = text.trim();
  while (text.ends_with("}")) {
    auto [before, suffix] = text.rsplit('{');
    suffix = suffix.drop_back();
    text = before.trim();
    if (suffix == "z")
      operand.zeroing = true;
    else if (suffix.starts_with("1to"))
      operand.broadcast = true;
    else if (suffix.consume_front("%k"))
      operand.mask = suffix[0] - '0';
    else
      return false;
  }
  if (text.consume_front("$"))
    return !text.getAsInteger(0, reinterpret_cast<int64_t &>(operand.value));
  if (text.contains('(')) {
    operand.kind = Operand::Memory;
    auto [displacement, base] = text.split('(');
    base = base.drop_back();
    if (base == "%rip") {
      auto [label, offset] = displacement.split('+');
      operand.place = label;
      if (!offset.empty() && offset.getAsInteger(0, operand.offset))
        return false;
      return true;
    }
    operand.place = wholeRegister(base.drop_front());
    if (!displacement.empty() && displacement.getAsInteger(0, operand.offset))
      return false;
    return !operand.place.empty();
  }
  if (!text.consume_front("%"))
    return false;
  operand.place = wholeRegister(text);
  if (!operand.place.empty()) {
    operand.kind = Operand::Integer;
    return true;
  }
  if (text.consume_front("k")) {
    operand.kind = Operand::Mask;
    return !text.getAsInteger(10, operand.number);
  }
  operand.kind = Operand::Register;
  operand.width = text[0] == 'z' ? 64 : text[0] == 'y' ? 32 : 16;
  return text.size() > 3 &&
         !text.drop_front(3).getAsInteger(10, operand.number);
}

const uint8_t *AssemblyMachine::memory(const Operand &operand, size_t bytes) {
  auto &all = constants.count(operand.place) ? constants : pointers;
  auto found = all.find(operand.place);
  if (found == all.end() || operand.offset < 0 ||
      operand.offset + bytes > found->second.size())
    return nullptr;
  return found->second.data() + operand.offset;
}

bool AssemblyMachine::element(const Operand &operand, size_t index,
                              size_t bytes, uint64_t &value) {
  value = 0;
  if (operand.kind == Operand::Register) {
    memcpy(&value, vectors[operand.number].data() + index * bytes, bytes);
    return true;
  }
  if (operand.kind != Operand::Memory)
    return false;
  Operand at = operand;
  at.offset += operand.broadcast ? 0 : int64_t(index * bytes);
  const uint8_t *from = memory(at, bytes);
  if (from)
    memcpy(&value, from, bytes);
  return from != nullptr;
}

void AssemblyMachine::write(const Operand &to, size_t bytes,
                            const std::vector<uint64_t> &elements) {
  Vector old = vectors[to.number];
  Vector &now = vectors[to.number];
  now.fill(0);
  for (size_t index = 0; index < elements.size(); ++index) {
    uint8_t *place = now.data() + index * bytes;
    if (to.mask < 0 || maskRegisters[to.mask] >> index & 1)
      memcpy(place, &elements[index], bytes);
    else if (!to.zeroing)
      memcpy(place, old.data() + index * bytes, bytes);
  }
}

bool AssemblyMachine::step(StringRef line) {
  auto [name, rest] = line.split('\t');
  if (name == "retq" || name == "vzeroupper")
    return true;
  std::vector<Operand> operands;
  int depth = 0;
  std::string part;
  for (char c : (rest + ",").str()) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c != ',' || depth) {
      part += c;
      continue;
    }
    operands.emplace_back();
    if (!parse(part, operands.back()))
      return false;
    part.clear();
  }
  if (operands.size() < 2)
    return false;
  if (name.starts_with("k"))
    return masks(name, operands);
  if (name.starts_with("mov")) { // a constant
    if (operands[0].kind != Operand::Immediate ||
        operands[1].kind != Operand::Integer)
      return false;
    integers[operands[1].place] = operands[0].value;
    return true;
  }
  return name.starts_with("v") &&
         (move(name, operands) || spread(name, operands) ||
          elementwise(name, operands));
}

bool AssemblyMachine::masks(StringRef name, std::vector<Operand> &operands) {
  size_t bits = llvm::StringSwitch<size_t>(name.take_back())
                    .Case("b", 8)
                    .Case("w", 16)
                    .Case("d", 32)
                    .Default(64);
  uint64_t all = bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
  StringRef what = name.drop_back();
  Operand &to = operands.back();
  auto value = [&](size_t index) {
    const Operand &from = operands[index];
    return from.kind == Operand::Mask      ? maskRegisters[from.number]
           : from.kind == Operand::Integer ? integers[from.place]
                                           : from.value;
  };
  for (const Operand &operand : operands)
    if (operand.kind == Operand::Memory || operand.kind == Operand::Register)
      return false;
  uint64_t made = 0;
  if (what == "kmov")
    made = value(0);
  else if (what == "knot")
    made = ~value(0);
  else if (what == "kshiftr")
    made = value(0) >= bits ? 0 : (value(1) & all) >> value(0);
  else if (what == "kshiftl")
    made = value(0) >= bits ? 0 : value(1) << value(0);
  else if (operands.size() == 3 && what == "kand")
    made = value(0) & value(1);
  else if (operands.size() == 3 && what == "kandn")
    made = value(0) & ~value(1);
  else if (operands.size() == 3 && what == "kor")
    made = value(0) | value(1);
  else if (operands.size() == 3 && what == "kxor")
    made = value(0) ^ value(1);
  else if (operands.size() == 3 && what == "kxnor")
    made = ~(value(0) ^ value(1));
  else
    return false;
  if (to.kind == Operand::Mask)
    maskRegisters[to.number] = made & all;
  else
    integers[to.place] = made & all;
  return true;
}

/// Whole registers, from memory, a register or to memory.
bool AssemblyMachine::move(StringRef name, std::vector<Operand> &operands) {
  size_t bytes = llvm::StringSwitch<size_t>(name)
                     .Cases({"vmovdqa", "vmovdqu", "vmovdqa64", "vmovdqu64"}, 8)
                     .Cases({"vmovapd", "vmovupd"}, 8)
                     .Case("vmovdqu16", 2)
                     .Case("vmovdqu8", 1)
                     .Cases({"vmovdqa32", "vmovdqu32", "vmovaps", "vmovups"}, 4)
                     .Default(0);
  if (!bytes || operands.size() != 2 || operands[1].kind != Operand::Register)
    return false;
  std::vector<uint64_t> elements(operands[1].width / bytes);
  for (size_t index = 0; index < elements.size(); ++index)
    if (!element(operands[0], index, bytes, elements[index]))
      return false;
  write(operands[1], bytes, elements);
  return true;
}

/// One element, or a part of a register, to all; and narrow elements to wide.
bool AssemblyMachine::spread(StringRef name, std::vector<Operand> &operands) {
  if (operands.size() != 2 || operands[1].kind != Operand::Register)
    return false;
  if (operands[0].kind == Operand::Mask) {
    if (name != "vpmovm2d" && name != "vpmovm2q")
      return false;
    size_t bytes = name.ends_with("d") ? 4 : 8;
    std::vector<uint64_t> elements(operands[1].width / bytes);
    for (size_t index = 0; index < elements.size(); ++index)
      elements[index] = 0 - (maskRegisters[operands[0].number] >> index & 1);
    write(operands[1], bytes, elements);
    return true;
  }
  if (operands[0].kind == Operand::Memory &&
      (name == "vmovq" || name == "vmovsd" || name == "vmovd" ||
       name == "vmovss")) {
    size_t bytes = name == "vmovq" || name == "vmovsd" ? 8 : 4;
    std::vector<uint64_t> elements(1);
    if (!element(operands[0], 0, bytes, elements[0]))
      return false;
    write(operands[1], bytes, elements);
    return true;
  }
  size_t part = llvm::StringSwitch<size_t>(name)
                    .Cases({"vpbroadcastd", "vbroadcastss"}, 4)
                    .Cases({"vpbroadcastq", "vbroadcastsd", "vmovddup"}, 8)
                    .Cases({"vbroadcasti32x4", "vbroadcastf32x4"}, 16)
                    .Cases({"vbroadcasti128", "vbroadcastf128"}, 16)
                    .Cases({"vbroadcasti64x2", "vbroadcastf64x2"}, 16)
                    .Cases({"vbroadcasti64x4", "vbroadcastf64x4"}, 32)
                    .Cases({"vbroadcasti32x8", "vbroadcastf32x8"}, 32)
                    .Cases({"vbroadcasti32x2", "vbroadcastf32x2"}, 8)
                    .Default(0);
  if (part) {
    bool wide = name.contains('q') || name.contains("sd") ||
                name.contains("64x") || name == "vmovddup";
    size_t bytes = wide ? 8 : 4;
    std::vector<uint64_t> elements(operands[1].width / bytes);
    for (size_t index = 0; index < elements.size(); ++index) {
      if (operands[0].kind == Operand::Integer) {
        elements[index] = integers[operands[0].place];
        continue;
      }
      if (!element(operands[0], index % (part / bytes), bytes, elements[index]))
        return false;
    }
    write(operands[1], bytes, elements);
    return true;
  }
  StringRef widths = name;
  bool sign = name.starts_with("vpmovsx");
  if (!sign && !name.starts_with("vpmovzx"))
    return false;
  widths = widths.drop_front(7);
  auto size = [](char c) {
    return c == 'b' ? 1 : c == 'w' ? 2 : c == 'd' ? 4 : 8;
  };
  size_t from = size(widths[0]), to = size(widths[1]);
  std::vector<uint64_t> elements(operands[1].width / to);
  for (size_t index = 0; index < elements.size(); ++index) {
    uint64_t &value = elements[index];
    if (!element(operands[0], index, from, value))
      return false;
    if (sign)
      value = uint64_t(int64_t(value << (64 - 8 * from)) >> (64 - 8 * from));
  }
  write(operands[1], to, elements);
  return true;
}

/// By an immediate.
bool AssemblyMachine::blend(std::vector<Operand> &operands, size_t bytes) {
  if (operands.size() != 4 || operands[0].kind != Operand::Immediate)
    return false;
  std::vector<uint64_t> elements(operands[3].width / bytes);
  for (size_t index = 0; index < elements.size(); ++index)
    if (!element(operands[operands[0].value >> index & 1 ? 1 : 2], index, bytes,
                 elements[index]))
      return false;
  write(operands[3], bytes, elements);
  return true;
}

bool AssemblyMachine::elementwise(StringRef name,
                                  std::vector<Operand> &operands) {
  Operand &to = operands.back();
  if (to.kind != Operand::Register)
    return false;
  StringRef what = name.drop_front();
  bool packed = what.ends_with("ps") || what.ends_with("pd");
  size_t bytes = 8;
  if (packed) {
    bytes = what.ends_with("ps") ? 4 : 8;
    what = what.drop_back(2);
  } else if (!what.consume_front("p")) {
    return false;
  } else if (what == "blendmb" || what == "blendmw") {
    bytes = what.ends_with("b") ? 1 : 2;
    what = what.drop_back();
  } else if (what != "and" && (what.ends_with("d") || what.ends_with("q"))) {
    bytes = what.ends_with("d") ? 4 : 8;
    what = what.drop_back();
  }
  if (what == "blend")
    return blend(operands, bytes);
  using Function = std::function<uint64_t(uint64_t, uint64_t, uint64_t)>;
  size_t bits = 8 * bytes;
  // Of the operands as they are written, from the left.
  Function compute;
  if (what == "and")
    compute = [](uint64_t a, uint64_t b, uint64_t) { return a & b; };
  else if (what == "andn")
    compute = [](uint64_t a, uint64_t b, uint64_t) { return a & ~b; };
  else if (what == "or")
    compute = [](uint64_t a, uint64_t b, uint64_t) { return a | b; };
  else if (what == "xor")
    compute = [](uint64_t a, uint64_t b, uint64_t) { return a ^ b; };
  else if (what == "blendm")
    compute = nullptr;
  else if (packed)
    return false;
  else if (what == "cmpeq")
    compute = [](uint64_t a, uint64_t b, uint64_t) {
      return a == b ? ~uint64_t(0) : 0;
    };
  else if (what == "add")
    compute = [](uint64_t a, uint64_t b, uint64_t) { return a + b; };
  else if (what == "sub")
    compute = [](uint64_t a, uint64_t b, uint64_t) { return b - a; };
  else if (what == "sll")
    compute = [=](uint64_t a, uint64_t b, uint64_t) {
      return a >= bits ? 0 : b << a;
    };
  else if (what == "srl")
    compute = [=](uint64_t a, uint64_t b, uint64_t) {
      return a >= bits ? 0 : b >> a;
    };
  else if (what == "sra")
    compute = [=](uint64_t a, uint64_t b, uint64_t) {
      return uint64_t(int64_t(b << (64 - bits)) >> (64 - bits) >>
                      std::min<uint64_t>(a, bits - 1));
    };
  else if (what == "rol" || what == "ror")
    compute = [=](uint64_t a, uint64_t b, uint64_t) {
      a = (what == "rol" ? a : bits - a) % bits;
      return a ? b << a | b >> (bits - a) : b;
    };
  else if (what == "ternlog")
    compute = [](uint64_t, uint64_t, uint64_t) { return 0; };
  else if (what == "sllv")
    compute = [=](uint64_t a, uint64_t b, uint64_t) {
      return a >= bits ? 0 : b << a;
    };
  else if (what == "srlv")
    compute = [=](uint64_t a, uint64_t b, uint64_t) {
      return a >= bits ? 0 : b >> a;
    };
  else
    return false;
  // An immediate is a shift's, or the table of three-operand logic.
  bool shift = llvm::is_contained({"sll", "srl", "sra", "rol", "ror"}, what);
  bool ternary = what == "ternlog";
  if (operands.size() != (ternary ? 4u : 3u) ||
      (shift || ternary) != (operands[0].kind == Operand::Immediate))
    return false;
  std::vector<uint64_t> elements(to.width / bytes);
  for (size_t index = 0; index < elements.size(); ++index) {
    uint64_t a = operands[0].value, b = 0, c = 0;
    if (!shift && !ternary && !element(operands[0], index, bytes, a))
      return false;
    if (!element(operands[1], index, bytes, b))
      return false;
    uint64_t &made = elements[index];
    if (ternary) {
      if (!element(operands[2], index, bytes, c))
        return false;
      uint64_t first = 0;
      element(to, index, bytes, first);
      for (size_t bit = 0; bit < bits; ++bit) {
        unsigned row =
            (first >> bit & 1) << 2 | (c >> bit & 1) << 1 | (b >> bit & 1);
        made |= (a >> row & 1) << bit;
      }
    } else if (compute) {
      made = compute(a, b, c);
    } else {
      bool chosen = to.mask < 0 || maskRegisters[to.mask] >> index & 1;
      made = chosen ? a : to.zeroing ? 0 : b;
    }
  }
  if (!compute)
    to.mask = -1;
  write(to, bytes, elements);
  return true;
}

} // namespace terrazzo::test
