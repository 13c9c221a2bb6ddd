// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/LoopPlaces.h"

using namespace mlir;

namespace terrazzo::codegen {

LoopPlaces::LoopPlaces(Emitter &e, const LoopCut &cut, const KernelSizes &sizes,
                       function_ref<Value(Value)> memoryOf)
    : e(e), cut(cut), sizes(sizes) {
  for (auto [operand, producer] :
       llvm::zip(cut.op->getOperands(), cut.producers)) {
    bool isMemory = !producer && !operand.getDefiningOp<tz::ScalarOp>();
    memory.push_back(isMemory ? memoryOf(operand) : Value());
  }
  memory.push_back(memoryOf(cut.op->getResult(0)));
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

int64_t factorOf(AffineExpr expression, unsigned loop) {
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
  if (auto loop = dyn_cast<AffineDimExpr>(expression))
    return (cut.nest.outside || cut.nest.pick) &&
           cut.counts[loop.getPosition()] != size;
  return cut.nest.leadsOutside(expression);
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

} // namespace terrazzo::codegen
