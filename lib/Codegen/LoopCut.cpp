// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/LoopCut.h"
#include "terrazzo/Codegen/ElementTypes.h"
#include "terrazzo/Codegen/ElementwiseCode.h"
#include <limits>

using namespace mlir;

namespace terrazzo::codegen {

/// The iterations of each loop: of the result's dimensions, then of operands'.
static SmallVector<AffineExpr> countsOf(const LoopCut &cut) {
  SmallVector<AffineExpr> counts(cut.dims.back());
  counts.resize(cut.nest.sizes.size());
  for (auto [dims, map] : llvm::zip(cut.dims, cut.nest.operands))
    for (auto [dim, expression] : llvm::zip(dims, map.getResults()))
      if (auto loop = dyn_cast<AffineDimExpr>(expression))
        if (AffineExpr &count = counts[loop.getPosition()]; !count)
          count = dim;
  SmallVector<AffineExpr> all;
  for (ArrayRef<AffineExpr> dims : ArrayRef(cut.dims).drop_back())
    llvm::append_range(all, dims);
  for (auto [loop, size] : llvm::enumerate(cut.nest.sizes))
    if (!ShapedType::isDynamic(size))
      counts[loop] = getAffineConstantExpr(size, cut.op->getContext());
    else if (!counts[loop])
      counts[loop] = cut.nest.derivedSize(loop).replaceSymbols(all);
  return counts;
}

std::optional<ProductLoops> LoopCut::findProduct() const {
  if (nest.function != tz::ElementwiseFunction::Mul ||
      nest.combiner != tz::Combiner::Sum || !inner ||
      nest.sizes.size() - nest.parallel != 1 || nest.operands.size() != 2)
    return std::nullopt;
  auto isFloat = [](Value value) {
    Type element = getElementTypeOrSelf(value.getType());
    return element.isF32() || element.isF16() || element.isBF16();
  };
  bool floats = getElementTypeOrSelf(op->getResult(0).getType()).isF32();
  for (Value operand : op->getOperands())
    floats &= isFloat(operand) && !operand.getDefiningOp<tz::ScalarOp>();
  auto has = [&](unsigned operand, unsigned loop) {
    return nest.operands[operand].isFunctionOfDim(loop);
  };
  ProductLoops found{0, *inner, nest.parallel, 0, 1};
  if (has(0, *inner) == has(1, *inner))
    return std::nullopt;
  if (has(0, *inner))
    std::swap(found.rowsOperand, found.columnsOperand);
  bool rows = false;
  for (unsigned loop = 0; loop < nest.parallel; ++loop)
    if (loop != *inner && nest.sizes[loop] != 1 &&
        has(found.rowsOperand, loop) && !has(found.columnsOperand, loop)) {
      found.rows = loop;
      rows = true;
    }
  return floats && rows && has(0, found.depth) && has(1, found.depth)
             ? std::optional(found)
             : std::nullopt;
}

/// Has workgroups count a loop, where that is possible.
bool LoopCut::count(unsigned loop, int64_t block) {
  auto size = dyn_cast<AffineSymbolExpr>(counts[loop]);
  if (size && tiles[size.getPosition()] == 0)
    tiles[size.getPosition()] = block;
  else if (auto number = dyn_cast<AffineConstantExpr>(counts[loop]))
    factor *= llvm::divideCeil(number.getValue(), block);
  else
    return false;
  outer.push_back({loop, block});
  return true;
}

LoopCut::LoopCut(tz::LoopOp loops, const tz::Sizes &sizes, ProductBlock block)
    : op(loops.getOperation()), nest(loops.getLoops()) {
  for (Value operand : op->getOperands())
    dims.push_back(llvm::to_vector(sizes.of(operand)));
  for (Value operand : op->getOperands()) {
    auto producer = operand.getDefiningOp<tz::LoopOp>();
    producers.push_back(producer ? std::make_unique<LoopCut>(producer, sizes)
                                 : nullptr);
  }
  dims.push_back(llvm::to_vector(sizes.of(op->getResult(0))));
  counts = countsOf(*this);
  tiles.resize(sizes.names().size());
  for (unsigned loop = nest.parallel; loop-- > 0 && !inner;)
    if (nest.sizes[loop] != 1)
      inner = loop;
  for (unsigned loop = nest.parallel; loop < nest.sizes.size(); ++loop)
    reduced.push_back(loop);
  if (block.rows)
    product = findProduct();
  bool several = false; // workgroups
  for (unsigned loop = 0; loop < nest.parallel; ++loop) {
    bool rows = product && loop == product->rows;
    // One element after the other.
    bool scanned = nest.scan && nest.scan->loop == loop;
    if (inner == loop || scanned)
      continue;
    if (count(loop, rows ? block.rows : 1))
      several |= nest.sizes[loop] != 1;
    else if (!rows)
      rest.push_back(loop);
  }
  if (inner && product)
    count(*inner, block.columns);
  else if (inner && !several && !(nest.scan && nest.scan->loop == *inner))
    count(*inner, kLoopBlock);
}

DictionaryAttr ProductTile::toAttr(MLIRContext *context) const {
  Builder b(context);
  return b.getDictionaryAttr(
      {b.getNamedAttr("tile_columns", b.getI64IntegerAttr(columns)),
       b.getNamedAttr("tile_rows", b.getI64IntegerAttr(rows))});
}

ProductTile ProductTile::fromAttr(DictionaryAttr attr) {
  auto rows = attr ? attr.getAs<IntegerAttr>("tile_rows") : IntegerAttr(),
       columns = attr ? attr.getAs<IntegerAttr>("tile_columns") : IntegerAttr();
  if (!rows || !columns || rows.getInt() < 1 || columns.getInt() < kLanes)
    return {};
  return {rows.getInt(), columns.getInt()};
}

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

LoopPlaces::LoopPlaces(Emitter &e, const LoopCut &cut, const KernelSizes &sizes,
                       function_ref<Value(Value)> memoryOf)
    : e(e), cut(cut), sizes(sizes) {
  Operation *op = cut.op;
  for (auto [operand, producer] : llvm::zip(op->getOperands(), cut.producers)) {
    bool isMemory = !producer && !operand.getDefiningOp<tz::ScalarOp>();
    memory.push_back(isMemory ? memoryOf(operand) : Value());
    producers.push_back(
        producer ? std::make_unique<LoopPlaces>(e, *producer, sizes, memoryOf)
                 : nullptr);
  }
  memory.push_back(memoryOf(op->getResult(0)));
  type = registersOf(op, cut.nest);
}

Value LoopPlaces::sizeOf(unsigned loop) {
  return sizes.of(e, cut.counts[loop]);
}

SmallVector<Value> LoopPlaces::indicesOf(Value workgroup) {
  SmallVector<Value> indices(cut.nest.sizes.size());
  Value rest = workgroup;
  for (auto [loop, block] : llvm::reverse(cut.outer)) {
    if (cut.nest.sizes[loop] == 1) {
      indices[loop] = e.index(0);
      continue;
    }
    Value count = sizeOf(loop);
    if (block > 1)
      count = e.div(e.add(count, block - 1), block);
    Value index = e.create<arith::RemUIOp>(rest, count);
    indices[loop] = e.mul(index, block);
    rest = e.create<arith::DivUIOp>(rest, count);
  }
  return indices;
}

std::pair<Value, Value> LoopPlaces::rangeOf(std::optional<unsigned> loop,
                                            ArrayRef<Value> indices) {
  if (!loop)
    return {e.index(0), e.index(1)};
  Value end = sizeOf(*loop);
  for (auto [outer, block] : cut.outer)
    if (outer == *loop)
      return {indices[outer], e.min(e.add(indices[outer], block), end)};
  return {e.index(0), end};
}

void LoopPlaces::each(ArrayRef<unsigned> loops, SmallVectorImpl<Value> &indices,
                      function_ref<void()> body) {
  if (loops.empty())
    return body();
  e.loop(e.index(0), sizeOf(loops.front()), 1, [&](Value i) {
    indices[loops.front()] = i;
    each(loops.drop_front(), indices, body);
  });
}

Value LoopPlaces::placeOf(int operand, ArrayRef<Value> indices) {
  SmallVector<Value> dims;
  for (AffineExpr expression : expressionsOf(operand))
    dims.push_back(valueOf(expression, indices));
  return addressOf(operand, dims);
}

Value LoopPlaces::distanceOf(int operand, unsigned loop) {
  Value behind = e.index(1);
  ArrayRef<AffineExpr> dims = dimsOf(operand);
  SmallVector<AffineExpr> expressions = expressionsOf(operand);
  for (size_t i = dims.size(); i-- > 0;) {
    if (expressions[i] == getAffineDimExpr(loop, e.getContext()))
      return behind;
    behind = e.mul(behind, sizes.of(e, dims[i]));
  }
  return e.index(0);
}

Value LoopPlaces::toRegister(int operand, Value loaded) {
  return fromMemory(e, loaded, typeOf(operand).getElementType(), type);
}

RankedTensorType LoopPlaces::typeOf(int operand) {
  Operation *op = cut.op;
  Value value = operand < 0 ? Value(op->getResult(0)) : op->getOperand(operand);
  return cast<RankedTensorType>(value.getType());
}

SmallVector<AffineExpr> LoopPlaces::expressionsOf(int operand) {
  if (operand >= 0)
    return llvm::to_vector(cut.nest.operands[operand].getResults());
  SmallVector<AffineExpr> loops;
  for (unsigned loop = 0; loop < cut.nest.parallel; ++loop)
    loops.push_back(getAffineDimExpr(loop, e.getContext()));
  return loops;
}

/// What `loop` is multiplied by in an expression of loops, times and plus
/// numbers.
static int64_t factorOf(AffineExpr expression, unsigned loop) {
  if (auto dim = dyn_cast<AffineDimExpr>(expression))
    return dim.getPosition() == loop ? 1 : 0;
  auto both = dyn_cast<AffineBinaryOpExpr>(expression);
  if (!both)
    return 0;
  int64_t left = factorOf(both.getLHS(), loop);
  if (both.getKind() == AffineExprKind::Add)
    return left + factorOf(both.getRHS(), loop);
  auto factor = dyn_cast<AffineConstantExpr>(both.getRHS());
  return factor ? factor.getValue() * left : 0;
}

bool LoopPlaces::mayBeOutside(AffineExpr expression, AffineExpr size) const {
  if ((!cut.nest.outside && !cut.nest.pick) ||
      isa<AffineConstantExpr>(expression))
    return false;
  auto loop = dyn_cast<AffineDimExpr>(expression);
  return !loop || cut.counts[loop.getPosition()] != size;
}

int64_t LoopPlaces::strideOf(int operand, unsigned loop) {
  ArrayRef<int64_t> shape = typeOf(operand).getShape();
  int64_t behind = 1, found = 0;
  SmallVector<AffineExpr> expressions = expressionsOf(operand);
  for (size_t i = shape.size(); i-- > 0;) {
    // Times and plus numbers: a step along the loop is a step of the factor.
    if (expressions[i].isFunctionOfDim(loop))
      found = behind == 1 && found == 0 &&
                      factorOf(expressions[i], loop) == 1 &&
                      !(operand >= 0 &&
                        mayBeOutside(expressions[i], dimsOf(operand)[i]))
                  ? 1
                  : -1;
    behind = ShapedType::isDynamic(shape[i]) ? -1
             : behind < 0                    ? -1
                                             : behind * shape[i];
  }
  return found;
}

std::optional<unsigned> LoopPlaces::dimensionAlong(int operand, unsigned loop) {
  for (auto [i, expression] : llvm::enumerate(expressionsOf(operand)))
    if (expression.isFunctionOfDim(loop))
      return i;
  return std::nullopt;
}

bool LoopPlaces::runsAlong(unsigned loop) {
  // One that is looked up for each.
  if (cut.nest.lookup && strideOf(1, loop) != 0)
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

Value LoopPlaces::valueOf(AffineExpr expression, ArrayRef<Value> indices) {
  return emitExpression(e, expression, [&](AffineExpr leaf) {
    if (auto loop = dyn_cast<AffineDimExpr>(leaf))
      return indices[loop.getPosition()];
    return dimensionOf(cast<AffineSymbolExpr>(leaf).getPosition());
  });
}

Value LoopPlaces::dimensionOf(unsigned number) {
  for (ArrayRef<AffineExpr> dims : cut.dims) {
    if (number < dims.size())
      return sizes.of(e, dims[number]);
    number -= dims.size();
  }
  return e.index(0);
}

Value LoopPlaces::addressOf(int operand, ArrayRef<Value> at) {
  ArrayRef<AffineExpr> dims = dimsOf(operand);
  Value address = e.index(0), behind = e.index(1);
  for (size_t i = dims.size(); i-- > 0;) {
    address = e.add(address, e.mul(at[i], behind));
    if (i > 0)
      behind = e.mul(behind, sizes.of(e, dims[i]));
  }
  return address;
}

Value LoopPlaces::insideOf(int operand, SmallVectorImpl<Value> &at,
                           ArrayRef<Value> indices) {
  Value inside;
  for (auto [i, expression] : llvm::enumerate(expressionsOf(operand))) {
    at.push_back(valueOf(expression, indices));
    if (!mayBeOutside(expression, dimsOf(operand)[i]))
      continue;
    Value size = sizes.of(e, dimsOf(operand)[i]);
    Value here = e.create<arith::AndIOp>(
        e.create<arith::CmpIOp>(arith::CmpIPredicate::sge, at[i], e.index(0)),
        e.create<arith::CmpIOp>(arith::CmpIPredicate::slt, at[i], size));
    inside = inside ? e.create<arith::AndIOp>(inside, here) : here;
    // What is read instead is not used.
    at[i] = e.max(e.min(at[i], e.sub(size, e.index(1))), e.index(0));
  }
  return inside;
}

Value LoopPlaces::constant(double value, bool lanes) {
  Type of = lanes ? Type(e.lanesOf(type)) : type;
  Value zero = e.create<arith::ConstantOp>(e.getZeroAttr(of));
  return value == 0 ? zero : e.constantLike(zero, value);
}

Value LoopPlaces::load(int operand, ArrayRef<Value> indices, bool lanes,
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
  Value at, value;
  if (!producers[operand])
    at = addressOf(operand, dims);
  if (producers[operand]) {
    value = computed(operand, dims, lanes, loop, mask, to);
  } else if (lanes && strideOf(operand, loop) == 1) {
    value = fromMemory(e, e.loadLanes(memory[operand], at, mask), element, to);
  } else {
    Value one = fromMemory(e, e.load(memory[operand], at), element, to);
    value = lanes ? e.splat(one) : one;
  }
  if (within) {
    *within = inside;
    return value;
  }
  return inside ? Value(e.create<arith::SelectOp>(
                      inside, value, constant(*cut.nest.outside, lanes)))
                : value;
}

Value LoopPlaces::computed(int operand, ArrayRef<Value> dims, bool lanes,
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

Value LoopPlaces::counted(Value index, bool lanes) {
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

Value LoopPlaces::pickOne(ArrayRef<Value> indices, bool lanes, unsigned loop,
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

Value LoopPlaces::placeNamed(ArrayRef<Value> indices) {
  Type wide = e.getI64Type();
  // A scalar is in no memory.
  if (auto scalar = cut.op->getOperand(1).getDefiningOp<tz::ScalarOp>())
    return e.create<arith::ConstantOp>(e.getIntegerAttr(
        wide, static_cast<int64_t>(scalar.getValue().convertToDouble())));
  return fromMemory(e, e.load(memory[1], placeOf(1, indices)),
                    typeOf(1).getElementType(), wide);
}

Value LoopPlaces::lookedUp(ArrayRef<Value> indices) {
  return e.keptBelow(placeNamed(indices),
                     sizes.of(e, dimsOf(0)[*cut.nest.lookup]));
}

Value LoopPlaces::isTarget(ArrayRef<Value> indices) {
  Value own =
      e.create<arith::IndexCastOp>(e.getI64Type(), indices[*cut.nest.target]);
  return e.equal(placeNamed(indices), own);
}

Value LoopPlaces::untouched(ArrayRef<Value> indices, bool lanes, unsigned loop,
                            Value mask) {
  return load(0, indices, lanes, loop, mask);
}

Value LoopPlaces::updated(Value before, ArrayRef<Value> indices, bool lanes,
                          unsigned loop, Value mask) {
  Value update = load(2, indices, lanes, loop, mask);
  return cut.nest.combiner ? combine(before, update) : update;
}

void LoopPlaces::scan(SmallVectorImpl<Value> &indices, bool lanes,
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

Value LoopPlaces::target(SmallVector<Value> indices) {
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

Value LoopPlaces::known(ArrayRef<Value> indices, bool lanes, unsigned loop,
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
  Value table = e.table(cut.nest.content),
        at = addressOf(-1, indices.take_front(cut.nest.parallel));
  if (lanes && strideOf(-1, loop) == 1)
    return fromMemory(e, e.loadLanes(table, at, mask), element, type);
  Value one = fromMemory(e, e.load(table, at), element, type);
  return lanes ? e.splat(one) : one;
}

Value LoopPlaces::compute(ArrayRef<Value> indices, bool lanes, unsigned loop,
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

Value LoopPlaces::rank(SmallVector<Value> indices) {
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

void LoopPlaces::store(Value value, ArrayRef<Value> indices, bool lanes,
                       Value mask) {
  Value at = addressOf(-1, indices.take_front(cut.nest.parallel));
  value = toMemory(e, value, typeOf(-1).getElementType());
  if (lanes)
    e.storeLanes(value, memory.back(), at, mask);
  else
    e.store(value, memory.back(), at);
}

Value LoopPlaces::loadResult(ArrayRef<Value> indices, bool lanes, Value mask) {
  Value at = addressOf(-1, indices.take_front(cut.nest.parallel));
  return lanes ? e.loadLanes(memory.back(), at, mask)
               : e.load(memory.back(), at);
}

Value LoopPlaces::initial(bool lanes) {
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

Value LoopPlaces::combine(Value a, Value b) {
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

Value LoopPlaces::finish(Value combined) {
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
