// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ExtentTable.h"

using namespace mlir;

namespace terrazzo {

static package::TermKind kindOf(AffineExprKind kind) {
  switch (kind) {
  case AffineExprKind::Add:
    return package::TermKind::Add;
  case AffineExprKind::Mul:
    return package::TermKind::Multiply;
  case AffineExprKind::FloorDiv:
    return package::TermKind::FloorDivide;
  case AffineExprKind::CeilDiv:
    return package::TermKind::CeilDivide;
  default:
    return package::TermKind::Modulo;
  }
}

static void addTerms(AffineExpr size, std::vector<package::Term> &terms) {
  if (auto number = dyn_cast<AffineConstantExpr>(size)) {
    terms.emplace_back(package::TermKind::Number, number.getValue());
  } else if (auto symbol = dyn_cast<AffineSymbolExpr>(size)) {
    terms.emplace_back(package::TermKind::Extent, symbol.getPosition());
  } else {
    auto both = cast<AffineBinaryOpExpr>(size);
    addTerms(both.getLHS(), terms);
    addTerms(both.getRHS(), terms);
    terms.emplace_back(kindOf(both.getKind()), 0);
  }
}

uint32_t ExtentTable::of(AffineExpr size) {
  if (auto symbol = dyn_cast<AffineSymbolExpr>(size))
    return symbol.getPosition();
  auto found = llvm::find(known, size);
  uint32_t index = sizes + 1 + uint32_t(found - known.begin());
  if (found != known.end())
    return index;
  known.push_back(size);
  auto expression = std::make_unique<package::ExpressionT>();
  addTerms(size, expression->terms);
  function->expressions.push_back(std::move(expression));
  return index;
}

package::Dim ExtentTable::dim(AffineExpr size) {
  if (auto number = dyn_cast<AffineConstantExpr>(size))
    return package::Dim(-1, uint64_t(number.getValue()));
  return package::Dim(int32_t(of(size)), 0);
}

} // namespace terrazzo
