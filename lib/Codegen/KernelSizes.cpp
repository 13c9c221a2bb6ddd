// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/KernelSizes.h"
#include "mlir/IR/AffineExpr.h"

using namespace mlir;

namespace terrazzo::codegen {

Value emitExpression(Emitter &e, AffineExpr expression,
                     function_ref<Value(AffineExpr)> leaf, bool natural) {
  if (auto number = dyn_cast<AffineConstantExpr>(expression))
    return e.index(number.getValue());
  auto both = dyn_cast<AffineBinaryOpExpr>(expression);
  if (!both)
    return leaf(expression);
  Value left = emitExpression(e, both.getLHS(), leaf, natural),
        right = emitExpression(e, both.getRHS(), leaf, natural);
  switch (both.getKind()) {
  case AffineExprKind::Add:
    return e.add(left, right);
  case AffineExprKind::Mul:
    return e.mul(left, right);
  case AffineExprKind::FloorDiv:
    return natural ? e.createOrFold<arith::DivUIOp>(left, right)
                   : e.floorDivided(left, right);
  case AffineExprKind::CeilDiv:
    return e.sub(e.index(0), e.floorDivided(e.sub(e.index(0), left), right));
  default:
    if (natural)
      return e.createOrFold<arith::RemUIOp>(left, right);
    // A size is not below 0.
    return e.create<arith::RemSIOp>(left, right);
  }
}

Value KernelSizes::of(Emitter &e, AffineExpr size) const {
  return emitExpression(e, size, [&](AffineExpr symbol) {
    return values[cast<AffineSymbolExpr>(symbol).getPosition()];
  });
}

} // namespace terrazzo::codegen
