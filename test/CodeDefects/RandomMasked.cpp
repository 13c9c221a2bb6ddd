// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RandomMasked.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/NoFolder.h"

#include <cstring>

namespace terrazzo::test {

using namespace llvm;

namespace {

/// A value of the IR, and its elements.
struct Known {
  Value *value;
  std::vector<uint64_t> elements;
};

class Maker {
public:
  Maker(Module &module, unsigned number, std::mt19937_64 &random)
      : b(module.getContext()), random(random) {
    bits = pick(2) ? 32 : 64;
    count = (size_t(128) << pick(4)) / bits;
    type = FixedVectorType::get(b.getIntNTy(bits), count);
    made.name = "f" + std::to_string(number);
    declare(module);
  }

  MaskedCase make() {
    std::vector<Known> leaves;
    for (int leaf = 0; leaf < 3; ++leaf)
      leaves.push_back(makeLeaf(leaf));
    Known result = merge(leaves);
    if (pick(3) == 0) {
      leaves.push_back(result);
      result = merge(leaves);
    }
    b.CreateRet(result.value);
    for (uint64_t element : result.elements)
      for (size_t byte = 0; byte < bits / 8; ++byte)
        made.expected.push_back(element >> (8 * byte));
    return made;
  }

private:
  uint64_t pick(uint64_t below) { return random() % below; }
  uint64_t cut(uint64_t value) const {
    return bits == 64 ? value : value & 0xffffffff;
  }

  /// Every leaf has an argument: a vector or a pointer; constants leave it.
  void declare(Module &module) {
    std::vector<Type *> types;
    for (int leaf = 0; leaf < 3; ++leaf) {
      bool load = pick(2);
      MaskedCase::Argument argument{load ? MaskedCase::Argument::Pointer
                                         : MaskedCase::Argument::Vector,
                                    Bytes(bits / 8 * count), 0};
      for (uint8_t &byte : argument.bytes)
        byte = random();
      made.arguments.push_back(argument);
      types.push_back(load ? static_cast<Type *>(b.getPtrTy()) : type);
    }
    for (int mask = 0; mask < 2; ++mask) {
      made.arguments.push_back({MaskedCase::Argument::Mask, {}, random()});
      types.push_back(b.getInt64Ty());
    }
    function =
        Function::Create(FunctionType::get(type, types, false),
                         GlobalValue::ExternalLinkage, made.name, module);
    function->addFnAttr("prefer-vector-width", "512");
    function->addFnAttr("min-legal-vector-width", "512");
    b.SetInsertPoint(BasicBlock::Create(b.getContext(), "", function));
  }

  Known constant(std::vector<uint64_t> elements) {
    std::vector<Constant *> parts;
    for (uint64_t &element : elements)
      parts.push_back(
          ConstantInt::get(b.getIntNTy(bits), element = cut(element)));
    return {ConstantVector::get(parts), elements};
  }

  Known makeLeaf(int leaf) {
    switch (pick(9)) {
    case 0: {
      uint64_t sign = uint64_t(1) << (bits - 1);
      return constant(std::vector<uint64_t>(
          count,
          std::array<uint64_t, 4>{sign, sign - 1, 0xff00, random()}[pick(4)]));
    }
    case 1:
      if (pick(2))
        break;
      {
        std::vector<uint64_t> elements(count);
        for (uint64_t &element : elements)
          element = pick(2) ? random() : pick(256);
        return constant(elements);
      }
    default:
      break;
    }
    const MaskedCase::Argument &argument = made.arguments[leaf];
    Value *value = function->getArg(leaf);
    if (argument.kind == MaskedCase::Argument::Pointer)
      value = b.CreateAlignedLoad(type, value, Align(pick(2) ? 64 : 4));
    std::vector<uint64_t> elements(count);
    for (size_t index = 0; index < count; ++index)
      memcpy(&elements[index], argument.bytes.data() + index * bits / 8,
             bits / 8);
    return {value, elements};
  }

  template <typename Make, typename Compute>
  Known binary(const Known &left, const Known &right, Make make,
               Compute compute) {
    Known result{make(left.value, right.value), left.elements};
    for (size_t index = 0; index < count; ++index)
      result.elements[index] =
          cut(compute(left.elements[index], right.elements[index]));
    return result;
  }
  Known both(const Known &left, const Known &right) {
    return binary(
        left, right, [&](Value *x, Value *y) { return b.CreateAnd(x, y); },
        [](uint64_t x, uint64_t y) { return x & y; });
  }
  Known either(const Known &left, const Known &right) {
    bool sum = pick(4) == 0; // only of what shares no bit
    for (size_t index = 0; index < count; ++index)
      sum &= !(left.elements[index] & right.elements[index]);
    return binary(
        left, right,
        [&](Value *x, Value *y) {
          return sum ? b.CreateAdd(x, y) : b.CreateOr(x, y);
        },
        [](uint64_t x, uint64_t y) { return x | y; });
  }
  Known differ(const Known &left, const Known &right) {
    return binary(
        left, right, [&](Value *x, Value *y) { return b.CreateXor(x, y); },
        [](uint64_t x, uint64_t y) { return x ^ y; });
  }
  Known negate(const Known &value) {
    return differ(value, constant(std::vector<uint64_t>(count, ~uint64_t(0))));
  }
  Known shift(const Known &value) {
    uint64_t by = 1 + pick(bits - 1);
    bool left = pick(2);
    return binary(
        value, constant(std::vector<uint64_t>(count, by)),
        [&](Value *x, Value *y) {
          return left ? b.CreateShl(x, y) : b.CreateLShr(x, y);
        },
        [&](uint64_t x, uint64_t y) { return left ? x << y : x >> y; });
  }
  Known copySign(const Known &magnitude, const Known &sign) {
    uint64_t top = uint64_t(1) << (bits - 1);
    auto *floats = FixedVectorType::get(
        bits == 64 ? b.getDoubleTy() : b.getFloatTy(), count);
    return binary(
        magnitude, sign,
        [&](Value *x, Value *y) {
          return b.CreateBitCast(b.CreateCopySign(b.CreateBitCast(x, floats),
                                                  b.CreateBitCast(y, floats)),
                                 type);
        },
        [&](uint64_t x, uint64_t y) { return (x & (top - 1)) | (y & top); });
  }
  /// Bits of `yes` where `choice` is one, else of `no`, in several spellings.
  Known choose(const Known &choice, const Known &yes, const Known &no) {
    switch (pick(3)) {
    case 0:
      return differ(both(differ(yes, no), choice), no);
    case 1:
      return differ(both(differ(yes, no), negate(choice)), yes);
    default:
      return either(both(yes, choice), both(negate(choice), no));
    }
  }

  Known compute(const std::vector<Known> &leaves, int depth) {
    auto any = [&]() -> Known {
      if (depth > 0 && pick(3) == 0)
        return compute(leaves, depth - 1);
      return leaves[pick(leaves.size())];
    };
    switch (pick(10)) {
    case 0:
      return both(any(), any());
    case 1:
      return either(any(), any());
    case 2:
      return differ(any(), any());
    case 3:
      return negate(both(any(), any()));
    case 4:
      return copySign(any(), any());
    case 5:
      return shift(any());
    case 6:
    case 7: { // by a constant, as signs and exponents are
      uint64_t sign = uint64_t(1) << (bits - 1);
      return choose(
          constant(std::vector<uint64_t>(count, pick(2) ? sign : sign - 1)),
          any(), any());
    }
    default:
      return choose(any(), any(), any());
    }
  }

  /// A mask as a value, and its bits.
  Value *mask(uint64_t &chosen) {
    int which = int(pick(2));
    chosen = made.arguments[3 + which].mask;
    auto *predicates = FixedVectorType::get(b.getInt1Ty(), 64);
    Value *value = b.CreateBitCast(function->getArg(3 + which), predicates);
    SmallVector<int> low;
    for (size_t index = 0; index < count; ++index)
      low.push_back(int(index));
    value = b.CreateShuffleVector(value, low);
    if (pick(4) == 0) {
      value = b.CreateNot(value);
      chosen = ~chosen;
    }
    return value;
  }

  Known merge(const std::vector<Known> &leaves) {
    Known fresh = compute(leaves, int(pick(3)));
    Known kept = pick(6) ? leaves[pick(leaves.size())] : compute(leaves, 1);
    bool swapped = pick(3) == 0;
    const Known &yes = swapped ? kept : fresh, &no = swapped ? fresh : kept;
    uint64_t chosen = 0;
    Known result;
    if (pick(5) == 0) {
      chosen = random();
      SmallVector<int> blend;
      for (size_t index = 0; index < count; ++index)
        blend.push_back(int(index) + (chosen >> index & 1 ? 0 : int(count)));
      result.value = b.CreateShuffleVector(yes.value, no.value, blend);
    } else {
      Value *condition = mask(chosen);
      if (pick(3) == 0) { // a select between floating-point numbers
        auto *floats = FixedVectorType::get(
            bits == 64 ? b.getDoubleTy() : b.getFloatTy(), count);
        result.value = b.CreateBitCast(
            b.CreateSelect(condition, b.CreateBitCast(yes.value, floats),
                           b.CreateBitCast(no.value, floats)),
            type);
      } else {
        result.value = b.CreateSelect(condition, yes.value, no.value);
      }
    }
    for (size_t index = 0; index < count; ++index)
      result.elements.push_back(chosen >> index & 1 ? yes.elements[index]
                                                    : no.elements[index]);
    return result;
  }

  IRBuilder<NoFolder> b;
  std::mt19937_64 &random;
  unsigned bits = 32;
  size_t count = 16;
  FixedVectorType *type = nullptr;
  Function *function = nullptr;
  MaskedCase made;
};

} // namespace

MaskedCase addMaskedCase(Module &module, unsigned number,
                         std::mt19937_64 &random) {
  return Maker(module, number, random).make();
}

} // namespace terrazzo::test
