// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that move elements and compute nothing.
#include "Node.h"

using namespace mlir;

namespace terrazzo::onnx {

namespace {

void lowerReshape(Node &n) {
  Val x = n.in(0);
  bool zeros = n.integer("allowzero", 0);
  std::optional<Dims> dims;
  if (auto fixed = n.list("shape")) { // before opset 5
    dims.emplace();
    for (int64_t each : *fixed)
      dims->push_back(n.size(each));
  } else {
    dims = n.sizesOf(1, "its shape");
  }
  if (!dims || !n.ok())
    return;
  AffineExpr *open = nullptr;
  Dims others;
  for (auto [i, dim] : llvm::enumerate(*dims)) {
    auto number = numberOf(dim);
    if (number == 0 && !zeros) {
      if (int64_t(i) >= x.rank())
        return void(
            n.fail("its shape takes over a dimension that is not there"));
      dim = x.dims[i];
    }
    if (number == -1) {
      if (open)
        return void(n.fail("its shape leaves two dimensions open"));
      open = &dim;
    } else if (number && *number < -1) {
      return void(n.fail("its shape has a size below 0"));
    } else {
      others.push_back(dim);
    }
  }
  if (open) {
    *open = quotient(n.product(x.dims), n.product(others));
    if (!*open)
      return void(n.fail("it makes " + n.text(others) + " and the rest of " +
                         n.text(x.dims) + ", which need not divide"));
  }
  n.out(n.reshape(x, *dims));
}

void lowerFlatten(Node &n) {
  Val x = n.in(0);
  int64_t axis = n.integer("axis", 1);
  if (!n.ok())
    return;
  if (axis < 0)
    axis += x.rank();
  if (axis < 0 || axis > x.rank())
    return void(n.fail("its axis is outside of its input"));
  n.out(n.reshape(x, {n.product(ArrayRef(x.dims).take_front(axis)),
                      n.product(ArrayRef(x.dims).drop_front(axis))}));
}

void lowerSqueeze(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  auto axes = n.axes(1, x.rank());
  if (!n.ok())
    return;
  Dims dims;
  for (int64_t i = 0; i < x.rank(); ++i) {
    bool one = isNumber(x.dims[i], 1);
    bool named = axes ? llvm::is_contained(*axes, i) : one;
    if (!named)
      dims.push_back(x.dims[i]);
    else if (!one)
      return void(n.fail("it drops a dimension of " + n.text(x.dims[i])));
  }
  n.out(n.reshape(x, dims));
}

void lowerUnsqueeze(Node &n) {
  Val x = n.in(0);
  auto given = n.list("axes");
  if (!given)
    given = n.integersOf(1, "the list of its axes");
  if (!given || !n.ok())
    return;
  int64_t rank = x.rank() + int64_t(given->size());
  if (rank > 8)
    return void(n.fail("its result has more than 8 dimensions"));
  SmallVector<int64_t> axes = n.normalised(*given, rank);
  if (!n.ok())
    return;
  Dims dims = x.dims;
  for (int64_t axis : axes)
    dims.insert(dims.begin() + axis, n.size(1));
  n.out(n.reshape(x, dims));
}

void lowerTranspose(Node &n) {
  Val x = n.in(0);
  auto order = n.list("perm");
  if (!n.ok())
    return;
  if (!order) {
    order.emplace();
    for (int64_t i = x.rank(); i-- > 0;)
      order->push_back(i);
  }
  if (int64_t(order->size()) != x.rank())
    return void(n.fail("its attribute 'perm' is not one number a dimension"));
  for (int64_t &each : *order)
    each = n.axis(each, x.rank());
  n.normalised(*order, x.rank());
  n.out(n.transpose(x, *order));
}

void lowerConcat(Node &n) {
  SmallVector<Val> parts;
  for (size_t i = 0; i < n.count(); ++i)
    parts.push_back(n.in(i));
  if (parts.empty() || !n.ok())
    return void(n.fail("it has no input"));
  int64_t axis =
      n.axis(n.integer("axis", n.opset() < 4 ? 1 : 0), parts[0].rank());
  if (n.ok())
    n.out(n.concat(parts, axis));
}

void lowerSplit(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  int64_t axis = n.axis(n.integer("axis", 0), x.rank());
  int64_t parts = n.results();
  if (n.integer("num_outputs", parts) != parts)
    return void(n.fail("its attribute 'num_outputs' is not the number of its "
                       "outputs"));
  auto sizes = n.list("split");
  if (!sizes && n.has(1))
    sizes = n.integersOf(1, "the sizes of its parts");
  if (!n.ok())
    return;
  if (!sizes) {
    auto whole = numberOf(x.dims[axis]);
    if (!whole)
      return void(n.fail("it cuts a size that differs from call to call into "
                         "equal parts"));
    if (parts < 1)
      return void(n.fail("it gives nothing"));
    int64_t each = (*whole + parts - 1) / parts;
    sizes.emplace();
    for (int64_t left = *whole; parts-- > 0; left -= each)
      sizes->push_back(std::clamp<int64_t>(left, 0, each));
  }
  AffineExpr first = n.size(0);
  for (auto [i, size] : llvm::enumerate(*sizes)) {
    if (size < 0)
      return void(n.fail("a part is of a size below 0"));
    n.out(n.slice(x, axis, first, 1, n.size(size)), i);
    first = normal(first + size);
  }
  if (normal(first) != normal(x.dims[axis]))
    n.fail("its parts have " + n.text(first) + " of " + n.text(x.dims[axis]));
}

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

/// Where a bound of a slice lies, from 0 on.
std::optional<AffineExpr> bound(Node &n, AffineExpr given, AffineExpr whole) {
  constexpr int64_t far = INT32_MAX - 1;
  auto number = numberOf(given), size = numberOf(whole);
  if (number && size)
    return n.size(std::clamp<int64_t>(
        *number < 0 ? *number + (*number < -*size ? -*number : *size) : *number,
        0, *size));
  if (number && *number >= far)
    return whole;
  if (number && *number < 0)
    return *number <= -far ? n.size(0) : normal(whole + *number);
  if (isAtLeast(given, whole) == true)
    return whole;
  Range range = rangeOf(given);
  if (!number && range.largest && *range.largest < 0)
    return normal(whole + given);
  if (!range.least || *range.least < 0) {
    n.fail("it begins or ends at " + n.text(given) +
           ", which may be below 0 or not");
    return std::nullopt;
  }
  return given;
}

void sliceAxis(Node &n, Val &x, int64_t axis, AffineExpr start, AffineExpr end,
               int64_t step) {
  AffineExpr whole = x.dims[axis];
  auto size = numberOf(whole);
  if (step > 0) {
    auto first = bound(n, start, whole), last = bound(n, end, whole);
    if (!first || !last)
      return;
    AffineExpr span = normal(*last - *first);
    if (Range range = rangeOf(span); range.largest && *range.largest < 0)
      span = n.size(0);
    else if (!range.least)
      n.fail("it takes " + n.text(span) + " elements, which may be below 0");
    if (n.ok())
      n.tableEnd(*last, whole);
    x = n.slice(x, axis, *first, step, normal(span).ceilDiv(step));
    return;
  }
  auto from = numberOf(start), to = numberOf(end);
  if (!size) {
    if (step == -1 && from == -1 && to && *to <= -INT32_MAX) {
      x = n.reverse(x, {axis});
      return;
    }
    n.fail("it goes backwards over a size that differs from call to call");
    return;
  }
  if (!from || !to)
    return void(n.fail("it goes backwards from " + n.text(start) + " to " +
                       n.text(end)));
  auto within = [&](int64_t index, int64_t low) {
    if (index < 0)
      index = index < -*size ? -1 : index + *size;
    return std::clamp<int64_t>(index, low, *size - 1);
  };
  SmallVector<int64_t> places;
  int64_t stop = *to < -*size ? -1 : within(*to, -1);
  if (*size > 0)
    for (int64_t i = within(*from, -1); i > stop && i >= 0; i += step) {
      if (places.size() == 4096)
        return void(n.fail("it takes more than 4096 elements backwards"));
      places.push_back(i);
    }
  if (places.empty())
    x = n.slice(x, axis, n.size(0), 1, n.size(0));
  else
    x = n.gather(x, n.integers(places, {n.size(places.size())}, n.i64()), axis);
}

void lowerSlice(Node &n) {
  Val x = n.in(0);
  std::optional<Dims> starts, ends;
  std::optional<SmallVector<int64_t>> axes, steps;
  auto sizes = [&](ArrayRef<int64_t> numbers) {
    Dims all;
    for (int64_t each : numbers)
      all.push_back(n.size(each));
    return all;
  };
  if (n.opset() < 10) {
    if (auto given = n.list("starts"))
      starts = sizes(*given);
    if (auto given = n.list("ends"))
      ends = sizes(*given);
    axes = n.list("axes");
    if (!starts || !ends)
      n.fail("it says no 'starts' or no 'ends'");
  } else {
    starts = n.sizesOf(1, "where it begins");
    ends = n.sizesOf(2, "where it ends");
    if (n.has(3))
      axes = n.integersOf(3, "the list of its axes");
    if (n.has(4))
      steps = n.integersOf(4, "the list of its steps");
  }
  if (!n.ok())
    return;
  llvm::SmallDenseSet<int64_t> seen;
  for (size_t i = 0; i < starts->size(); ++i) {
    if (ends->size() != starts->size() || (axes && axes->size() <= i) ||
        (steps && steps->size() <= i))
      return void(n.fail("its lists differ in length"));
    int64_t axis = n.axis(axes ? (*axes)[i] : int64_t(i), x.rank());
    int64_t step = steps ? (*steps)[i] : 1;
    if (step == 0 || step == INT64_MIN || !seen.insert(axis).second)
      return void(n.fail("it has a step of 0, or an axis twice"));
    if (n.ok())
      sliceAxis(n, x, axis, (*starts)[i], (*ends)[i], step);
    if (!n.ok())
      return;
  }
  n.out(x);
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

/// Elements of an axis by their numbers, for borders that repeat some.
SmallVector<int64_t> mirrored(StringRef mode, int64_t size, int64_t low,
                              int64_t high) {
  SmallVector<int64_t> places;
  for (int64_t i = -low; i < size + high; ++i) {
    int64_t at = i;
    if (mode == "edge") {
      at = std::clamp<int64_t>(i, 0, size - 1);
    } else if (mode == "wrap") {
      at = ((i % size) + size) % size;
    } else if (size == 1) {
      at = 0;
    } else {
      int64_t period = 2 * (size - 1);
      at = ((i % period) + period) % period;
      at = at < size ? at : period - at;
    }
    places.push_back(at);
  }
  return places;
}

void lowerPad(Node &n) {
  Val x = n.in(0);
  StringRef mode = n.word("mode", "constant");
  std::optional<SmallVector<int64_t>> pads;
  double with = 0;
  std::optional<SmallVector<int64_t>> axes;
  if (n.opset() < 11) {
    pads = n.list("pads");
    with = n.real("value", 0);
    if (!pads)
      n.fail("it says no 'pads'");
  } else {
    pads = n.integersOf(1, "its border");
    if (n.has(2))
      if (auto value = n.realOf(2, "what its border is filled with"))
        with = *value;
    if (n.has(3))
      axes = n.integersOf(3, "the list of its axes");
  }
  if (!n.ok())
    return;
  SmallVector<int64_t> low(x.rank(), 0), high(x.rank(), 0);
  size_t count = axes ? axes->size() : x.rank();
  if (pads->size() != 2 * count)
    return void(n.fail("its border has not two numbers an axis"));
  for (size_t i = 0; i < count; ++i) {
    int64_t axis = n.axis(axes ? (*axes)[i] : int64_t(i), x.rank());
    low[axis] = (*pads)[i];
    high[axis] = (*pads)[count + i];
  }
  constexpr int64_t most = 1 << 24;
  for (int64_t i = 0; i < x.rank() && n.ok(); ++i) {
    if (std::min(low[i], high[i]) < -most || std::max(low[i], high[i]) > most)
      return void(n.fail("its border is too large"));
    // A border below 0 takes away.
    int64_t front = std::max<int64_t>(0, -low[i]),
            back = std::max<int64_t>(0, -high[i]);
    if (front || back)
      x = n.slice(x, i, n.size(front), 1, x.dims[i] - (front + back));
    low[i] = std::max<int64_t>(0, low[i]);
    high[i] = std::max<int64_t>(0, high[i]);
  }
  if (mode == "constant")
    return n.out(n.pad(x, low, high, with));
  if (mode != "edge" && mode != "reflect" && mode != "wrap")
    return void(n.fail("its mode '" + mode + "' is not understood"));
  for (int64_t i = 0; i < x.rank() && n.ok(); ++i) {
    if (!low[i] && !high[i])
      continue;
    auto size = numberOf(x.dims[i]);
    if (!size || *size < 1 || *size + low[i] + high[i] > 4096)
      return void(n.fail("its mode '" + mode +
                         "' needs a size that is known and small"));
    SmallVector<int64_t> places = mirrored(mode, *size, low[i], high[i]);
    x = n.gather(x, n.integers(places, {n.size(places.size())}, n.i64()), i);
  }
  n.out(x);
}

void lowerDepthToSpace(Node &n) {
  Val x = n.in(0);
  int64_t block = n.integer("blocksize", 0);
  StringRef mode = n.word("mode", "DCR");
  if (!n.ok())
    return;
  auto depth = x.rank() == 4 ? numberOf(x.dims[1]) : std::nullopt;
  if (block < 1 || block > 4096 || !depth || *depth % (block * block))
    return void(n.fail("it takes [batch, channels, height, width] whose "
                       "channels are known and divide"));
  AffineExpr b = n.size(block), c = n.size(*depth / block / block);
  AffineExpr h = x.dims[2], w = x.dims[3];
  bool columns = mode == "CRD";
  if (!columns && mode != "DCR")
    return void(n.fail("its mode '" + mode + "' is not understood"));
  Val apart = columns ? n.reshape(x, {x.dims[0], c, b, b, h, w})
                      : n.reshape(x, {x.dims[0], b, b, c, h, w});
  SmallVector<int64_t> order = columns ? SmallVector<int64_t>{0, 1, 4, 2, 5, 3}
                                       : SmallVector<int64_t>{0, 3, 4, 1, 5, 2};
  n.out(n.reshape(n.transpose(apart, order),
                  {x.dims[0], c, n.product({h, b}), n.product({w, b})}));
}

void lowerSpaceToDepth(Node &n) {
  Val x = n.in(0);
  int64_t block = n.integer("blocksize", 0);
  if (!n.ok())
    return;
  auto h = x.rank() == 4 ? numberOf(x.dims[2]) : std::nullopt,
       w = x.rank() == 4 ? numberOf(x.dims[3]) : std::nullopt;
  if (block < 1 || block > 4096 || !h || !w || *h % block || *w % block)
    return void(n.fail("it takes [batch, channels, height, width] whose "
                       "height and width are known and divide"));
  AffineExpr b = n.size(block), y = n.size(*h / block), z = n.size(*w / block);
  Val apart = n.reshape(x, {x.dims[0], x.dims[1], y, b, z, b});
  n.out(n.reshape(n.transpose(apart, {0, 3, 5, 1, 2, 4}),
                  {x.dims[0], n.product({x.dims[1], b, b}), y, z}));
}

constexpr Operator kOperators[] = {
    {"", "Reshape", lowerReshape},
    {"", "Flatten", lowerFlatten},
    {"", "Squeeze", lowerSqueeze},
    {"", "Unsqueeze", lowerUnsqueeze},
    {"", "Transpose", lowerTranspose},
    {"", "Concat", lowerConcat},
    {"", "Split", lowerSplit},
    {"", "Slice", lowerSlice},
    {"", "Pad", lowerPad},
    {"", "DepthToSpace", lowerDepthToSpace},
    {"", "SpaceToDepth", lowerSpaceToDepth},
};

} // namespace

ArrayRef<Operator> layoutOperators() { return kOperators; }

} // namespace terrazzo::onnx
