// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that make arrays of sizes, and sizes of arrays.
#include "Node.h"

using namespace mlir;

namespace terrazzo::onnx {

namespace {

using Kind = proto::Attribute::Kind;

void lowerShape(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  int64_t rank = x.rank();
  auto within = [&](int64_t number) {
    return std::clamp<int64_t>(number < 0 ? number + rank : number, 0, rank);
  };
  int64_t first = within(n.integer("start", 0)),
          end = within(n.integer("end", rank));
  Dims items;
  for (int64_t i = first; i < end; ++i)
    items.push_back(x.dims[i]);
  n.out(n.sizeList(items, {n.size(items.size())}, n.i64()));
}

void lowerSize(Node &n) {
  if (Val x = n.in(0))
    n.out(n.sizeList({n.product(x.dims)}, {}, n.i64()));
}

/// A `Constant` whose tensor is no weight is bound by its own number.
void lowerConstant(Node &n) {
  auto real = [&](ArrayRef<float> values, Dims dims) {
    SmallVector<Val> parts;
    for (float value : values)
      parts.push_back(n.reshape(n.number(value, n.f32()), {n.size(1)}));
    n.out(n.reshape(n.concat(parts, 0), dims));
  };
  if (const auto *found = n.attribute("value_int", Kind::Int))
    return n.out(n.integers({found->integer}, {}, n.i64()));
  if (const auto *found = n.attribute("value_ints", Kind::Ints))
    return n.out(
        n.integers(found->integers, {n.size(found->integers.size())}, n.i64()));
  if (const auto *found = n.attribute("value_float", Kind::Float))
    return n.out(n.number(found->real, n.f32()));
  if (const auto *found = n.attribute("value_floats", Kind::Floats);
      found && !found->reals.empty())
    return real(found->reals, {n.size(found->reals.size())});
  n.fail("its value is no tensor and no number");
}

void lowerConstantOfShape(Node &n) {
  auto dims = n.sizesOf(0, "its shape");
  if (!dims)
    return;
  const auto *value = n.attribute("value", Kind::Tensor);
  if (!value)
    return n.out(n.filled(0, *dims, n.f32()));
  const proto::Tensor &tensor = value->tensors.front();
  Type element = elementType(tensor.element, n.context());
  auto number = realsOf(tensor);
  if (!element || !number || number->size() != 1)
    return void(n.fail("its value is no single number of supported elements"));
  int64_t count = 1;
  bool small = isa<IntegerType>(element) && dims->size() <= 1;
  for (AffineExpr dim : *dims) {
    if (numberOf(dim).value_or(0) < 0)
      return void(n.fail("a size of its shape is below 0"));
    small &= numberOf(dim).has_value();
    count = small ? *numberOf(dim) : count;
  }
  if (small && count <= 16)
    return n.out(n.integers(
        SmallVector<int64_t>(count, int64_t(number->front())), *dims, element));
  n.out(n.filled(number->front(), *dims, element));
}

void lowerRange(Node &n) {
  Val start = n.in(0), limit = n.in(1), step = n.in(2);
  if (!n.ok())
    return;
  if (isa<FloatType>(start.element)) {
    auto a = n.realOf(0, "its start"), b = n.realOf(1, "its limit"),
         c = n.realOf(2, "its step");
    if (!a || !b || !c)
      return;
    double count = *c == 0 ? 0 : std::max(0.0, std::ceil((*b - *a) / *c));
    if (*c == 0 || !(count <= 1e9))
      return void(n.fail("it has no end"));
    Val index =
        n.cast(n.iota({n.size(int64_t(count))}, 0, n.i64()), start.element);
    return n.out(
        n.add(n.mul(index, start.element.isF32() ? n.number(*c, n.f32())
                                                 : n.number(*c, start.element)),
              n.number(*a, start.element)));
  }
  auto by = n.integersOf(2, "its step");
  auto first = n.sizesOf(0, "its start"), end = n.sizesOf(1, "its limit");
  if (!by || !first || !end)
    return;
  if (by->size() != 1 || by->front() == 0 || first->size() != 1 ||
      end->size() != 1)
    return void(n.fail("its start, limit and step are no single numbers, or "
                       "its step is 0"));
  int64_t stride = by->front();
  if (stride < INT32_MIN || stride > INT32_MAX)
    return void(n.fail("its step is too large"));
  AffineExpr span = stride > 0 ? end->front() - first->front()
                               : first->front() - end->front();
  AffineExpr count = normal(normal(span).ceilDiv(std::abs(stride)));
  Range range = rangeOf(count);
  if (range.largest && *range.largest < 0)
    count = n.size(0);
  Val index = n.iota({count}, 0, start.element);
  if (stride != 1)
    index = n.mul(index, n.number(double(stride), start.element));
  if (!isNumber(first->front(), 0))
    index = n.add(index, n.sizeValue(first->front(), start.element));
  n.out(index);
}

void lowerExpand(Node &n) {
  Val x = n.in(0);
  auto dims = n.sizesOf(1, "its shape");
  if (!dims)
    return;
  Dims to = n.broadcast(x.dims, *dims);
  if (n.ok())
    n.out(n.spread(x, to));
}

void lowerTile(Node &n) {
  Val x = n.in(0);
  auto counts = n.sizesOf(1, "how often it repeats");
  if (!counts)
    return;
  if (int64_t(counts->size()) != x.rank())
    return void(n.fail("it has not a number for each dimension"));
  // [a, b] repeated by [m, n] is [1, a, 1, b] spread to [m, a, n, b].
  Dims apart, whole, joined;
  for (auto [dim, times] : llvm::zip(x.dims, *counts)) {
    apart.append({n.size(1), dim});
    whole.append({times, dim});
    joined.push_back(n.product({times, dim}));
  }
  if (apart.size() > 8)
    return void(n.fail("it repeats an array of more than 4 dimensions"));
  n.out(n.reshape(n.spread(n.reshape(x, apart), whole), joined));
}

constexpr Operator kOperators[] = {
    {"", "Shape", lowerShape},
    {"", "Size", lowerSize},
    {"", "Constant", lowerConstant},
    {"", "ConstantOfShape", lowerConstantOfShape},
    {"", "Range", lowerRange},
    {"", "Expand", lowerExpand},
    {"", "Tile", lowerTile},
};

} // namespace

ArrayRef<Operator> shapeOperators() { return kOperators; }

} // namespace terrazzo::onnx
