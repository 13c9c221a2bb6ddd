// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tz-raise-attention: two products with a softmax between them, as attention of
// rows.
//
//   %s = tz.contract "bhtd,bhsd->bhts" %q, %k : ... -> tensor<?x4x?x?xf32>
//   %0 = tz.elementwise mul(%s, %scale) : ...
//   %1 = tz.elementwise select(%mask, %0, %hidden) : ...
//   %p = tz.softmax %1 {axis = 3 : i64} : ...
//   %o = tz.contract "bhts,bhsd->bhtd" %p, %v : ... -> tensor<?x4x?x16xf32>
//
// becomes tz.attention of the rows [b * t, h, d], which see the keys of their
// own text from first(row) to end(row), and a bias that hides the keys that the
// mask hides from all of a text's queries. Heads that are repeated for others
// to share are read as they were before. Masks: SeenKeys.h.
#include "../SizedFunctions.h"
#include "Contractions.h"
#include "SeenKeys.h"
#include "mlir/IR/PatternMatch.h"
#include "terrazzo/Transforms/Passes.h"
#include <cmath>
#include <limits>

using namespace mlir;

namespace terrazzo {
#define GEN_PASS_DEF_RAISEATTENTION
#include "terrazzo/Transforms/Passes.h.inc"

namespace {

using tz::ElementwiseFunction;

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

tz::ElementwiseOp functionOf(Value value, ElementwiseFunction function) {
  auto op = value.getDefiningOp<tz::ElementwiseOp>();
  return op && op.getFunction() == function ? op : nullptr;
}

std::optional<double> numberOf(Value value) {
  while (auto op = value.getDefiningOp()) {
    if (!isa<tz::BroadcastOp, tz::ReshapeOp>(op))
      break;
    value = op->getOperand(0);
  }
  auto scalar = value.getDefiningOp<tz::ScalarOp>();
  return scalar ? std::optional(scalar.getValue().convertToDouble())
                : std::nullopt;
}

/// Letters of a product.
struct Letters {
  explicit Letters(tz::ContractOp op) {
    auto [sides, made] = op.getDims().split("->");
    std::tie(left, right) = sides.split(',');
    result = made;
  }
  StringRef left, right, result;
};

/// What two products and a softmax compute, as far as it is attention.
struct Attention {
  Value query, keys, values;
  size_t lead = 0;      ///< dimensions before the queries: texts and heads
  bool grouped = false; ///< the queries have one more: heads that share keys
  double scale = 1;
  bool guarded = false;         ///< rows that see nothing become zeros
  std::optional<double> hidden; ///< the score of what a mask hides
  SeenKeys seen;
  SmallVector<Value> biases;
};

/// "P r? t s" and "P s d" of the result "P r? t d".
bool readProduct(tz::ContractOp op, Attention &found) {
  Letters letters(op);
  size_t lead = letters.right.size() < 2 ? 0 : letters.right.size() - 2;
  bool grouped = letters.left.size() == lead + 3;
  if (letters.right.size() < 2 ||
      (!grouped && letters.left.size() != lead + 2) ||
      letters.result.size() != letters.left.size())
    return false;
  StringRef shared = letters.right.take_front(lead);
  char key = letters.right[lead];
  found.lead = lead;
  found.grouped = grouped;
  return letters.left.starts_with(shared) && letters.left.back() == key &&
         letters.result.drop_back() == letters.left.drop_back() &&
         letters.result.back() == letters.right.back() &&
         !letters.result.contains(key);
}

/// "P r? t d" and "P s d" of the result "P r? t s".
bool readScores(tz::ContractOp op, Attention &found) {
  Letters letters(op);
  size_t lead = found.lead;
  if (letters.right.size() != lead + 2 ||
      letters.left.size() != lead + 2 + found.grouped ||
      letters.result.size() != letters.left.size())
    return false;
  return letters.left.take_front(lead) == letters.right.take_front(lead) &&
         letters.left.back() == letters.right.back() &&
         letters.result.drop_back() == letters.left.drop_back() &&
         letters.result.back() == letters.right[lead] &&
         !letters.result.contains(letters.left.back());
}

/// The shares, without what makes zeros of rows that see nothing.
Value withoutGuard(Value shares) {
  auto guard = functionOf(shares, ElementwiseFunction::Select);
  if (!guard || numberOf(guard.getInputs()[1]) != 0)
    return shares;
  auto none = functionOf(guard.getInputs()[0], ElementwiseFunction::IsNan);
  return none && none.getInputs()[0] == guard.getInputs()[2]
             ? guard.getInputs()[2]
             : shares;
}

/// From the softmax's operand down to the product of queries and keys.
bool readChain(Value scores, const KnownSizes &sizes, Attention &found) {
  constexpr double hidden = -1e30;
  double scale = 1;
  for (;;) {
    if (auto product = scores.getDefiningOp<tz::ContractOp>()) {
      found.query = product.getLeft();
      found.keys = product.getRight();
      found.scale = scale;
      return readScores(product, found);
    }
    auto op = scores.getDefiningOp<tz::ElementwiseOp>();
    if (!op || typeOf(op.getResult()).getElementType().isF64())
      return false;
    ValueRange inputs = op.getInputs();
    auto isWhole = [&](Value value) {
      return typeOf(value).getShape() == typeOf(op.getResult()).getShape();
    };
    switch (op.getFunction()) {
    case ElementwiseFunction::Select: {
      std::optional<double> other = numberOf(inputs[2]);
      if (!other || *other > hidden || !isWhole(inputs[1]) || scale != 1)
        return false;
      if (found.hidden && *found.hidden != *other)
        return false;
      found.hidden = other;
      readMask(inputs[0], found.lead + 2 + found.grouped,
               found.lead ? found.lead - 1 : 0, sizes, found.seen);
      scores = inputs[1];
      break;
    }
    case ElementwiseFunction::Add:
    case ElementwiseFunction::Mul:
    case ElementwiseFunction::Div: {
      bool first = isWhole(inputs[0]);
      Value whole = inputs[first ? 0 : 1], other = inputs[first ? 1 : 0];
      std::optional<double> number = numberOf(other);
      if (op.getFunction() == ElementwiseFunction::Add) {
        // Of two arrays as large as the scores the bias is the one that is none.
        if (isWhole(other) && !whole.getDefiningOp<tz::ContractOp>() &&
            !functionOf(whole, ElementwiseFunction::Mul) &&
            !functionOf(whole, ElementwiseFunction::Div))
          std::swap(whole, other);
        if (scale != 1)
          return false;
        found.biases.push_back(other);
      } else {
        bool divides = op.getFunction() == ElementwiseFunction::Div;
        if (!number || *number == 0 || (divides && !first))
          return false;
        scale *= divides ? 1 / *number : *number;
      }
      scores = whole;
      break;
    }
    default:
      return false;
    }
  }
}

/// Heads [..., g, s, d] that were repeated as [..., g * r, s, d]; null where
/// they were not, or not `times` times.
Value beforeRepetition(Value heads, int64_t times) {
  auto joined = heads.getDefiningOp<tz::ReshapeOp>();
  auto repeated =
      joined ? joined.getInput().getDefiningOp<tz::BroadcastOp>() : nullptr;
  if (!repeated)
    return {};
  auto whole = typeOf(repeated.getResult()), own = typeOf(repeated.getInput()),
       to = typeOf(heads);
  int64_t rank = whole.getRank();
  if (rank != to.getRank() + 1 || own.getRank() != rank || rank < 4 ||
      whole.getDimSize(rank - 3) != times || own.getDimSize(rank - 3) != 1 ||
      to.getDimSize(rank - 4) != whole.getDimSize(rank - 4) * times)
    return {};
  for (int64_t i = 0; i < rank; ++i)
    if (i != rank - 3 && whole.getDimSize(i) != own.getDimSize(i))
      return {};
  return repeated.getInput();
}

class AttentionRaiser {
public:
  AttentionRaiser(IRRewriter &rewriter, const tz::Sizes &sizes)
      : rewriter(rewriter), sizes(sizes) {}

  void raise(tz::ContractOp op) {
    Attention found;
    if (!readProduct(op, found))
      return;
    Value unguarded = withoutGuard(op.getLeft());
    found.guarded = unguarded != op.getLeft();
    auto shares = unguarded.getDefiningOp<tz::SoftmaxOp>();
    if (!shares || shares.getLogarithm() ||
        static_cast<int64_t>(shares.getAxis()) + 1 !=
            typeOf(shares.getResult()).getRank() ||
        !readChain(shares.getInput(), sizes, found))
      return;
    found.values = op.getRight();
    rewriter.setInsertionPoint(op);
    SizedBuilder b(rewriter, op.getLoc(), sizes);
    if (!isPossible(b, found, op))
      return;
    Sized made = build(b, found);
    SmallVector<AffineExpr> dims = b.of(op.getResult()).dims;
    rewriter.replaceOp(op, b.reshape(made, dims).value);
  }

private:
  /// Texts are numbered by all leading dimensions but the heads'.
  AffineExpr textsOf(SizedBuilder &b, const Attention &a) {
    Sized query = b.of(a.query);
    return b.product(ArrayRef(query.dims).take_front(a.lead ? a.lead - 1 : 0));
  }

  bool isPossible(SizedBuilder &b, Attention &a, tz::ContractOp op) {
    Sized query = b.of(a.query), keys = b.of(a.keys), values = b.of(a.values);
    if (query.dims.empty() || keys.dims.empty() || values.dims.empty())
      return false;
    auto isFixed = [](AffineExpr dim) {
      auto number = dyn_cast<AffineConstantExpr>(dim);
      return number && number.getValue() > 0;
    };
    for (size_t i = a.lead ? a.lead - 1 : 0; i < query.dims.size(); ++i)
      if (i != query.dims.size() - 2 && !isFixed(query.dims[i]))
        return false;
    if (!isFixed(values.dims.back()) ||
        !isa<FloatType>(typeOf(op.getResult()).getElementType()) ||
        typeOf(op.getResult()).getElementType().isF64())
      return false;
    if (!meansTheSame(b, a))
      return false;
    bool one = textsOf(b, a) == b.number(1);
    // What differs from query to query is a bias of one text only.
    if (!a.seen.others.empty() && !one)
      return false;
    return llvm::all_of(a.biases, [&](Value bias) {
      return one ? fitsOneText(bias, a)
                 : isOfKeys(bias, a.lead + 2 + a.grouped,
                            a.lead ? a.lead - 1 : 0);
    });
  }

  /// Rows that see nothing are zeros of attention. What computes something else
  /// of them is raised where there are none, or where a number hides keys and
  /// nothing else does: then it is a bias.
  bool meansTheSame(SizedBuilder &b, const Attention &a) {
    if (!a.hidden || (a.guarded && std::isinf(*a.hidden)))
      return true;
    bool byKeys = !a.seen.keep.empty() || !a.seen.others.empty();
    if (byKeys)
      return !std::isinf(*a.hidden) && !a.seen.hasRange();
    auto last = dyn_cast_if_present<AffineConstantExpr>(a.seen.last);
    if (a.seen.last && (!last || last.getValue() < 0))
      return false;
    if (!a.seen.first)
      return true;
    auto first = dyn_cast<AffineConstantExpr>(a.seen.first);
    Sized query = b.of(a.query), keys = b.of(a.keys);
    return first && first.getValue() <= 0 &&
           query.dims[query.dims.size() - 2] == keys.dims[a.lead];
  }

  /// Whether dimensions before heads, queries and keys are 1.
  static bool fitsOneText(Value bias, const Attention &a) {
    ArrayRef<int64_t> shape = typeOf(bias).getShape();
    size_t own = 3 + a.grouped;
    return shape.size() <= own ||
           llvm::all_of(shape.drop_back(own),
                        [](int64_t size) { return size == 1; });
  }

  /// [texts..., heads, (r,) rows, d] as [texts * rows, heads * r, d].
  Sized rowsOf(SizedBuilder &b, Value value, size_t lead, size_t headDims) {
    Sized x = b.of(value);
    size_t texts = lead ? lead - 1 : 0;
    SmallVector<int64_t> order;
    for (size_t i = 0; i < texts; ++i)
      order.push_back(i);
    order.push_back(texts + headDims);
    for (size_t i = 0; i < headDims; ++i)
      order.push_back(texts + i);
    order.push_back(texts + headDims + 1);
    Sized turned = headDims ? b.transpose(x, order) : x;
    AffineExpr rows = b.product(ArrayRef(turned.dims).take_front(texts + 1));
    AffineExpr heads =
        b.product(ArrayRef(turned.dims).slice(texts + 1, headDims));
    return b.reshape(turned, {rows, heads, turned.dims.back()});
  }

  Sized build(SizedBuilder &b, Attention &a) {
    size_t texts = a.lead ? a.lead - 1 : 0, keyHeads = a.lead ? 1 : 0;
    Sized query = b.of(a.query);
    unshare(b, a);
    Sized q = rowsOf(b, a.query, a.lead, keyHeads + a.grouped);
    Sized k = rowsOf(b, a.keys, a.lead, keyHeads);
    Sized v = rowsOf(b, a.values, a.lead, keyHeads);
    AffineExpr rows = query.dims[query.dims.size() - 2],
               keys = b.of(a.keys).dims[a.lead];
    AffineExpr count = b.product(ArrayRef(query.dims).take_front(texts));
    Value position, first, end;
    int64_t window = 0;
    if (count == b.number(1) && isPosition(b, a, window))
      position = b.scalar(static_cast<double>(
                              cast<AffineConstantExpr>(a.seen.last).getValue()),
                          rewriter.getI32Type())
                     .value;
    else if (count != b.number(1) || a.seen.hasRange())
      std::tie(first, end) = ranges(b, a, count, rows, keys);
    Sized bias = biasOf(b, a, count, keys);
    SmallVector<AffineExpr> dims = {q.dims[0], q.dims[1], v.dims[2]};
    Type element = getElementTypeOrSelf(q.value.getType());
    Sized made =
        b.made(tz::AttentionOp::create(
                   rewriter, q.value.getLoc(), b.typeFor(dims, element),
                   q.value, k.value, v.value, position, first, end, bias.value,
                   Value(), APFloat(a.scale), window, APFloat(0.0)),
               dims);
    return asBefore(b, a, made, query.dims, v.dims[2]);
  }

  /// [texts * rows, heads, d] as the product had it.
  Sized asBefore(SizedBuilder &b, const Attention &a, Sized made,
                 ArrayRef<AffineExpr> query, AffineExpr width) {
    size_t texts = a.lead ? a.lead - 1 : 0,
           heads = (a.lead ? 1 : 0) + a.grouped;
    SmallVector<AffineExpr> dims(query.take_front(texts));
    dims.push_back(query[query.size() - 2]);
    dims.append(query.begin() + texts, query.begin() + texts + heads);
    dims.push_back(width);
    SmallVector<int64_t> order;
    for (size_t i = 0; i < texts; ++i)
      order.push_back(i);
    for (size_t i = 0; i < heads; ++i)
      order.push_back(texts + 1 + i);
    order.push_back(texts);
    order.push_back(texts + 1 + heads);
    Sized split = b.reshape(made, dims);
    return heads ? b.transpose(split, order) : split;
  }

  /// Keys and values as they were before they were repeated for their heads.
  void unshare(SizedBuilder &b, Attention &a) {
    if (a.grouped || a.lead == 0)
      return;
    int64_t heads = typeOf(a.keys).getDimSize(a.lead - 1);
    for (int64_t times = heads; times > 1; --times) {
      if (heads % times)
        continue;
      Value keys = beforeRepetition(a.keys, times),
            values = beforeRepetition(a.values, times);
      if (!keys || !values)
        continue;
      for (auto [to, from] : {std::pair(&a.keys, keys), {&a.values, values}}) {
        SmallVector<AffineExpr> dims = b.of(from).dims;
        dims.erase(dims.end() - 3);
        *to = b.reshape(b.of(from), dims).value;
      }
      return;
    }
  }

  /// Whether a range is that of positions: up to itself, and a window.
  bool isPosition(SizedBuilder &b, const Attention &a, int64_t &window) {
    auto last = dyn_cast_if_present<AffineConstantExpr>(a.seen.last);
    if (!last || last.getValue() < 0)
      return false;
    if (!a.seen.first)
      return true;
    auto first = dyn_cast<AffineConstantExpr>(a.seen.first);
    if (!first || last.getValue() < first.getValue())
      return false;
    window = last.getValue() - first.getValue() + 1;
    return true;
  }

  /// For each row the first of its text's keys that it sees, and the end.
  std::pair<Value, Value> ranges(SizedBuilder &b, const Attention &a,
                                 AffineExpr texts, AffineExpr rows,
                                 AffineExpr keys) {
    Type i32 = rewriter.getI32Type();
    SmallVector<AffineExpr> dims = {texts, rows};
    Sized count = b.sizeValue(keys, i32);
    Sized begin =
        b.elementwise(ElementwiseFunction::Mul,
                      {b.iota(0, {texts, b.number(1)}, i32), count}, i32);
    Sized row = b.iota(0, {rows}, i32);
    auto bound = [&](AffineExpr offset, int64_t more) {
      Sized at = b.elementwise(ElementwiseFunction::Add,
                               {row, signedSize(b, offset + more, i32)}, i32);
      Sized inside =
          b.elementwise(ElementwiseFunction::Max, {at, b.scalar(0, i32)}, i32);
      return b.elementwise(ElementwiseFunction::Min, {inside, count}, i32);
    };
    auto flat = [&](Sized x) {
      return b.reshape(b.broadcast(x, dims), b.product(dims)).value;
    };
    Sized first = begin, end;
    if (a.seen.first)
      first = b.elementwise(ElementwiseFunction::Add,
                            {begin, bound(a.seen.first, 0)}, i32);
    end = b.elementwise(ElementwiseFunction::Add,
                        {begin, a.seen.last ? bound(a.seen.last, 1) : count},
                        i32);
    return {flat(first), flat(end)};
  }

  /// A sum of sizes and numbers as a number of an array; it may be below 0.
  Sized signedSize(SizedBuilder &b, AffineExpr sum, Type element) {
    if (auto number = dyn_cast<AffineConstantExpr>(sum))
      return b.scalar(static_cast<double>(number.getValue()), element);
    auto both = dyn_cast<AffineBinaryOpExpr>(sum);
    if (both && both.getKind() == AffineExprKind::Add)
      return b.elementwise(ElementwiseFunction::Add,
                           {signedSize(b, both.getLHS(), element),
                            signedSize(b, both.getRHS(), element)},
                           element);
    if (both && both.getKind() == AffineExprKind::Mul)
      return b.elementwise(ElementwiseFunction::Mul,
                           {signedSize(b, both.getLHS(), element),
                            signedSize(b, both.getRHS(), element)},
                           element);
    return b.sizeValue(sum, element);
  }

  /// All that is added to scores or hides keys: [heads or 1, rows or 1, texts *
  /// keys].
  Sized biasOf(SizedBuilder &b, const Attention &a, AffineExpr texts,
               AffineExpr keys) {
    Type f32 = rewriter.getF32Type();
    Sized hidden = b.scalar(
              a.hidden.value_or(-std::numeric_limits<double>::infinity()), f32),
          none = b.scalar(0, f32), sum;
    auto add = [&](Sized part) {
      sum = sum ? b.elementwise(ElementwiseFunction::Add, {sum, part}, f32)
                : part;
    };
    for (Value bias : a.biases)
      add(b.cast(b.of(bias), f32));
    Sized seen;
    for (Value part : llvm::concat<const Value>(a.seen.keep, a.seen.others)) {
      Sized truth = b.of(part);
      seen = seen ? b.elementwise(ElementwiseFunction::And, {seen, truth},
                                  rewriter.getI1Type())
                  : truth;
    }
    if (seen)
      add(b.elementwise(ElementwiseFunction::Select, {seen, none, hidden},
                        f32));
    if (!sum)
      return {};
    return shaped(b, a, sum, texts, keys);
  }

  Sized shaped(SizedBuilder &b, const Attention &a, Sized sum, AffineExpr texts,
               AffineExpr keys) {
    size_t rank = a.lead + 2 + a.grouped;
    SmallVector<AffineExpr> dims(rank - std::min(rank, sum.dims.size()),
                                 b.number(1));
    dims.append(sum.dims.begin(), sum.dims.end());
    size_t lead = a.lead ? a.lead - 1 : 0;
    bool one = texts == b.number(1);
    SmallVector<AffineExpr> whole = dims;
    whole.back() = keys;
    Sized query = b.of(a.query);
    for (size_t i = 0; i < lead; ++i)
      whole[i] = query.dims[i];
    // Heads that share keys have biases of their own, or none has.
    if (a.grouped && a.lead &&
        (dims[a.lead] != b.number(1) || dims[a.lead - 1] != b.number(1)))
      for (size_t i : {a.lead - 1, a.lead})
        whole[i] = query.dims[i];
    Sized full = b.broadcast(b.reshape(sum, dims), whole);
    AffineExpr heads = b.product(ArrayRef(whole).slice(lead, rank - 2 - lead)),
               rows = one ? whole[rank - 2] : b.number(1);
    return b.reshape(full, {heads, rows, texts * keys});
  }

  IRRewriter &rewriter;
  KnownSizes sizes;
};

struct RaiseAttention : impl::RaiseAttentionBase<RaiseAttention> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    auto raise = [&](tz::FuncOp func, const tz::Sizes &sizes) {
      AttentionRaiser raiser(rewriter, sizes);
      Block &body = func.getBody().front();
      for (auto product : body.getOps<tz::ContractOp>())
        absorbTransposes(product);
      for (Operation &op : llvm::make_early_inc_range(body))
        if (auto product = dyn_cast<tz::ContractOp>(op))
          raiser.raise(product);
    };
    if (failed(eachSizedFunction(getOperation(), raise)))
      signalPassFailure();
  }
};

} // namespace
} // namespace terrazzo
