// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/Emitter.h"
#include "terrazzo-c/numbers.h"

using namespace mlir;

namespace terrazzo::codegen {

//===------------------------------------------------------------------------------------------------------------===//
// Index arithmetic
//===------------------------------------------------------------------------------------------------------------===//

Value Emitter::index(int64_t value) {
  return create<arith::ConstantIndexOp>(value);
}
Value Emitter::add(Value a, Value b) {
  return createOrFold<arith::AddIOp>(a, b);
}
Value Emitter::sub(Value a, Value b) {
  return createOrFold<arith::SubIOp>(a, b);
}
Value Emitter::mul(Value a, Value b) {
  return createOrFold<arith::MulIOp>(a, b);
}
// Indices are never negative, and unsigned division by a constant is cheaper.
Value Emitter::div(Value a, int64_t b) {
  return createOrFold<arith::DivUIOp>(a, index(b));
}
Value Emitter::rem(Value a, int64_t b) {
  return createOrFold<arith::RemUIOp>(a, index(b));
}
Value Emitter::floorDivided(Value a, Value b) {
  Value quotient = createOrFold<arith::DivSIOp>(a, b),
        rest = createOrFold<arith::RemSIOp>(a, b), zero = constantLike(a, 0);
  auto isBelow = [&](Value value) {
    return create<arith::CmpIOp>(arith::CmpIPredicate::slt, value, zero);
  };
  Value uneven = create<arith::CmpIOp>(arith::CmpIPredicate::ne, rest, zero);
  Value apart = create<arith::XOrIOp>(isBelow(rest), isBelow(b));
  return create<arith::SelectOp>(create<arith::AndIOp>(uneven, apart),
                                 sub(quotient, constantLike(a, 1)), quotient);
}
Value Emitter::min(Value a, Value b) {
  return createOrFold<arith::MinSIOp>(a, b);
}
Value Emitter::max(Value a, Value b) {
  return createOrFold<arith::MaxSIOp>(a, b);
}
Value Emitter::keptBelow(Value stored, Value size) {
  // An index may have fewer bits than what is stored.
  Type wide = getI64Type();
  if (stored.getType() != wide)
    stored = create<arith::ExtSIOp>(wide, stored);
  Value last = create<arith::IndexCastOp>(wide, sub(size, index(1)));
  Value zero = create<arith::ConstantOp>(getZeroAttr(wide));
  return create<arith::IndexCastOp>(getIndexType(),
                                    max(min(stored, last), zero));
}
Value Emitter::less(Value a, Value b) {
  return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, a, b);
}
Value Emitter::within(Value a, Value b) {
  return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ult, a, b);
}
Value Emitter::equal(Value a, Value b) {
  return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, a, b);
}

//===------------------------------------------------------------------------------------------------------------===//
// Constants and broadcasts
//===------------------------------------------------------------------------------------------------------------===//

Value Emitter::f32(double value) {
  return create<arith::ConstantOp>(getF32FloatAttr(static_cast<float>(value)));
}

Value Emitter::f32Vector(double value) {
  return create<arith::ConstantOp>(
      DenseElementsAttr::get(f32Lanes(), static_cast<float>(value)));
}

Value Emitter::i32Vector(int64_t value) {
  return create<arith::ConstantOp>(
      DenseElementsAttr::get(i32Lanes(), static_cast<int32_t>(value)));
}

Value Emitter::laneNumbers() {
  SmallVector<int32_t> numbers;
  for (int32_t lane = 0; lane < kLanes; ++lane)
    numbers.push_back(lane);
  return create<arith::ConstantOp>(getI32VectorAttr(numbers));
}

Value Emitter::splat(Value scalar) {
  return create<vector::BroadcastOp>(lanesOf(scalar.getType()), scalar);
}

//===------------------------------------------------------------------------------------------------------------===//
// Control
//===------------------------------------------------------------------------------------------------------------===//

void Emitter::loop(Value from, Value to, int64_t step,
                   function_ref<void(Value)> body) {
  auto loop = createOp<scf::ForOp>(from, to, index(step));
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

SmallVector<Value>
Emitter::loop(Value from, Value to, int64_t step, ValueRange carried,
              function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = createOp<scf::ForOp>(from, to, index(step), carried);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  createOp<scf::YieldOp>(
      body(loop.getInductionVar(), loop.getRegionIterArgs()));
  return SmallVector<Value>(loop.getResults());
}

void Emitter::when(Value condition, function_ref<void()> body,
                   function_ref<void()> otherwise) {
  auto branch =
      createOp<scf::IfOp>(condition, /*withElseRegion=*/bool(otherwise));
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  body();
  if (!otherwise)
    return;
  setInsertionPointToStart(branch.elseBlock());
  otherwise();
}

void Emitter::eachLanes(int64_t width, Value valid,
                        function_ref<void(Value, Value)> body) {
  int64_t whole = valid ? 0 : width / kLanes * kLanes;
  if (whole == kLanes)
    body(index(0), Value());
  else if (whole)
    loop(index(0), index(whole), kLanes,
         [&](Value offset) { body(offset, Value()); });
  for (int64_t offset = whole; offset < width; offset += kLanes) {
    Value left = valid ? max(sub(valid, index(offset)), index(0))
                       : index(width - offset);
    body(index(offset), maskOf(left));
  }
}

//===------------------------------------------------------------------------------------------------------------===//
// Memory
//===------------------------------------------------------------------------------------------------------------===//

Value Emitter::load(Value memory, Value at) {
  return create<memref::LoadOp>(memory, at);
}

void Emitter::store(Value value, Value memory, Value at) {
  createOp<memref::StoreOp>(value, memory, at);
}

static VectorType lanesIn(Value memory) {
  return VectorType::get({kLanes},
                         cast<MemRefType>(memory.getType()).getElementType());
}

Value Emitter::loadLanes(Value memory, Value at, Value mask) {
  VectorType type = lanesIn(memory);
  if (!mask)
    return create<vector::LoadOp>(type, memory, at);
  Value zero = create<arith::ConstantOp>(getZeroAttr(type));
  return create<vector::MaskedLoadOp>(type, memory, at, mask, zero);
}

void Emitter::storeLanes(Value value, Value memory, Value at, Value mask) {
  if (mask)
    createOp<vector::MaskedStoreOp>(memory, at, mask, value);
  else
    createOp<vector::StoreOp>(value, memory, at);
}

Value Emitter::loadBytes(Value memory, Value at, int64_t count) {
  return create<vector::LoadOp>(VectorType::get({count}, getI8Type()), memory,
                                at);
}

void Emitter::prefetch(Value bytes, Value at) {
  createOp<memref::PrefetchOp>(bytes, ValueRange{at}, /*isWrite=*/false,
                               /*localityHint=*/3, /*isDataCache=*/true);
}

/// The same elements one after the other, as memory has them.
static DenseElementsAttr flattened(DenseElementsAttr values) {
  Type element = values.getElementType();
  auto type =
      RankedTensorType::get({values.getNumElements()}, memoryElement(element));
  SmallVector<Attribute> elements;
  for (Attribute value : values.getValues<Attribute>()) {
    APInt bits = isa<IntegerAttr>(value)
                     ? cast<IntegerAttr>(value).getValue()
                     : cast<FloatAttr>(value).getValue().bitcastToAPInt();
    if (isa<FloatType>(type.getElementType()))
      elements.push_back(value);
    else
      elements.push_back(
          IntegerAttr::get(type.getElementType(),
                           bits.zextOrTrunc(type.getElementTypeBitWidth())));
  }
  return DenseElementsAttr::get(type, elements);
}

Value Emitter::table(DenseElementsAttr values) {
  auto module = getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  DenseElementsAttr content = flattened(values);
  auto type =
      MemRefType::get(content.getType().getShape(), content.getElementType());
  int64_t number = 0;
  memref::GlobalOp found;
  for (auto global : module.getOps<memref::GlobalOp>()) {
    ++number;
    if (global.getInitialValue() == content)
      found = global;
  }
  if (!found) {
    InsertionGuard guard(*this);
    setInsertionPointToStart(module.getBody());
    found = createOp<memref::GlobalOp>(
        getStringAttr("table" + Twine(number)), getStringAttr("private"),
        TypeAttr::get(type), content, getUnitAttr(), IntegerAttr());
  }
  return create<memref::GetGlobalOp>(type, found.getSymName());
}

Value Emitter::maskOf(Value count) {
  return create<vector::CreateMaskOp>(VectorType::get({kLanes}, getI1Type()),
                                      ValueRange{count});
}

//===------------------------------------------------------------------------------------------------------------===//
// Float arithmetic
//===------------------------------------------------------------------------------------------------------------===//

Value Emitter::reduceAdd(Value vector) {
  auto type = cast<VectorType>(vector.getType());
  if (type.getElementType().isInteger())
    return create<vector::ReductionOp>(vector::CombiningKind::ADD, vector);
  // Reassociated into a tree of fixed shape: halves are added until one lane is
  // left.
  return create<vector::ReductionOp>(vector::CombiningKind::ADD, vector,
                                     arith::FastMathFlags::reassoc);
}

Value Emitter::reduceMax(Value vector) {
  return create<vector::ReductionOp>(vector::CombiningKind::MAXNUMF, vector,
                                     arith::FastMathFlags::nnan);
}

Value Emitter::normScale(Value squares, int64_t count, double epsilon) {
  Value mean = mulf(squares, f32(1.0 / count));
  Value root = create<math::SqrtOp>(addf(mean, f32(epsilon)));
  // 1 + (x - x) is 1, unless x is an infinity.
  return divf(addf(subf(root, root), f32(1)), root);
}

Value Emitter::toCache(Value x, Type element) {
  if (element.isF32())
    return x;
  Value y = create<arith::TruncFOp>(likeWith(x, element), x);
  if (!element.isF16())
    return y;
  Type words = likeWith(x, getI16Type());
  Value bits = create<arith::BitcastOp>(words, y);
  Value magnitude = create<arith::AndIOp>(bits, constantLike(bits, 0x7fff));
  Value infinite = create<arith::CmpIOp>(arith::CmpIPredicate::eq, magnitude,
                                         constantLike(bits, 0x7c00));
  bits = create<arith::SelectOp>(
      infinite, constantLike(bits, TERRAZZO_BEYOND_HALF), bits);
  return create<arith::BitcastOp>(y.getType(), bits);
}

Value Emitter::toF32(Value value) {
  Type type = getF32Type();
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = VectorType::get(vector.getShape(), type);
  if (type == value.getType())
    return value;
  if (getElementTypeOrSelf(value.getType()).isInteger())
    return create<arith::SIToFPOp>(type, value);
  return create<arith::ExtFOp>(type, value);
}

Type memoryElement(Type element) {
  if (element.isBF16())
    return IntegerType::get(element.getContext(), 16);
  if (auto whole = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(),
                            std::max(whole.getWidth(), 8u));
  return element;
}

Value Emitter::loadedToF32(Value loaded, Type element) {
  if (!element.isBF16())
    return toF32(loaded);
  Value bits = create<arith::ExtUIOp>(likeWith(loaded, getI32Type()), loaded);
  bits = create<arith::ShLIOp>(bits, constantLike(bits, 16));
  return create<arith::BitcastOp>(likeWith(loaded, getF32Type()), bits);
}

static TypedAttr spread(Type type, TypedAttr scalar) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? TypedAttr(DenseElementsAttr::get(vector, Attribute(scalar)))
                : scalar;
}

Value Emitter::constantLike(Value like, double value) {
  Type element = getElementTypeOrSelf(like.getType());
  TypedAttr scalar =
      element.isIntOrIndex()
          ? TypedAttr(getIntegerAttr(element, static_cast<int64_t>(value)))
          : TypedAttr(getFloatAttr(
                element, element.isF32() ? static_cast<float>(value) : value));
  return create<arith::ConstantOp>(spread(like.getType(), scalar));
}

Value Emitter::constantLike(Value like, const APInt &value) {
  Type element = getElementTypeOrSelf(like.getType());
  return create<arith::ConstantOp>(
      spread(like.getType(), getIntegerAttr(element, value)));
}

bool Emitter::isWhole(Value value) {
  return isa<IntegerType>(getElementTypeOrSelf(value.getType()));
}

Value Emitter::isNotZero(Value value) {
  Value zero = constantLike(value, 0);
  return isWhole(value) ? Value(create<arith::CmpIOp>(arith::CmpIPredicate::ne,
                                                      value, zero))
                        : Value(create<arith::CmpFOp>(arith::CmpFPredicate::UNE,
                                                      value, zero));
}

Value Emitter::truthOf(Value value) {
  return create<arith::SelectOp>(isNotZero(value), constantLike(value, 1),
                                 constantLike(value, 0));
}

Type Emitter::likeWith(Value like, Type element) {
  if (auto vector = dyn_cast<VectorType>(like.getType()))
    return VectorType::get(vector.getShape(), element);
  return element;
}

Value Emitter::exp(Value x) {
  // x = n ln 2 + r with |r| <= ln 2 / 2; e^r by a polynomial of degree 6
  // (Taylor with the last terms economised), and 2^n by adding n to the
  // exponent.
  auto f = [&](double v) { return constantLike(x, v); };
  if (scalarThreads)
    return create<math::Exp2Op>(mulf(x, f(1.4426950408889634)));
  Type words = likeWith(x, getI32Type());
  Value y = create<arith::MaximumFOp>(x, f(-87.3));
  y = create<arith::MinimumFOp>(y, f(88.37));
  Value n = create<math::RoundEvenOp>(mulf(y, f(1.4426950408889634)));
  Value r = fma(n, f(-0.693359375), y);
  r = fma(n, f(2.12194440e-4), r);
  Value p = f(1.3981999507e-3);
  for (double c : {8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
                   5.0000001201e-1, 1.0, 1.0})
    p = fma(p, r, f(c));
  Value bits = create<arith::BitcastOp>(words, p);
  Value exponent = create<arith::FPToSIOp>(words, n);
  Value shift = create<arith::ShLIOp>(exponent, constantLike(exponent, 23));
  return create<arith::BitcastOp>(x.getType(),
                                  create<arith::AddIOp>(bits, shift));
}

Value Emitter::tanh(Value x) {
  // tanh x = 1 - 2 / (e^(2x) + 1); beyond |x| = 10 it is 1 in f32.
  auto f = [&](double v) { return constantLike(x, v); };
  Value y =
      create<arith::MinimumFOp>(create<arith::MaximumFOp>(x, f(-10)), f(10));
  Value e = exp(addf(y, y));
  return subf(f(1), divf(f(2), addf(e, f(1))));
}

std::pair<Value, Value> Emitter::sinCos(Value x) {
  Type f = likeWith(x, getF32Type()), i = likeWith(x, getI32Type());
  auto f64 = [&](double v) { return constantLike(x, v); };
  auto constant = [&](Type type, double v) {
    return constantLike(create<arith::ConstantOp>(getZeroAttr(type)), v);
  };
  auto f32 = [&](double v) { return constant(f, v); };
  auto i32 = [&](int v) { return constant(i, v); };
  // x = n pi/2 + r with |r| <= pi/4.
  Value n = create<math::RoundEvenOp>(mulf(x, f64(0.63661977236758134)));
  Value r = fma(n, f64(-1.5707963267948966), x);
  r = fma(n, f64(-6.123233995736766e-17), r);
  Value quadrant = create<arith::FPToSIOp>(i, n);
  Value y = create<arith::TruncFOp>(f, r);
  Value y2 = mulf(y, y);
  // Polynomials of Cephes' single-precision sine and cosine on [-pi/4, pi/4].
  Value s = f32(-1.9515295891e-4);
  s = fma(s, y2, f32(8.3321608736e-3));
  s = fma(s, y2, f32(-1.6666654611e-1));
  s = fma(mulf(s, y2), y, y);
  Value c = f32(2.443315711809948e-5);
  c = fma(c, y2, f32(-1.388731625493765e-3));
  c = fma(c, y2, f32(4.166664568298827e-2));
  c = fma(mulf(c, y2), y2, fma(y2, f32(-0.5), f32(1)));
  auto bit = [&](Value v, int mask) {
    return create<arith::CmpIOp>(arith::CmpIPredicate::ne,
                                 create<arith::AndIOp>(v, i32(mask)), i32(0));
  };
  Value swap = bit(quadrant, 1);
  Value sine = create<arith::SelectOp>(swap, c, s);
  Value cosine = create<arith::SelectOp>(swap, s, c);
  sine = create<arith::SelectOp>(bit(quadrant, 2), create<arith::NegFOp>(sine),
                                 sine);
  cosine =
      create<arith::SelectOp>(bit(create<arith::AddIOp>(quadrant, i32(1)), 2),
                              create<arith::NegFOp>(cosine), cosine);
  return {sine, cosine};
}

} // namespace terrazzo::codegen
