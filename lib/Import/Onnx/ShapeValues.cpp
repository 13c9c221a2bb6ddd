// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic on short lists of integers that are known as expressions of
// sizes: what exporters write where a model's author wrote x.shape[1]. What
// depends on a call's sizes in another way is left to the operator itself.
#include "Node.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace terrazzo::onnx {

namespace {

/// Longer lists are arrays.
constexpr size_t kLongest = 16;

using Items = SmallVector<AffineExpr>;
using Item = std::optional<AffineExpr>;

SmallVector<int64_t> shapeOf(const Val &value) {
  SmallVector<int64_t> shape;
  for (AffineExpr dim : value.dims)
    shape.push_back(numberOf(dim).value_or(-1));
  return shape;
}

/// The element of `value` that stands at an index of a larger shape.
AffineExpr at(const Val &value, ArrayRef<int64_t> index) {
  int64_t lead = int64_t(index.size()) - value.rank(), flat = 0;
  for (int64_t i = 0; i < value.rank(); ++i) {
    int64_t size = *numberOf(value.dims[i]);
    flat = flat * size + (size == 1 ? 0 : index[lead + i]);
  }
  return (*value.known)[flat];
}

/// Whether an expression, written out, stays within what MLIR simplifies at
/// once.
bool isShort(AffineExpr size, unsigned &left) {
  if (left == 0)
    return false;
  --left;
  auto both = dyn_cast<AffineBinaryOpExpr>(size);
  return !both ||
         (isShort(both.getLHS(), left) && isShort(both.getRHS(), left));
}

/// Each element of the operands, spread to one shape, through `function`.
bool each(Node &n, ArrayRef<Val> operands, Type element,
          llvm::function_ref<Item(ArrayRef<AffineExpr>)> function) {
  Dims dims;
  for (const Val &operand : operands)
    dims = n.broadcast(dims, operand.dims);
  if (!n.ok())
    return true;
  int64_t total = 1;
  for (AffineExpr dim : dims)
    total *= *numberOf(dim);
  if (total > int64_t(kLongest))
    return false;
  Items items;
  SmallVector<int64_t> index(dims.size(), 0);
  for (int64_t flat = 0; flat < total; ++flat) {
    int64_t rest = flat;
    for (size_t i = dims.size(); i-- > 0;) {
      int64_t size = *numberOf(dims[i]);
      index[i] = rest % size;
      rest /= size;
    }
    Items arguments;
    for (const Val &operand : operands)
      arguments.push_back(at(operand, index));
    Item item = function(arguments);
    unsigned longest = 64;
    if (!item || !isShort(*item, longest))
      return false;
    items.push_back(normal(*item));
  }
  n.out(n.sizeList(items, dims, element));
  return true;
}

Item truth(std::optional<bool> holds, MLIRContext *context) {
  return holds ? Item(getAffineConstantExpr(*holds, context)) : std::nullopt;
}

/// ONNX's quotient goes towards 0.
Item quotientOf(AffineExpr a, AffineExpr b) {
  auto x = numberOf(a), y = numberOf(b);
  if (x && y && *y != 0 && !(*y == -1 && *x == INT64_MIN))
    return getAffineConstantExpr(*x / *y, a.getContext());
  if (AffineExpr exact = quotient(a, b))
    return exact;
  Range range = rangeOf(a);
  if (y && *y > 0 && range.least && *range.least >= 0)
    return a.floorDiv(b);
  return std::nullopt;
}

Item remainderOf(AffineExpr a, AffineExpr b) {
  auto y = numberOf(b);
  if (!y || *y <= 0)
    return std::nullopt;
  if (auto x = numberOf(a); x && *x < 0)
    return std::nullopt;
  return a % b;
}

/// One that is known to be the larger.
Item extreme(AffineExpr a, AffineExpr b, bool largest) {
  std::optional<bool> above = isAtLeast(a, b), below = isAtLeast(b, a);
  if (above == true || below == false)
    return largest ? a : b;
  if (below == true || above == false)
    return largest ? b : a;
  return std::nullopt;
}

std::optional<bool> inverse(std::optional<bool> truth) {
  return truth ? std::optional(!*truth) : std::nullopt;
}

Item binary(StringRef type, AffineExpr a, AffineExpr b) {
  MLIRContext *context = a.getContext();
  if (type == "Add")
    return a + b;
  if (type == "Sub")
    return a - b;
  if (type == "Mul") {
    AffineExpr both[] = {a, b};
    bool sums = isa<AffineBinaryOpExpr>(a) || isa<AffineBinaryOpExpr>(b);
    return sums ? a * b : productOf(both, context);
  }
  if (type == "Div")
    return quotientOf(a, b);
  if (type == "Mod")
    return remainderOf(a, b);
  if (type == "Max" || type == "Min")
    return extreme(a, b, type == "Max");
  if (type == "Equal")
    return truth(isEqual(a, b), context);
  if (type == "GreaterOrEqual")
    return truth(isAtLeast(a, b), context);
  if (type == "LessOrEqual")
    return truth(isAtLeast(b, a), context);
  if (type == "Less")
    return truth(inverse(isAtLeast(a, b)), context);
  if (type == "Greater")
    return truth(inverse(isAtLeast(b, a)), context);
  auto x = numberOf(a), y = numberOf(b);
  if (!x || !y)
    return std::nullopt;
  if (type == "And")
    return truth(*x && *y, context);
  if (type == "Or")
    return truth(*x || *y, context);
  return std::nullopt;
}

bool isTruth(StringRef type) {
  return llvm::StringSwitch<bool>(type)
      .Cases({"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual",
              "And", "Or"},
             true)
      .Default(false);
}

bool foldElementwise(Node &n) {
  SmallVector<Val> operands;
  for (size_t i = 0; i < n.count(); ++i)
    operands.push_back(n.in(i));
  StringRef type = n.type();
  if (operands.size() < (type == "Where"                  ? 3U
                         : type == "Neg" || type == "Not" ? 1U
                                                          : 2U))
    return false;
  if (type == "Where")
    return each(n, operands, operands[1].element,
                [](ArrayRef<AffineExpr> x) -> Item {
                  auto chosen = numberOf(x[0]);
                  return chosen ? Item(*chosen ? x[1] : x[2]) : std::nullopt;
                });
  if (type == "Neg")
    return each(n, operands, operands[0].element,
                [](ArrayRef<AffineExpr> x) -> Item { return x[0] * -1; });
  if (type == "Not")
    return each(n, operands, n.i1(), [](ArrayRef<AffineExpr> x) -> Item {
      auto is = numberOf(x[0]);
      return is ? truth(!*is, x[0].getContext()) : std::nullopt;
    });
  if (type == "Mod" && n.integer("fmod", 0) != 0)
    return false;
  Type element = isTruth(type) ? n.i1() : operands[0].element;
  return each(n, operands, element, [&](ArrayRef<AffineExpr> x) -> Item {
    Item result = x[0];
    for (AffineExpr next : x.drop_front())
      if (result)
        result = binary(type, *result, next);
    return result;
  });
}

bool foldCast(Node &n) {
  Type to = elementType(int32_t(n.integer("to", 0)), n.context());
  if (to != n.i64() && to != n.i32() && to != n.i1())
    return false;
  n.ignore("saturate");
  return each(n, {n.in(0)}, to, [&](ArrayRef<AffineExpr> x) -> Item {
    if (to != n.i1())
      return x[0];
    auto is = isEqual(x[0], n.size(0));
    return truth(inverse(is), n.context());
  });
}

bool foldGather(Node &n) {
  Val data = n.in(0), indices = n.in(1);
  if (data.rank() != 1 || indices.rank() > 1 || n.integer("axis", 0) > 0)
    return false;
  Items items;
  for (AffineExpr index : *indices.known) {
    auto number = numberOf(index);
    int64_t size = data.known->size();
    if (!number || *number < -size || *number >= size)
      return false;
    items.push_back((*data.known)[*number < 0 ? *number + size : *number]);
  }
  n.out(n.sizeList(items, indices.dims, data.element));
  return true;
}

bool foldConcat(Node &n) {
  Items items;
  for (size_t i = 0; i < n.count(); ++i) {
    if (n.in(i).rank() != 1)
      return false;
    llvm::append_range(items, *n.in(i).known);
  }
  n.ignore("axis");
  if (items.size() > kLongest)
    return false;
  n.out(n.sizeList(items, {n.size(items.size())}, n.in(0).element));
  return true;
}

bool foldSlice(Node &n) {
  Val data = n.in(0);
  if (data.rank() != 1 || n.count() < 3)
    return false;
  int64_t size = data.known->size(), step = 1;
  auto one = [&](size_t number) -> std::optional<int64_t> {
    const Val &value = n.in(number);
    return value.known && value.known->size() == 1
               ? numberOf(value.known->front())
               : std::nullopt;
  };
  auto start = one(1), end = one(2);
  if (n.has(4))
    step = one(4).value_or(0);
  if (!start || !end || step == 0)
    return false;
  auto within = [&](int64_t index, int64_t low, int64_t high) {
    if (index < 0)
      index = index < -size ? -size - 1 + size : index + size;
    return std::clamp(index, low, high);
  };
  int64_t from =
      step > 0 ? within(*start, 0, size) : within(*start, 0, size - 1);
  int64_t to = step > 0 ? within(*end, 0, size) : within(*end, -1, size - 1);
  Items items;
  for (int64_t i = from; step > 0 ? i < to : i > to; i += step) {
    items.push_back((*data.known)[i]);
    if (step > size || step < -size)
      break;
  }
  n.out(n.sizeList(items, {n.size(items.size())}, data.element));
  return true;
}

bool foldRange(Node &n) {
  for (size_t i = 0; i < 3; ++i)
    if (!n.has(i) || n.in(i).known->size() != 1)
      return false;
  auto start = numberOf(n.in(0).known->front()),
       limit = numberOf(n.in(1).known->front()),
       step = numberOf(n.in(2).known->front());
  if (!start || !limit || !step || *step == 0)
    return false;
  Items items;
  for (int64_t i = *start; *step > 0 ? i < *limit : i > *limit; i += *step) {
    items.push_back(n.size(i));
    if (items.size() > kLongest)
      return false;
  }
  n.out(n.sizeList(items, {n.size(items.size())}, n.in(0).element));
  return true;
}

bool foldReduce(Node &n) {
  Val data = n.in(0);
  if (data.rank() != 1)
    return false;
  n.ignore("axes");
  if (n.integer("noop_with_empty_axes", 0) && !n.has(1) && !n.list("axes"))
    return false;
  if (n.has(1) ? n.in(1).known->empty() : false)
    return false;
  bool keep = n.integer("keepdims", 1);
  StringRef type = n.type();
  AffineExpr result;
  if (type == "ReduceProd") {
    result = productOf(*data.known, n.context());
  } else {
    for (AffineExpr item : *data.known) {
      Item next = !result ? Item(item)
                  : type == "ReduceSum"
                      ? Item(result + item)
                      : extreme(result, item, type == "ReduceMax");
      if (!next)
        return false;
      result = *next;
    }
  }
  if (!result)
    return false;
  n.out(n.sizeList({normal(result)}, keep ? Dims{n.size(1)} : Dims(),
                   data.element));
  return true;
}

using Fold = bool (*)(Node &);

Fold foldOf(StringRef type) {
  return llvm::StringSwitch<Fold>(type)
      .Cases({"Add", "Sub", "Mul", "Div", "Mod", "Max", "Min", "Neg", "Equal",
              "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or",
              "Not", "Where"},
             foldElementwise)
      .Case("Cast", foldCast)
      .Case("Gather", foldGather)
      .Case("Concat", foldConcat)
      .Case("Slice", foldSlice)
      .Case("Range", foldRange)
      .Cases({"ReduceProd", "ReduceSum", "ReduceMax", "ReduceMin"}, foldReduce)
      .Default(nullptr);
}

} // namespace

bool foldKnown(Node &n) {
  Fold fold = foldOf(n.type());
  if (!fold || n.count() == 0)
    return false;
  for (size_t i = 0; i < n.count(); ++i) {
    Val input = n.optional(i);
    if ((input && !input.known) || (!input && (i < 2 || n.type() != "Slice")))
      return false;
    if (input && input.element != n.i64() && input.element != n.i32() &&
        input.element != n.i1())
      return false;
    for (int64_t size : shapeOf(input))
      if (size < 0)
        return false;
  }
  return fold(n);
}

} // namespace terrazzo::onnx
