// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/ElementTypes.h"
#include <cmath>

using namespace mlir;

namespace terrazzo::codegen {

Type registerType(ArrayRef<Type> elements) {
  MLIRContext *context = elements.front().getContext();
  bool doubles = llvm::any_of(elements, [](Type t) { return t.isF64(); });
  bool floats =
      llvm::any_of(elements, [](Type t) { return !isa<IntegerType>(t); });
  if (floats)
    return doubles ? Type(Float64Type::get(context))
                   : Type(Float32Type::get(context));
  bool wide = llvm::any_of(
      elements, [](Type t) { return t.getIntOrFloatBitWidth() > 32; });
  return IntegerType::get(context, wide ? 64 : 32);
}

static unsigned widthOf(Value value) {
  return getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth();
}

/// Of integers: another width.
static Value resized(Emitter &e, Value value, Type to, bool isSigned) {
  Type type = e.likeWith(value, to);
  if (type == value.getType())
    return value;
  if (to.getIntOrFloatBitWidth() < widthOf(value))
    return e.create<arith::TruncIOp>(type, value);
  return isSigned ? Value(e.create<arith::ExtSIOp>(type, value))
                  : Value(e.create<arith::ExtUIOp>(type, value));
}

Value fromMemory(Emitter &e, Value loaded, Type element, Type to) {
  if (!isa<IntegerType>(element)) {
    if (to.isF64() || element.isF64()) {
      Type type = e.likeWith(loaded, to);
      if (element == to)
        return loaded;
      return element.isF64() ? Value(e.create<arith::TruncFOp>(type, loaded))
                             : Value(e.create<arith::ExtFOp>(
                                   type, e.loadedToF32(loaded, element)));
    }
    return e.loadedToF32(loaded, element);
  }
  bool isSigned = !element.isUnsignedInteger() && !element.isInteger(1);
  Value value = element.isInteger(1) ? e.truthOf(loaded) : loaded;
  if (isa<IntegerType>(to))
    return resized(e, value, to, isSigned);
  if (element.getIntOrFloatBitWidth() < 32)
    value = resized(e, value, e.getI32Type(), isSigned);
  return e.create<arith::SIToFPOp>(e.likeWith(value, to), value);
}

/// Towards 0, the closest where the integer cannot hold it, 0 of NaN.
static Value truncated(Emitter &e, Value value, Type element) {
  unsigned width = element.getIntOrFloatBitWidth();
  bool isUnsigned = element.isUnsignedInteger();
  unsigned digits = isUnsigned ? width : width - 1;
  double low = isUnsigned ? 0 : -std::ldexp(1.0, int(digits)),
         high = std::ldexp(1.0, int(digits));
  // The largest float below 2^digits.
  bool isDouble = getElementTypeOrSelf(value.getType()).isF64();
  double largest = std::nextafter(high, 0.0);
  if (!isDouble)
    largest = std::nextafterf(float(high), 0.0f);
  Value nan = e.create<arith::CmpFOp>(arith::CmpFPredicate::UNO, value, value);
  value = e.create<arith::SelectOp>(nan, e.constantLike(value, 0), value);
  Value beyond = e.create<arith::CmpFOp>(arith::CmpFPredicate::OGE, value,
                                         e.constantLike(value, high));
  value = e.create<arith::MaximumFOp>(value, e.constantLike(value, low));
  value = e.create<arith::MinimumFOp>(value, e.constantLike(value, largest));
  Type wide = width > 31 ? e.getI64Type() : e.getI32Type();
  Value whole = e.create<arith::FPToSIOp>(e.likeWith(value, wide), value);
  APInt limit = APInt::getMaxValue(digits).zext(wide.getIntOrFloatBitWidth());
  return e.create<arith::SelectOp>(beyond, e.constantLike(whole, limit), whole);
}

/// bf16 as its bits, rounded to the nearest even.
static Value bfloatBits(Emitter &e, Value x) {
  Value bits = e.create<arith::BitcastOp>(e.likeWith(x, e.getI32Type()), x);
  auto i = [&](int64_t value) { return e.constantLike(bits, double(value)); };
  Value odd =
      e.create<arith::AndIOp>(e.create<arith::ShRUIOp>(bits, i(16)), i(1));
  Value rounded = e.add(e.add(bits, i(0x7fff)), odd);
  Value nan = e.create<arith::CmpFOp>(arith::CmpFPredicate::UNO, x, x);
  rounded = e.create<arith::SelectOp>(nan, i(0x7fc00000), rounded);
  return e.create<arith::TruncIOp>(e.likeWith(x, e.getI16Type()),
                                   e.create<arith::ShRUIOp>(rounded, i(16)));
}

Value toMemory(Emitter &e, Value value, Type element) {
  if (element.isInteger(1))
    return e.create<arith::ExtUIOp>(e.likeWith(value, e.getI8Type()),
                                    e.isNotZero(value));
  if (isa<IntegerType>(element)) {
    if (!Emitter::isWhole(value))
      value = truncated(e, value, element);
    return resized(e, value, memoryElement(element), /*isSigned=*/true);
  }
  Type type = e.likeWith(value, element);
  if (Emitter::isWhole(value))
    value = e.create<arith::SIToFPOp>(
        e.likeWith(value, element.isF64() ? element : Type(e.getF32Type())),
        value);
  Type have = getElementTypeOrSelf(value.getType());
  if (have == element)
    return value;
  if (element.isF64())
    return e.create<arith::ExtFOp>(type, value);
  if (have.isF64())
    value = e.create<arith::TruncFOp>(e.likeWith(value, e.getF32Type()), value);
  if (element.isF32())
    return value;
  return element.isBF16() ? bfloatBits(e, value)
                          : Value(e.create<arith::TruncFOp>(type, value));
}

} // namespace terrazzo::codegen
