// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SizeArithmetic.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace terrazzo::onnx {

std::optional<int64_t> numberOf(AffineExpr size) {
  auto number = dyn_cast_if_present<AffineConstantExpr>(size);
  return number ? std::optional(number.getValue()) : std::nullopt;
}

bool isNumber(AffineExpr size, int64_t number) {
  return numberOf(size) == number;
}

/// More symbols than any model has sizes.
static constexpr unsigned kSymbols = 4096;

AffineExpr normal(AffineExpr size) {
  return simplifyAffineExpr(size, 0, kSymbols);
}

namespace {

using Number = std::optional<int64_t>;

Number sum(Number a, Number b) {
  int64_t result;
  return a && b && !llvm::AddOverflow(*a, *b, result) ? Number(result)
                                                      : std::nullopt;
}

/// Of two ranges; a product with an open end is open unless a side is 0.
Range productRange(Range a, Range b) {
  if (a.least && a.least == a.largest && *a.least == 0)
    return {0, 0};
  if (a.least && *a.least >= 0 && b.least && *b.least >= 0) {
    int64_t low, high;
    Range range;
    if (!llvm::MulOverflow(*a.least, *b.least, low))
      range.least = low;
    else
      range.least = 0;
    if (a.largest && b.largest &&
        !llvm::MulOverflow(*a.largest, *b.largest, high))
      range.largest = high;
    return range;
  }
  auto number = [](Range r) {
    return r.least && r.least == r.largest ? r.least : std::nullopt;
  };
  if (number(a))
    std::swap(a, b);
  Number factor = number(b);
  if (!factor)
    return {};
  auto scale = [&](Number n) {
    int64_t result;
    return n && !llvm::MulOverflow(*n, *factor, result) ? Number(result)
                                                        : std::nullopt;
  };
  return *factor < 0 ? Range{scale(a.largest), scale(a.least)}
                     : Range{scale(a.least), scale(a.largest)};
}

Range quotientRange(Range a, AffineExpr divisor, bool ceil) {
  Number by = numberOf(divisor);
  if (!by || *by < 1)
    return {};
  auto divide = [&](Number n) {
    return n ? Number(ceil ? llvm::divideCeilSigned(*n, *by)
                           : llvm::divideFloorSigned(*n, *by))
             : n;
  };
  return {divide(a.least), divide(a.largest)};
}

} // namespace

Range rangeOf(AffineExpr size) {
  if (Number number = numberOf(size))
    return {number, number};
  if (isa<AffineSymbolExpr>(size))
    return {0, std::nullopt};
  auto both = dyn_cast<AffineBinaryOpExpr>(size);
  if (!both)
    return {};
  Range a = rangeOf(both.getLHS()), b = rangeOf(both.getRHS());
  switch (both.getKind()) {
  case AffineExprKind::Add:
    return {sum(a.least, b.least), sum(a.largest, b.largest)};
  case AffineExprKind::Mul:
    return productRange(a, b);
  case AffineExprKind::FloorDiv:
    return quotientRange(a, both.getRHS(), false);
  case AffineExprKind::CeilDiv:
    return quotientRange(a, both.getRHS(), true);
  case AffineExprKind::Mod:
    return {0, sum(b.largest, -1)};
  default:
    return {};
  }
}

std::optional<bool> isAtLeast(AffineExpr a, AffineExpr b) {
  Range difference = rangeOf(normal(a - b));
  if (difference.least && *difference.least >= 0)
    return true;
  if (difference.largest && *difference.largest < 0)
    return false;
  return std::nullopt;
}

std::optional<bool> isEqual(AffineExpr a, AffineExpr b) {
  if (normal(a) == normal(b))
    return true;
  Range difference = rangeOf(normal(a - b));
  if ((difference.least && *difference.least > 0) ||
      (difference.largest && *difference.largest < 0))
    return false;
  return std::nullopt;
}

/// The fixed factor of a product, and the others.
static std::pair<int64_t, Dims> factorsOf(AffineExpr size) {
  int64_t fixed = 1;
  Dims others, open{size};
  while (!open.empty()) {
    AffineExpr next = open.pop_back_val();
    if (auto number = numberOf(next)) {
      // One that is too large is as good as unknown: it divides nothing.
      if (llvm::MulOverflow(fixed, *number, fixed))
        return {0, {size}};
    } else if (auto both = dyn_cast<AffineBinaryOpExpr>(next);
               both && both.getKind() == AffineExprKind::Mul) {
      open.append({both.getLHS(), both.getRHS()});
    } else {
      others.push_back(next);
    }
  }
  return {fixed, others};
}

/// Of factors in one order, so that equal products are one expression.
static AffineExpr ordered(int64_t fixed, Dims factors, MLIRContext *context) {
  auto rank = [](AffineExpr e) {
    auto symbol = dyn_cast<AffineSymbolExpr>(e);
    return symbol ? symbol.getPosition() : kSymbols;
  };
  llvm::stable_sort(
      factors, [&](AffineExpr a, AffineExpr b) { return rank(a) < rank(b); });
  AffineExpr product = getAffineConstantExpr(1, context);
  for (AffineExpr factor : factors)
    product = product * factor;
  return normal(product * fixed);
}

AffineExpr productOf(ArrayRef<AffineExpr> sizes, MLIRContext *context) {
  int64_t fixed = 1;
  Dims factors;
  for (AffineExpr size : sizes) {
    auto [number, others] = factorsOf(size);
    if (llvm::MulOverflow(fixed, number, fixed))
      fixed = 0;
    llvm::append_range(factors, others);
  }
  return ordered(fixed, factors, context);
}

AffineExpr quotient(AffineExpr whole, AffineExpr part) {
  auto [a, left] = factorsOf(whole);
  auto [b, right] = factorsOf(part);
  if (b == 0 || b == -1 || a % b)
    return normal(whole) == normal(part)
               ? getAffineConstantExpr(1, whole.getContext())
               : AffineExpr();
  for (AffineExpr factor : right) {
    auto *found = llvm::find(left, factor);
    if (found == left.end())
      return normal(whole) == normal(part)
                 ? getAffineConstantExpr(1, whole.getContext())
                 : AffineExpr();
    left.erase(found);
  }
  return ordered(a / b, left, whole.getContext());
}

} // namespace terrazzo::onnx
