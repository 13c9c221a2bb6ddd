// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that find elements by numbers, or numbers of elements.
#include "Node.h"
#include <cmath>

using namespace mlir;

namespace terrazzo::onnx {

namespace {

/// Whether no element is below 0: of what counts, and of what keeps that.
bool isCounted(Value value, int depth = 16) {
  Operation *op = value ? value.getDefiningOp() : nullptr;
  if (!op || depth == 0)
    return false;
  if (isa<tz::IotaOp, tz::TopKOp>(op))
    return true;
  if (auto constant = dyn_cast<tz::ConstantOp>(op)) {
    auto numbers = dyn_cast<DenseIntElementsAttr>(constant.getValue());
    return numbers && llvm::all_of(numbers, [](const llvm::APInt &each) {
             return !each.isNegative();
           });
  }
  if (auto scalar = dyn_cast<tz::ScalarOp>(op))
    return scalar.getValue().convertToDouble() >= 0;
  auto elementwise = dyn_cast<tz::ElementwiseOp>(op);
  bool keeps =
      elementwise
          ? llvm::is_contained({Fn::Add, Fn::Mul, Fn::Max, Fn::Min, Fn::Abs,
                                Fn::FloorDiv, Fn::Mod},
                               elementwise.getFunction()) ||
                (elementwise.getFunction() == Fn::Cast &&
                 isa<IntegerType>(getElementTypeOrSelf(
                     elementwise.getInputs()[0].getType())))
          : isa<tz::ReshapeOp, tz::SliceOp, tz::ConcatOp, tz::TransposeOp>(op);
  return keeps && llvm::all_of(op->getOperands(), [&](Value operand) {
           return isCounted(operand, depth - 1);
         });
}

/// Indices below 0 count from the end of a dimension.
Val fromStart(Node &n, Val indices, AffineExpr size) {
  if (!n.ok())
    return {};
  if (indices.known || (indices.tensor && !indices.value)) {
    std::optional<SmallVector<int64_t>> numbers;
    if (indices.tensor)
      numbers = integersOf(*indices.tensor);
    auto whole = numberOf(size);
    if (indices.known) {
      numbers.emplace();
      for (AffineExpr item : *indices.known)
        if (auto number = numberOf(item))
          numbers->push_back(*number);
      if (numbers->size() != indices.known->size())
        numbers.reset();
    }
    bool counted = numbers && llvm::all_of(*numbers, [](int64_t each) {
                     return each >= 0;
                   });
    if (counted)
      return indices;
    if (numbers && whole && numbers->size() <= 16) {
      for (int64_t &each : *numbers)
        each = each < 0 ? each + *whole : each;
      return n.integers(*numbers, indices.dims, indices.element);
    }
  }
  Value written = n.use(indices);
  if (!n.ok() || isCounted(written))
    return indices;
  Val zero = n.number(0, indices.element);
  Val end = n.sizeValue(size, indices.element);
  return n.apply(Fn::Select, {n.apply(Fn::Less, {indices, zero}),
                              n.add(indices, end), indices});
}

/// Rows of a table of the file by what the caller gives, which the runtime
/// checks.
bool isEmbedding(const Val &table, const Val &indices, int64_t axis) {
  auto weight =
      table.value ? table.value.getDefiningOp<tz::UseWeightOp>() : nullptr;
  bool stored = weight || (!table.value && table.tensor);
  if (!stored || table.rank() != 2 || axis != 0 || !indices.value ||
      !isa<FloatType>(table.element) || table.element.isF64())
    return false;
  Value from = indices.value;
  while (Operation *op = from.getDefiningOp()) {
    auto elementwise = dyn_cast<tz::ElementwiseOp>(op);
    if (!isa<tz::ReshapeOp>(op) &&
        !(elementwise && elementwise.getFunction() == Fn::Cast))
      return false;
    from = op->getOperand(0);
  }
  return true;
}

void lowerGather(Node &n) {
  Val x = n.in(0), indices = n.in(1);
  if (!n.ok())
    return;
  int64_t axis = n.axis(n.integer("axis", 0), x.rank());
  if (!n.ok())
    return;
  if (x.rank() - 1 + indices.rank() > 8)
    return void(n.fail("its result has more than 8 dimensions"));
  if (isEmbedding(x, indices, axis)) {
    Dims dims = indices.dims;
    dims.push_back(x.dims[1]);
    Val ids = indices;
    if (ids.element != n.i64() && ids.element != n.i32())
      ids = n.cast(ids, n.i32());
    ids = n.reshape(ids, {n.product(ids.dims)});
    return n.out(n.reshape(n.embedding(x, ids), dims));
  }
  // One element of many is a slice.
  if (indices.known && indices.rank() == 0)
    if (auto number = numberOf(indices.known->front())) {
      AffineExpr at =
          *number < 0 ? normal(x.dims[axis] + *number) : n.size(*number);
      Val one = n.slice(x, axis, at, 1, n.size(1));
      Dims dims = x.dims;
      dims.erase(dims.begin() + axis);
      return n.out(n.reshape(one, dims));
    }
  n.out(n.gather(x, fromStart(n, indices, x.dims[axis]), axis));
}

/// The part of `x` that is as large as `dims`, but along `axis`.
Val cornerOf(Node &n, Val x, ArrayRef<AffineExpr> dims, int64_t axis) {
  for (int64_t i = 0; i < x.rank() && n.ok(); ++i)
    if (i != axis && normal(x.dims[i]) != normal(dims[i]))
      x = n.slice(x, i, n.size(0), 1, dims[i]);
  return x;
}

void lowerGatherElements(Node &n) {
  Val x = n.in(0), indices = n.in(1);
  if (!n.ok())
    return;
  int64_t axis = n.axis(n.integer("axis", 0), x.rank());
  if (indices.rank() != x.rank())
    return void(n.fail("its indices have another number of dimensions"));
  if (!n.ok())
    return;
  Val part = cornerOf(n, x, indices.dims, axis);
  n.out(n.gather(part, fromStart(n, indices, x.dims[axis]), axis, true));
}

/// Indices of several dimensions, in the last one, as one number each, for an
/// array whose dimensions from `first` on are joined.
Val joinedIndices(Node &n, const Val &indices, ArrayRef<AffineExpr> sizes) {
  Val all;
  int64_t last = indices.rank() - 1;
  for (auto [i, size] : llvm::enumerate(sizes)) {
    Val one = n.slice(indices, last, n.size(i), 1, n.size(1));
    if (!n.ok())
      return {};
    Dims dims = one.dims;
    dims.pop_back();
    one = fromStart(n, n.reshape(one, dims), size);
    all = all ? n.add(n.mul(all, n.sizeValue(size, one.element)), one) : one;
  }
  return all;
}

void lowerGatherND(Node &n) {
  Val x = n.in(0), indices = n.in(1);
  if (!n.ok())
    return;
  int64_t batch = n.integer("batch_dims", 0);
  auto depth = indices.rank() ? numberOf(indices.dims.back()) : std::nullopt;
  if (!depth || *depth < 1 || batch < 0 || batch + *depth > x.rank() ||
      batch >= indices.rank())
    return void(n.fail("its last dimension of indices is not known, or not "
                       "one of its input's"));
  ArrayRef<AffineExpr> all(x.dims);
  Val index = joinedIndices(n, indices, all.slice(batch, *depth));
  ArrayRef<AffineExpr> rest = all.drop_front(batch + *depth);
  Dims flat{n.product(all.take_front(batch + *depth))};
  llvm::append_range(flat, rest);
  if (!n.ok())
    return;
  if (batch) {
    // The number of the batch comes before.
    Dims lead(index.dims.begin(), index.dims.begin() + batch);
    Val row = n.iota({n.product(lead)}, 0, index.element);
    Dims shape = lead;
    shape.resize(index.rank(), n.size(1));
    row =
        n.mul(n.reshape(row, shape),
              n.sizeValue(n.product(all.slice(batch, *depth)), index.element));
    index = n.add(row, index);
  }
  n.out(n.gather(n.reshape(x, flat), index, 0));
}

/// Whether updates are added; none: they are combined in another way.
std::optional<bool> addsUpdates(Node &n) {
  StringRef how = n.word("reduction", "none");
  if (how == "none" || how == "add")
    return how == "add";
  return n.fail("its reduction '" + how +
                "' is not supported; 'none' and "
                "'add' are");
}

void lowerScatterElements(Node &n) {
  Val x = n.in(0), indices = n.in(1), updates = n.in(2);
  auto add = addsUpdates(n);
  if (!n.ok())
    return;
  int64_t axis = n.axis(n.integer("axis", 0), x.rank());
  if (!n.ok())
    return;
  for (int64_t i = 0; i < x.rank(); ++i)
    if (i != axis && (indices.rank() != x.rank() ||
                      normal(indices.dims[i]) != normal(x.dims[i])))
      return void(n.fail("its indices " + n.text(indices.dims) +
                         " are not as large as its input " + n.text(x.dims) +
                         " in the other dimensions"));
  n.out(n.scatter(x, fromStart(n, indices, x.dims[axis]), updates, axis, true,
                  *add));
}

void lowerScatterND(Node &n) {
  Val x = n.in(0), indices = n.in(1), updates = n.in(2);
  auto add = addsUpdates(n);
  if (!n.ok())
    return;
  auto depth = indices.rank() ? numberOf(indices.dims.back()) : std::nullopt;
  if (!depth || *depth < 1 || *depth > x.rank())
    return void(n.fail("its last dimension of indices is not known, or not "
                       "one of its input's"));
  ArrayRef<AffineExpr> all(x.dims);
  Val index = joinedIndices(n, indices, all.take_front(*depth));
  if (!n.ok())
    return;
  AffineExpr count = n.product(index.dims),
             width = n.product(all.drop_front(*depth));
  Val rows = n.reshape(x, {n.product(all.take_front(*depth)), width});
  Val result = n.scatter(rows, n.reshape(index, {count}),
                         n.reshape(updates, {count, width}), 0, false, *add);
  n.out(n.reshape(result, x.dims));
}

//===----------------------------------------------------------------------===//
// Numbers of elements
//===----------------------------------------------------------------------===//

/// `x` with `axis` as its last dimension, and back.
SmallVector<int64_t> axisLast(int64_t rank, int64_t axis) {
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis)
      order.push_back(i);
  order.push_back(axis);
  return order;
}

SmallVector<int64_t> inverseOf(ArrayRef<int64_t> order) {
  SmallVector<int64_t> back(order.size());
  for (auto [i, from] : llvm::enumerate(order))
    back[from] = int64_t(i);
  return back;
}

/// Floats whose order is that of `x`, the largest first; null where none have.
Val ranked(Node &n, Val x, bool largest) {
  if (isa<IntegerType>(x.element)) {
    if (x.element.getIntOrFloatBitWidth() > 32)
      n.fail("it orders integers of 64 bits; cast them to 32 or to float");
    x = n.cast(x, x.element.getIntOrFloatBitWidth() == 32
                      ? Type(Builder(n.context()).getF64Type())
                      : n.f32());
  }
  return largest ? x : n.apply(Fn::Neg, {x});
}

void lowerTopK(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  int64_t axis = n.axis(n.integer("axis", -1), x.rank());
  bool largest = n.integer("largest", 1);
  n.ignore("sorted"); // they are
  int64_t count = n.integer("k", -1);
  if (n.opset() >= 10)
    if (auto k = n.integersOf(1, "how many it takes"); k && k->size() == 1)
      count = k->front();
  auto whole = numberOf(x.dims[axis]);
  if (n.ok() && (count < 1 || (whole && count > *whole)))
    n.fail("it takes " + Twine(count) + " of " + n.text(x.dims[axis]));
  if (!n.ok())
    return;
  SmallVector<int64_t> order = axisLast(x.rank(), axis);
  Val lines = n.transpose(x, order);
  Val places = n.topK(ranked(n, lines, largest), count);
  SmallVector<int64_t> back = inverseOf(order);
  if (n.wants(0))
    n.out(n.transpose(n.gather(lines, places, x.rank() - 1, true), back), 0);
  n.out(n.transpose(places, back), 1);
}

template <bool largest> void lowerArg(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  int64_t axis = n.axis(n.integer("axis", 0), x.rank());
  bool keep = n.integer("keepdims", 1),
       last = n.integer("select_last_index", 0);
  if (!n.ok())
    return;
  SmallVector<int64_t> order = axisLast(x.rank(), axis);
  Val lines = ranked(n, n.transpose(x, order), largest);
  if (last)
    lines = n.reverse(lines, {x.rank() - 1});
  Val places = n.topK(lines, 1);
  if (last)
    places = n.sub(n.sizeValue(normal(x.dims[axis] - 1), n.i64()), places);
  Dims dims = x.dims;
  dims[axis] = n.size(1);
  if (!keep)
    dims.erase(dims.begin() + axis);
  n.out(n.reshape(n.transpose(places, inverseOf(order)), dims));
}

void lowerOneHot(Node &n) {
  Val indices = n.in(0), values = n.in(2);
  // A number of any kind.
  auto depth = n.realOf(1, "how many classes there are");
  if (!depth || !n.ok())
    return;
  constexpr double most = 1u << 30;
  int64_t axis = n.axis(n.integer("axis", -1), indices.rank() + 1);
  if (!(*depth >= 0 && *depth <= most) || *depth != std::trunc(*depth) ||
      values.rank() != 1)
    return void(n.fail("its depth is no number of classes"));
  AffineExpr count = n.size(int64_t(*depth));
  if (!n.ok())
    return;
  Val off = n.reshape(n.slice(values, 0, n.size(0), 1, n.size(1)), {});
  Val on = n.reshape(n.slice(values, 0, n.size(1), 1, n.size(1)), {});
  Val ids = n.cast(indices, n.i64());
  ids = fromStart(n, ids, count);
  Dims one = indices.dims, line(indices.rank() + 1, n.size(1));
  one.insert(one.begin() + axis, n.size(1));
  line[axis] = count;
  Val classes = n.iota(line, axis, n.i64());
  Val is = n.apply(Fn::Equal, {n.reshape(ids, one), classes});
  n.out(n.apply(Fn::Select, {is, on, off}));
}

void lowerTrilu(Node &n) {
  Val x = n.in(0);
  bool upper = n.integer("upper", 1);
  Val shift = n.number(0, n.i64());
  if (n.has(1))
    shift = n.reshape(n.in(1), {});
  if (!n.ok())
    return;
  int64_t rank = x.rank();
  if (rank < 2)
    return void(n.fail("it takes matrices"));
  Val row = n.iota({x.dims[rank - 2], n.size(1)}, 0, n.i64());
  Val column = n.iota({x.dims[rank - 1]}, 0, n.i64());
  Val edge = n.add(row, shift);
  Val keep = upper ? n.apply(Fn::LessEqual, {edge, column})
                   : n.apply(Fn::LessEqual, {column, edge});
  n.out(n.apply(Fn::Select, {keep, x, n.number(0, x.element)}));
}

constexpr Operator kOperators[] = {
    {"", "Gather", lowerGather},
    {"", "GatherElements", lowerGatherElements},
    {"", "GatherND", lowerGatherND},
    {"", "ScatterElements", lowerScatterElements},
    {"", "ScatterND", lowerScatterND},
    {"", "TopK", lowerTopK},
    {"", "ArgMax", lowerArg<true>},
    {"", "ArgMin", lowerArg<false>},
    {"", "OneHot", lowerOneHot},
    {"", "Trilu", lowerTrilu},
};

} // namespace

ArrayRef<Operator> lookupOperators() { return kOperators; }

} // namespace terrazzo::onnx
