// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions and pools: the windows of an array, multiplied with a weight or
// combined. A batch is one more place, under a kernel of 1.
#include "Node.h"

#include <limits>

using namespace mlir;

namespace terrazzo::onnx {

namespace {

/// Kernel, strides, dilations and border of the places of [batch, channels,
/// places...].
struct Frame {
  SmallVector<int64_t> kernel, strides, dilations, low, high;
};

std::optional<Frame> readFrame(Node &n, const Val &x,
                               ArrayRef<int64_t> kernel) {
  size_t places = x.rank() - 2;
  Frame frame;
  frame.kernel.assign(kernel.begin(), kernel.end());
  frame.strides = n.list("strides", places, 1);
  frame.dilations = n.list("dilations", places, 1);
  SmallVector<int64_t> pads = n.list("pads", 2 * places, 0);
  StringRef mode = n.word("auto_pad", "NOTSET");
  if (!n.ok())
    return std::nullopt;
  constexpr int64_t most = 1 << 16;
  auto within = [](ArrayRef<int64_t> all, int64_t least) {
    return llvm::all_of(
        all, [&](int64_t each) { return each >= least && each <= most; });
  };
  if (!within(frame.kernel, 1) || !within(frame.strides, 1) ||
      !within(frame.dilations, 1) || !within(pads, 0))
    return n.fail("its kernel, strides, dilations or border are too small or "
                  "too large");
  for (size_t i = 0; i < places; ++i) {
    frame.low.push_back(pads[i]);
    frame.high.push_back(pads[places + i]);
    if (mode == "NOTSET" || mode.empty())
      continue;
    if (mode == "VALID") {
      frame.low[i] = frame.high[i] = 0;
      continue;
    }
    auto size = numberOf(x.dims[i + 2]);
    int64_t reach = frame.dilations[i] * (frame.kernel[i] - 1) + 1;
    if (mode != "SAME_UPPER" && mode != "SAME_LOWER")
      return n.fail("its 'auto_pad' is '" + mode + "'");
    if (!size && frame.strides[i] != 1)
      return n.fail("its border follows from a size that differs from call to "
                    "call");
    int64_t stride = frame.strides[i];
    int64_t border =
        size ? std::max<int64_t>(0, (*size + stride - 1) / stride * stride -
                                        stride + reach - *size)
             : reach - 1;
    frame.low[i] = mode == "SAME_UPPER" ? border / 2 : border - border / 2;
    frame.high[i] = border - frame.low[i];
  }
  return frame;
}

/// [batch, places..., channels, 1, kernel...] of [batch, channels, places...].
Val windowsOf(Node &n, const Val &x, const Frame &frame) {
  SmallVector<int64_t> order{1, 0};
  for (int64_t i = 2; i < x.rank(); ++i)
    order.push_back(i);
  auto with = [](int64_t first, ArrayRef<int64_t> rest) {
    SmallVector<int64_t> all{first};
    all.append(rest.begin(), rest.end());
    return all;
  };
  if (2 * x.rank() - 1 > 8) {
    n.fail("it has more than two dimensions of places");
    return {};
  }
  return n.windows(n.transpose(x, order), with(1, frame.kernel),
                   with(1, frame.strides), with(1, frame.dilations),
                   with(0, frame.low), with(0, frame.high));
}

/// [batch, places..., outputs] as [batch, outputs, places...].
Val channelsFirst(Node &n, const Val &x) {
  SmallVector<int64_t> order{0, x.rank() - 1};
  for (int64_t i = 1; i + 1 < x.rank(); ++i)
    order.push_back(i);
  return n.transpose(x, order);
}

void lowerConv(Node &n) {
  Val x = n.in(0), w = n.in(1);
  int64_t groups = n.integer("group", 1);
  auto said = n.list("kernel_shape");
  if (!n.ok())
    return;
  SmallVector<int64_t> kernel;
  for (int64_t i = 2; i < w.rank(); ++i)
    kernel.push_back(numberOf(w.dims[i]).value_or(0));
  if (x.rank() < 3 || w.rank() != x.rank() || (said && *said != kernel))
    return void(n.fail("its weight does not fit its input or kernel_shape"));
  auto frame = readFrame(n, x, kernel);
  auto channels = numberOf(x.dims[1]), outputs = numberOf(w.dims[0]),
       inner = numberOf(w.dims[1]);
  if (!n.ok())
    return;
  if (!channels || !outputs || !inner || groups < 1 ||
      *channels != *inner * groups || *outputs % groups)
    return void(n.fail("its channels are not known, or do not fit its groups"));
  Val all = windowsOf(n, x, *frame);
  if (!n.ok())
    return;
  Dims places(all.dims.begin(), all.dims.begin() + (x.rank() - 1));
  AffineExpr g = n.size(groups), m = n.size(*outputs / groups);
  AffineExpr depth = n.product(ArrayRef(w.dims).drop_front(1));
  Val result;
  if (groups == 1) {
    Val rows = n.reshape(all, {n.product(places), depth});
    result = n.contract("tk,nk->tn", rows, n.reshape(w, {w.dims[0], depth}),
                        {n.product(places), w.dims[0]}, x.element);
  } else {
    Val rows = n.reshape(all, {n.product(places), g, depth});
    result = n.contract("tgk,gmk->tgm", rows, n.reshape(w, {g, m, depth}),
                        {n.product(places), g, m}, x.element);
  }
  places.push_back(w.dims[0]);
  result = n.reshape(result, places);
  if (n.has(2))
    result = n.add(result, n.in(2));
  n.out(n.ok() ? channelsFirst(n, result) : Val());
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

/// Combined windows, as [batch, channels, places...].
Val pooled(Node &n, const Val &x, const Frame &frame, tz::Combiner combiner) {
  Val all = windowsOf(n, x, frame);
  if (!n.ok())
    return {};
  SmallVector<int64_t> axes;
  for (int64_t i = x.rank(); i < all.rank(); ++i)
    axes.push_back(i);
  Val result = n.reduce(combiner, all, axes);
  if (!n.ok())
    return {};
  return channelsFirst(
      n, n.reshape(result,
                   Dims(result.dims.begin(), result.dims.begin() + x.rank())));
}

std::optional<Frame> poolFrame(Node &n, const Val &x) {
  auto kernel = n.list("kernel_shape");
  if (!kernel || int64_t(kernel->size()) + 2 != x.rank())
    return n.fail("its 'kernel_shape' does not fit its input");
  auto frame = readFrame(n, x, *kernel);
  if (!frame || n.integer("ceil_mode", 0) == 0)
    return frame;
  return n.fail("its 'ceil_mode' is 1; 0 is supported");
}

void lowerMaxPool(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  n.only("storage_order", 0);
  auto frame = poolFrame(n, x);
  if (!frame || !isa<FloatType>(x.element))
    return void(n.fail("it takes floats"));
  SmallVector<int64_t> low{0, 0}, high{0, 0};
  low.append(frame->low.begin(), frame->low.end());
  high.append(frame->high.begin(), frame->high.end());
  Val wide = n.pad(x, low, high, -std::numeric_limits<double>::infinity());
  frame->low.assign(frame->low.size(), 0);
  frame->high.assign(frame->high.size(), 0);
  if (n.ok())
    n.out(pooled(n, wide, *frame, tz::Combiner::Max));
}

void lowerAveragePool(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  bool all = n.integer("count_include_pad", 0);
  auto frame = poolFrame(n, x);
  if (!frame)
    return;
  if (all)
    return n.out(pooled(n, x, *frame, tz::Combiner::Mean));
  Val sum = pooled(n, x, *frame, tz::Combiner::Sum);
  Val ones = n.filled(1, x.dims, x.element);
  n.out(n.div(sum, pooled(n, ones, *frame, tz::Combiner::Sum)));
}

template <tz::Combiner combiner> void lowerGlobalPool(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  SmallVector<int64_t> axes;
  for (int64_t i = 2; i < x.rank(); ++i)
    axes.push_back(i);
  n.out(n.reduce(combiner, x, axes));
}

constexpr Operator kOperators[] = {
    {"", "Conv", lowerConv},
    {"", "MaxPool", lowerMaxPool},
    {"", "AveragePool", lowerAveragePool},
    {"", "GlobalAveragePool", lowerGlobalPool<tz::Combiner::Mean>},
    {"", "GlobalMaxPool", lowerGlobalPool<tz::Combiner::Max>},
};

} // namespace

ArrayRef<Operator> convolutionOperators() { return kOperators; }

} // namespace terrazzo::onnx
