// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/KernelSizes.h"
#include "mlir/IR/AffineExpr.h"

using namespace mlir;

namespace terrazzo::codegen {

Value KernelSizes::of(Emitter &e, AffineExpr size) const {
  if (auto number = dyn_cast<AffineConstantExpr>(size))
    return e.index(number.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(size))
    return values[symbol.getPosition()];
  auto both = cast<AffineBinaryOpExpr>(size);
  Value left = of(e, both.getLHS()), right = of(e, both.getRHS());
  switch (both.getKind()) {
  case AffineExprKind::Add:
    return e.add(left, right);
  case AffineExprKind::Mul:
    return e.mul(left, right);
  case AffineExprKind::FloorDiv:
    return e.floorDivided(left, right);
  case AffineExprKind::CeilDiv:
    return e.sub(e.index(0), e.floorDivided(e.sub(e.index(0), left), right));
  default:
    // A size is not below 0.
    return e.create<arith::RemSIOp>(left, right);
  }
}

} // namespace terrazzo::codegen
