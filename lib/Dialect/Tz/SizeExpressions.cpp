// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expressions of sizes: their text, and how large they become.
//
//   sum    = term (("+" | "-") term)*
//   term   = factor (("*" | "floordiv" | "ceildiv" | "mod") factor)*
//   factor = number | name | "(" sum ")"
#include "mlir/IR/AffineExpr.h"
#include "terrazzo/Dialect/Tz/Sizes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace mlir;

namespace terrazzo::tz {

bool isSizeName(StringRef name) {
  return !name.empty() && (llvm::isAlpha(name[0]) || name[0] == '_') &&
         llvm::all_of(name,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

namespace {

/// Null where the text is none.
class SizeParser {
public:
  SizeParser(StringRef text, ArrayRef<std::string> names, MLIRContext *context)
      : rest(text), names(names), context(context) {}

  AffineExpr parse() {
    AffineExpr all = sum(0);
    return rest.trim().empty() ? all : AffineExpr();
  }

private:
  bool take(StringRef word) {
    rest = rest.ltrim();
    return rest.consume_front(word);
  }

  AffineExpr sum(int depth) {
    AffineExpr left = term(depth);
    while (left) {
      bool minus = take("-");
      if (!minus && !take("+"))
        return left;
      AffineExpr right = term(depth);
      if (!right)
        return right;
      left = minus ? left - right : left + right;
    }
    return left;
  }

  AffineExpr term(int depth) {
    AffineExpr left = factor(depth);
    while (left) {
      StringRef before = rest;
      StringRef word = take("*")          ? "*"
                       : take("floordiv") ? "floordiv"
                       : take("ceildiv")  ? "ceildiv"
                       : take("mod")      ? "mod"
                                          : "";
      if (word.empty()) {
        rest = before;
        return left;
      }
      AffineExpr right = factor(depth);
      if (!right)
        return right;
      // Only what is one number for every call divides.
      auto number = dyn_cast<AffineConstantExpr>(right);
      if (word != "*" && (!number || number.getValue() < 1))
        return {};
      left = word == "*"          ? left * right
             : word == "floordiv" ? left.floorDiv(right)
             : word == "ceildiv"  ? left.ceilDiv(right)
                                  : left % right;
    }
    return left;
  }

  AffineExpr factor(int depth) {
    constexpr int deepest = 64;
    if (depth > deepest)
      return {};
    if (take("(")) {
      AffineExpr inner = sum(depth + 1);
      return take(")") ? inner : AffineExpr();
    }
    rest = rest.ltrim();
    StringRef word =
        rest.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; });
    rest = rest.drop_front(word.size());
    constexpr unsigned mostDigits = 15;
    int64_t number;
    if (word.size() <= mostDigits && !word.getAsInteger(10, number))
      return getAffineConstantExpr(number, context);
    for (auto [i, name] : llvm::enumerate(names))
      if (name == word)
        return getAffineSymbolExpr(i, context);
    return {};
  }

  StringRef rest;
  ArrayRef<std::string> names;
  MLIRContext *context;
};

} // namespace

/// (x floordiv a + k) floordiv b = (x + a * k) floordiv (a * b), and whole
/// multiples of b leave the division.
static AffineExpr dividedDown(AffineExpr whole, int64_t by) {
  AffineExpr rest = whole;
  int64_t more = 0;
  if (auto sum = dyn_cast<AffineBinaryOpExpr>(whole);
      sum && sum.getKind() == AffineExprKind::Add)
    if (auto number = dyn_cast<AffineConstantExpr>(sum.getRHS())) {
      rest = sum.getLHS();
      more = number.getValue();
    }
  int64_t factor, product;
  if (auto inner = dyn_cast<AffineBinaryOpExpr>(rest);
      inner && inner.getKind() == AffineExprKind::FloorDiv)
    if (auto number = dyn_cast<AffineConstantExpr>(inner.getRHS());
        number && number.getValue() > 0 &&
        !__builtin_mul_overflow(number.getValue(), by, &product) &&
        !__builtin_mul_overflow(number.getValue(), more, &factor))
      return dividedDown(inner.getLHS() + factor, product);
  int64_t multiples = llvm::divideFloorSigned(more, by);
  return (rest + (more - multiples * by)).floorDiv(by) + multiples;
}

AffineExpr normalForm(AffineExpr size) {
  auto both = dyn_cast_if_present<AffineBinaryOpExpr>(size);
  if (!both)
    return size;
  AffineExpr left = normalForm(both.getLHS()),
             right = normalForm(both.getRHS());
  auto number = dyn_cast<AffineConstantExpr>(right);
  bool divides = number && number.getValue() > 0;
  switch (both.getKind()) {
  case AffineExprKind::FloorDiv:
    return divides ? dividedDown(left, number.getValue())
                   : left.floorDiv(right);
  case AffineExprKind::CeilDiv:
    return divides
               ? dividedDown(left + (number.getValue() - 1), number.getValue())
               : left.ceilDiv(right);
  case AffineExprKind::Mod:
    return left % right;
  case AffineExprKind::Mul:
    return left * right;
  default:
    return left + right;
  }
}

AffineExpr parseSize(StringRef text, ArrayRef<std::string> names,
                     MLIRContext *context) {
  // Longer ones take MLIR long to simplify; packages hold no such either.
  constexpr size_t longest = 2048;
  if (text.size() > longest)
    return {};
  return SizeParser(text, names, context).parse();
}

/// Operators bind tighter the larger their level is; `level` is that of what
/// stands around.
static void print(AffineExpr size, ArrayRef<std::string> names, int level,
                  llvm::raw_ostream &stream) {
  if (auto constant = dyn_cast<AffineConstantExpr>(size)) {
    stream << constant.getValue();
    return;
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(size)) {
    stream << names[symbol.getPosition()];
    return;
  }
  auto both = dyn_cast<AffineBinaryOpExpr>(size);
  if (!both) {
    stream << "?";
    return;
  }
  bool sum = both.getKind() == AffineExprKind::Add;
  int own = sum ? 1 : 2;
  if (own < level)
    stream << "(";
  print(both.getLHS(), names, own, stream);
  auto constant = dyn_cast<AffineConstantExpr>(both.getRHS());
  if (sum && constant && constant.getValue() < 0) {
    stream << " - " << -constant.getValue();
  } else {
    switch (both.getKind()) {
    case AffineExprKind::Add:
      stream << " + ";
      break;
    case AffineExprKind::Mul:
      stream << " * ";
      break;
    case AffineExprKind::FloorDiv:
      stream << " floordiv ";
      break;
    case AffineExprKind::CeilDiv:
      stream << " ceildiv ";
      break;
    default:
      stream << " mod ";
      break;
    }
    print(both.getRHS(), names, own + !sum, stream);
  }
  if (own < level)
    stream << ")";
}

std::string sizeText(AffineExpr size, ArrayRef<std::string> names) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  print(size, names, 0, stream);
  return text;
}

namespace {

/// Far from the ends of int64, so that sums of a few do not overflow.
constexpr int64_t kLargest = int64_t(1) << 56;

int64_t product(int64_t a, int64_t b) {
  int64_t result;
  if (__builtin_mul_overflow(a, b, &result))
    return (a < 0) != (b < 0) ? -kLargest : kLargest;
  return std::clamp(result, -kLargest, kLargest);
}

struct Range {
  int64_t low, high;
};

Range divided(Range range, int64_t by, bool up) {
  auto one = [&](int64_t a) {
    return up ? llvm::divideCeilSigned(a, by) : llvm::divideFloorSigned(a, by);
  };
  return by > 0 ? Range{one(range.low), one(range.high)}
                : Range{-kLargest, kLargest};
}

Range rangeOf(AffineExpr size, ArrayRef<int64_t> bounds) {
  if (auto constant = dyn_cast<AffineConstantExpr>(size))
    return {constant.getValue(), constant.getValue()};
  if (auto symbol = dyn_cast<AffineSymbolExpr>(size))
    return {0, symbol.getPosition() < bounds.size()
                   ? bounds[symbol.getPosition()]
                   : kLargest};
  auto both = dyn_cast<AffineBinaryOpExpr>(size);
  if (!both)
    return {0, kLargest};
  Range a = rangeOf(both.getLHS(), bounds), b = rangeOf(both.getRHS(), bounds);
  switch (both.getKind()) {
  case AffineExprKind::Add:
    return {std::clamp(a.low + b.low, -kLargest, kLargest),
            std::clamp(a.high + b.high, -kLargest, kLargest)};
  case AffineExprKind::Mul: {
    int64_t all[] = {product(a.low, b.low), product(a.low, b.high),
                     product(a.high, b.low), product(a.high, b.high)};
    return {*std::min_element(all, all + 4), *std::max_element(all, all + 4)};
  }
  case AffineExprKind::FloorDiv:
  case AffineExprKind::CeilDiv:
    return b.low == b.high
               ? divided(a, b.low, both.getKind() == AffineExprKind::CeilDiv)
               : Range{std::min<int64_t>(a.low, 0), a.high};
  default:
    return {0, std::max<int64_t>(b.high - 1, 0)};
  }
}

} // namespace

int64_t valueOf(AffineExpr size, ArrayRef<int64_t> numbers) {
  SmallVector<AffineExpr> known;
  for (int64_t number : numbers)
    known.push_back(getAffineConstantExpr(number, size.getContext()));
  return cast<AffineConstantExpr>(size.replaceSymbols(known)).getValue();
}

int64_t boundOf(AffineExpr size, ArrayRef<int64_t> bounds) {
  return std::max<int64_t>(rangeOf(size, bounds).high, 0);
}

int64_t byteBound(RankedTensorType type, ArrayRef<AffineExpr> sizes,
                  ArrayRef<int64_t> bounds) {
  int64_t bytes = elementBytes(type.getElementType());
  for (AffineExpr size : sizes)
    bytes = product(bytes, boundOf(size, bounds));
  return bytes;
}

} // namespace terrazzo::tz
