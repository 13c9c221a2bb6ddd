// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/LoopElements.h"
#include "terrazzo/Codegen/ElementTypes.h"
#include "terrazzo/Codegen/ElementwiseCode.h"
#include <limits>

using namespace mlir;

namespace terrazzo::codegen {

/// Of the elements that are computed with: a condition and an index are not.
static Type registersOf(Operation *op, const tz::LoopNest &nest) {
  SmallVector<Type> elements;
  bool choice =
      nest.function && tz::kindOf(*nest.function) == tz::FunctionKind::Choice;
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (!(choice && i == 0) && !((nest.lookup || nest.target) && i == 1))
      elements.push_back(getElementTypeOrSelf(operand.getType()));
  if (elements.empty())
    elements.push_back(getElementTypeOrSelf(op->getResult(0).getType()));
  return registerType(elements);
}

LoopElements::LoopElements(Emitter &e, const LoopCut &cut,
                           const KernelSizes &sizes,
                           function_ref<Value(Value)> memoryOf)
    : LoopPlaces(e, cut, sizes, memoryOf), type(registersOf(cut.op, cut.nest)) {
  for (const std::unique_ptr<LoopCut> &producer : cut.producers)
    producers.push_back(
        producer ? std::make_unique<LoopElements>(e, *producer, sizes, memoryOf)
                 : nullptr);
}

Value LoopElements::toRegister(int operand, Value loaded) {
  return fromMemory(e, loaded, typeOf(operand).getElementType(), type);
}

bool LoopElements::runsAlong(unsigned loop) {
  // One that is looked up for each.
  if (cut.nest.lookup && strideOf(1, loop) != 0)
    return false;
  // A table is memory as well.
  if (cut.nest.content && !cut.nest.content.isSplat() && strideOf(-1, loop) < 0)
    return false;
  for (unsigned i = 0; i < cut.nest.operands.size(); ++i) {
    if (cut.op->getOperand(i).getDefiningOp<tz::ScalarOp>())
      continue;
    if (!producers[i]) {
      if (strideOf(int(i), loop) < 0)
        return false;
      continue;
    }
    std::optional<unsigned> along = dimensionAlong(int(i), loop);
    if (!along)
      continue;
    AffineExpr expression = cut.nest.operands[i].getResult(*along);
    if (factorOf(expression, loop) != 1 ||
        mayBeOutside(expression, dimsOf(int(i))[*along]) ||
        !producers[i]->runsAlong(*along))
      return false;
  }
  return true;
}

Value LoopElements::constant(double value, bool lanes) {
  Type of = lanes ? Type(e.lanesOf(type)) : type;
  Value zero = e.create<arith::ConstantOp>(e.getZeroAttr(of));
  return value == 0 ? zero : e.constantLike(zero, value);
}

Value LoopElements::load(int operand, ArrayRef<Value> indices, bool lanes,
                         unsigned loop, Value mask, Value *within) {
  Value from = cut.op->getOperand(operand);
  if (auto scalar = from.getDefiningOp<tz::ScalarOp>())
    return constant(scalar.getValue().convertToDouble(), lanes);
  Type element = typeOf(operand).getElementType();
  // A condition keeps its own type.
  bool condition = cut.nest.function && operand == 0 &&
                   tz::kindOf(*cut.nest.function) == tz::FunctionKind::Choice;
  Type to = condition ? registerType({element}) : type;
  SmallVector<Value> dims;
  Value inside = insideOf(operand, dims, indices);
  if (cut.nest.lookup && operand == 0)
    dims[*cut.nest.lookup] = lookedUp(indices);
  Value outer = present;
  if (Value own = inside ? hasElements(operand) : Value())
    present = outer ? Value(e.create<arith::AndIOp>(outer, own)) : own;
  if (producers[operand])
    producers[operand]->present = present;
  Value value =
      producers[operand]
          ? computed(operand, dims, lanes, loop, mask, to)
          : fromPlace(memory[operand], safe(addressOf(operand, dims)), lanes,
                      strideOf(operand, loop) == 1, mask, element, to);
  present = outer;
  if (within) {
    *within = inside;
    return value;
  }
  return inside ? Value(e.create<arith::SelectOp>(
                      inside, value, constant(*cut.nest.outside, lanes)))
                : value;
}

// What a guarded index reads instead of what is outside is an element too, and
// of an empty array there is none.
Value LoopElements::hasElements(int operand) {
  Value all;
  for (AffineExpr size : dimsOf(operand)) {
    if (isa<AffineConstantExpr>(size))
      continue;
    Value some = e.less(e.index(0), sizes.of(e, size));
    all = all ? Value(e.create<arith::AndIOp>(all, some)) : some;
  }
  return all;
}

Value LoopElements::fromPlace(Value memory, Value at, bool lanes, bool runs,
                              Value mask, Type element, Type to) {
  if (lanes && runs)
    return fromMemory(e, e.loadLanes(memory, at, mask), element, to);
  Value one = fromMemory(e, e.load(memory, at), element, to);
  return lanes ? e.splat(one) : one;
}

Value LoopElements::computed(int operand, ArrayRef<Value> dims, bool lanes,
                             unsigned loop, Value mask, Type to) {
  std::optional<unsigned> along;
  if (lanes)
    along = dimensionAlong(operand, loop);
  Value value = producers[operand]->compute(dims, along.has_value(),
                                            along.value_or(0), mask);
  // As memory would have kept it.
  Type element = typeOf(operand).getElementType();
  value = fromMemory(e, toMemory(e, value, element), element, to);
  return lanes && !isa<VectorType>(value.getType()) ? e.splat(value) : value;
}

Value LoopElements::counted(Value index, bool lanes) {
  bool wide = type.isInteger(64);
  Type word = wide ? e.getI64Type() : e.getI32Type();
  Value number = e.create<arith::IndexCastOp>(word, index);
  if (lanes) {
    Value others = e.laneNumbers();
    if (wide)
      others = e.create<arith::ExtSIOp>(e.lanesOf(word), others);
    number = e.add(e.splat(number), others);
  }
  return isa<IntegerType>(type)
             ? number
             : e.create<arith::SIToFPOp>(e.likeWith(number, type), number);
}

Value LoopElements::pickOne(ArrayRef<Value> indices, bool lanes, unsigned loop,
                            Value mask) {
  Value picked;
  for (unsigned i = cut.nest.operands.size(); i-- > 0;) {
    Value inside, value = load(int(i), indices, lanes, loop, mask, &inside);
    picked = picked && inside
                 ? Value(e.create<arith::SelectOp>(inside, value, picked))
                 : value;
  }
  return picked;
}

Value LoopElements::placeNamed(ArrayRef<Value> indices) {
  Type wide = e.getI64Type();
  // A scalar is in no memory.
  if (auto scalar = cut.op->getOperand(1).getDefiningOp<tz::ScalarOp>())
    return e.create<arith::ConstantOp>(e.getIntegerAttr(
        wide, static_cast<int64_t>(scalar.getValue().convertToDouble())));
  return fromMemory(e, e.load(memory[1], safe(placeOf(1, indices))),
                    typeOf(1).getElementType(), wide);
}

Value LoopElements::lookedUp(ArrayRef<Value> indices) {
  return e.keptBelow(placeNamed(indices),
                     sizes.of(e, dimsOf(0)[*cut.nest.lookup]));
}

Value LoopElements::isTarget(ArrayRef<Value> indices) {
  Value own =
      e.create<arith::IndexCastOp>(e.getI64Type(), indices[*cut.nest.target]);
  return e.equal(placeNamed(indices), own);
}

Value LoopElements::untouched(ArrayRef<Value> indices, bool lanes,
                              unsigned loop, Value mask) {
  return load(0, indices, lanes, loop, mask);
}

Value LoopElements::updated(Value before, ArrayRef<Value> indices, bool lanes,
                            unsigned loop, Value mask) {
  Value update = load(2, indices, lanes, loop, mask);
  return cut.nest.combiner ? combine(before, update) : update;
}

void LoopElements::scan(SmallVectorImpl<Value> &indices, bool lanes,
                        unsigned loop, Value mask) {
  const tz::LoopNest::Scan &scan = *cut.nest.scan;
  Value size = sizeOf(scan.loop), last = e.sub(size, e.index(1));
  e.loop(e.index(0), size, 1, {initial(lanes)},
         [&](Value i, ValueRange carried) -> SmallVector<Value> {
           indices[scan.loop] = scan.backwards ? e.sub(last, i) : i;
           Value before = carried[0],
                 after = compute(indices, lanes, loop, mask, before);
           store(scan.exclusive ? before : after, indices, lanes, mask);
           return {after};
         });
}

Value LoopElements::target(SmallVector<Value> indices) {
  unsigned reduced = cut.nest.parallel;
  return e.loop(e.index(0), sizeOf(reduced), 1,
                {untouched(indices, /*lanes=*/false, 0, {})},
                [&](Value i, ValueRange carried) -> SmallVector<Value> {
                  indices[reduced] = i;
                  Value after =
                      updated(carried[0], indices, /*lanes=*/false, 0, {});
                  return {e.create<arith::SelectOp>(isTarget(indices), after,
                                                    carried[0])};
                })[0];
}

Value LoopElements::known(ArrayRef<Value> indices, bool lanes, unsigned loop,
                          Value mask) {
  Type element = typeOf(-1).getElementType();
  if (cut.nest.content.isSplat()) {
    auto one = cut.nest.content;
    Value zero = constant(0, lanes);
    if (auto whole = dyn_cast<IntegerType>(element)) {
      unsigned width = cast<IntegerType>(type).getWidth();
      APInt value = one.getSplatValue<APInt>();
      return e.constantLike(zero, whole.isUnsigned() || whole.getWidth() == 1
                                      ? value.zextOrTrunc(width)
                                      : value.sextOrTrunc(width));
    }
    return e.constantLike(zero, one.getSplatValue<APFloat>().convertToDouble());
  }
  return fromPlace(e.table(cut.nest.content),
                   addressOf(-1, indices.take_front(cut.nest.parallel)), lanes,
                   strideOf(-1, loop) == 1, mask, element, type);
}

Value LoopElements::compute(ArrayRef<Value> indices, bool lanes, unsigned loop,
                            Value mask, Value before) {
  if (cut.nest.content)
    return known(indices, lanes, loop, mask);
  if (cut.nest.counter)
    return counted(indices[*cut.nest.counter],
                   lanes && *cut.nest.counter == loop);
  if (cut.nest.pick)
    return pickOne(indices, lanes, loop, mask);
  SmallVector<Value> elements;
  for (unsigned i = 0; i < cut.nest.operands.size(); ++i)
    if (!(cut.nest.lookup && i == 1))
      elements.push_back(load(i, indices, lanes, loop, mask));
  bool product = cut.nest.function == tz::ElementwiseFunction::Mul &&
                 cut.nest.combiner == tz::Combiner::Sum && type.isF32();
  if (before && product)
    return e.fma(elements[0], elements[1], before);
  Value value = cut.nest.function
                    ? applyFunction(e, *cut.nest.function, elements)
                    : elements[0];
  return before ? combine(before, value) : value;
}

Value LoopElements::rank(SmallVector<Value> indices) {
  unsigned place = cut.nest.parallel - 1, reduced = cut.nest.parallel;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  // What was found last: its element and where; the next is below, or the same
  // further on.
  SmallVector<Value> none{constant(infinity, false), e.index(-1)};
  Value found = e.loop(
      e.index(0), e.add(indices[place], 1), 1, none,
      [&](Value, ValueRange last) {
        SmallVector<Value> start{constant(-infinity, false), e.index(-1)};
        return e.loop(e.index(0), sizeOf(reduced), 1, start,
                      [&](Value i, ValueRange best) -> SmallVector<Value> {
                        indices[reduced] = i;
                        Value x = load(0, indices, false, 0, {});
                        auto is = [&](arith::CmpFPredicate predicate, Value a,
                                      Value b) {
                          return e.create<arith::CmpFOp>(predicate, a, b);
                        };
                        Value open = e.create<arith::OrIOp>(
                            is(arith::CmpFPredicate::OLT, x, last[0]),
                            e.create<arith::AndIOp>(
                                is(arith::CmpFPredicate::OEQ, x, last[0]),
                                e.less(last[1], i)));
                        Value better = e.create<arith::OrIOp>(
                            is(arith::CmpFPredicate::OGT, x, best[0]),
                            e.less(best[1], e.index(0)));
                        Value take = e.create<arith::AndIOp>(open, better);
                        return {e.create<arith::SelectOp>(take, x, best[0]),
                                e.create<arith::SelectOp>(take, i, best[1])};
                      });
      })[1];
  // Where all that is left is NaN.
  return e.create<arith::IndexCastOp>(e.getI64Type(), e.max(found, e.index(0)));
}

void LoopElements::store(Value value, ArrayRef<Value> indices, bool lanes,
                         Value mask) {
  Value at = addressOf(-1, indices.take_front(cut.nest.parallel));
  value = toMemory(e, value, typeOf(-1).getElementType());
  if (lanes)
    e.storeLanes(value, memory.back(), at, mask);
  else
    e.store(value, memory.back(), at);
}

Value LoopElements::loadResult(ArrayRef<Value> indices, bool lanes,
                               Value mask) {
  Value at = addressOf(-1, indices.take_front(cut.nest.parallel));
  return lanes ? e.loadLanes(memory.back(), at, mask)
               : e.load(memory.back(), at);
}

Value LoopElements::initial(bool lanes) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  auto element = dyn_cast<IntegerType>(typeOf(-1).getElementType());
  auto extreme = [&](bool least) {
    if (!element)
      return constant(least ? -infinity : infinity, lanes);
    // Of the element, not of the register.
    unsigned width = element.getWidth(),
             all = cast<IntegerType>(type).getWidth();
    bool isSigned = !element.isUnsigned() && width > 1;
    APInt value =
        !isSigned
            ? (least ? APInt(width, 0) : APInt::getAllOnes(width)).zext(all)
            : (least ? APInt::getSignedMinValue(width)
                     : APInt::getSignedMaxValue(width))
                  .sext(all);
    return e.constantLike(constant(0, lanes), value);
  };
  switch (*cut.nest.combiner) {
  case tz::Combiner::Sum:
  case tz::Combiner::Mean:
    return constant(0, lanes);
  case tz::Combiner::Max:
    return extreme(/*least=*/true);
  case tz::Combiner::Min:
    return extreme(/*least=*/false);
  case tz::Combiner::Prod:
    return constant(1, lanes);
  }
  return {};
}

Value LoopElements::combine(Value a, Value b) {
  bool whole = isa<IntegerType>(type);
  switch (*cut.nest.combiner) {
  case tz::Combiner::Sum:
  case tz::Combiner::Mean:
    return whole ? e.add(a, b) : e.addf(a, b);
  case tz::Combiner::Max:
    return whole ? e.max(a, b) : e.maxf(a, b);
  case tz::Combiner::Min:
    return whole ? e.min(a, b) : e.create<arith::MinimumFOp>(a, b);
  case tz::Combiner::Prod:
    return whole ? e.mul(a, b) : e.mulf(a, b);
  }
  return a;
}

Value LoopElements::finish(Value combined) {
  if (cut.nest.combiner != tz::Combiner::Mean)
    return combined;
  Value count = e.index(1);
  for (unsigned loop : cut.reduced)
    count = e.mul(count, sizeOf(loop));
  Value number = e.create<arith::SIToFPOp>(
      type, e.create<arith::IndexCastOp>(e.getI64Type(), count));
  if (isa<VectorType>(combined.getType()))
    number = e.splat(number);
  return e.divf(combined, number);
}

} // namespace terrazzo::codegen
