// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that combine the elements of some axes, or of all up to each.
#include "Node.h"

using namespace mlir;

namespace terrazzo::onnx {

namespace {

using Step = Val (*)(Node &, const Val &);

Val same(Node &, const Val &x) { return x; }
Val squared(Node &n, const Val &x) { return n.mul(x, x); }
Val magnitude(Node &n, const Val &x) { return n.apply(Fn::Abs, {x}); }
Val logOf(Node &n, const Val &x) { return n.apply(Fn::Log, {x}); }
Val rootOf(Node &n, const Val &x) {
  if (isa<FloatType>(x.element))
    return n.apply(Fn::Sqrt, {x});
  return n.cast(n.apply(Fn::Sqrt, {n.cast(x, n.f32())}), x.element);
}

/// Axes, and whether they stay; none of an operator that then does nothing.
std::optional<SmallVector<int64_t>> reducedAxes(Node &n, const Val &x) {
  bool nothing = n.integer("noop_with_empty_axes", 0);
  auto axes = n.axes(1, x.rank());
  if (axes && axes->empty())
    axes.reset();
  if (!axes) {
    axes.emplace();
    for (int64_t i = 0; i < x.rank() && !nothing; ++i)
      axes->push_back(i);
  }
  return n.ok() ? axes : std::nullopt;
}

Val dropped(Node &n, const Val &x, ArrayRef<int64_t> axes, bool keep) {
  if (keep)
    return x;
  Dims dims;
  for (int64_t i = 0; i < x.rank(); ++i)
    if (!llvm::is_contained(axes, i))
      dims.push_back(x.dims[i]);
  return n.reshape(x, dims);
}

template <tz::Combiner combiner, Step before, Step after>
void lowerReduce(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  bool keep = n.integer("keepdims", 1);
  auto axes = reducedAxes(n, x);
  if (!axes)
    return;
  Type element = x.element;
  bool wholeMean = combiner == tz::Combiner::Mean && isa<IntegerType>(element);
  if (wholeMean)
    x = n.cast(x, Builder(n.context()).getF64Type());
  Val result = n.reduce(combiner, before(n, x), *axes);
  if (wholeMean)
    result = n.cast(result, element);
  n.out(dropped(n, after(n, result), *axes, keep));
}

void lowerLogSumExp(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  bool keep = n.integer("keepdims", 1);
  auto axes = reducedAxes(n, x);
  if (!axes || axes->empty())
    return n.out(x);
  Val largest = n.reduce(tz::Combiner::Max, x, *axes);
  if (!n.ok())
    return;
  // Of nothing but -infinity no difference is taken.
  Val from = n.apply(Fn::Max, {largest, n.number(-1e30, x.element)});
  Val sum =
      n.reduce(tz::Combiner::Sum, n.apply(Fn::Exp, {n.sub(x, from)}), *axes);
  n.out(dropped(n, n.add(n.apply(Fn::Log, {sum}), from), *axes, keep));
}

void lowerCumSum(Node &n) {
  Val x = n.in(0);
  auto axis = n.integersOf(1, "its axis");
  bool exclusive = n.integer("exclusive", 0), reverse = n.integer("reverse", 0);
  if (!axis || axis->size() != 1 || !n.ok())
    return void(n.fail("its axis is no single number"));
  int64_t along = n.axis(axis->front(), x.rank());
  if (n.ok())
    n.out(n.cumsum(x, along, exclusive, reverse));
}

/// Before opset 13 everything from the axis on is one line.
template <bool logarithm> void lowerSoftmax(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  bool joined = n.opset() < 13;
  int64_t axis = n.axis(n.integer("axis", joined ? 1 : -1), x.rank());
  if (!n.ok())
    return;
  if (!joined || axis == x.rank() - 1)
    return n.out(n.softmax(x, axis, logarithm));
  Val lines = n.reshape(x, {n.product(ArrayRef(x.dims).take_front(axis)),
                            n.product(ArrayRef(x.dims).drop_front(axis))});
  n.out(n.reshape(n.softmax(lines, 1, logarithm), x.dims));
}

void lowerHardmax(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  int64_t axis = n.axis(n.integer("axis", n.opset() < 13 ? 1 : -1), x.rank());
  if (n.opset() < 13 && axis != x.rank() - 1)
    return void(n.fail("it takes several axes as one"));
  if (!n.ok())
    return;
  if (axis != x.rank() - 1)
    return void(n.fail("its axis is not the last one"));
  Val place = n.topK(x, 1);
  Val all = n.iota({x.dims[axis]}, 0, n.i64());
  n.out(n.cast(n.apply(Fn::Equal, {place, all}), x.element));
}

using tz::Combiner;

constexpr Operator kOperators[] = {
    {"", "ReduceSum", lowerReduce<Combiner::Sum, same, same>},
    {"", "ReduceMean", lowerReduce<Combiner::Mean, same, same>},
    {"", "ReduceMax", lowerReduce<Combiner::Max, same, same>},
    {"", "ReduceMin", lowerReduce<Combiner::Min, same, same>},
    {"", "ReduceProd", lowerReduce<Combiner::Prod, same, same>},
    {"", "ReduceSumSquare", lowerReduce<Combiner::Sum, squared, same>},
    {"", "ReduceL1", lowerReduce<Combiner::Sum, magnitude, same>},
    {"", "ReduceL2", lowerReduce<Combiner::Sum, squared, rootOf>},
    {"", "ReduceLogSum", lowerReduce<Combiner::Sum, same, logOf>},
    {"", "ReduceLogSumExp", lowerLogSumExp},
    {"", "CumSum", lowerCumSum},
    {"", "Softmax", lowerSoftmax<false>},
    {"", "LogSoftmax", lowerSoftmax<true>},
    {"", "Hardmax", lowerHardmax},
};

} // namespace

ArrayRef<Operator> reductionOperators() { return kOperators; }

} // namespace terrazzo::onnx
