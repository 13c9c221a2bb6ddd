// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Norms. Those over the last dimension are tz's own; others are reshaped to
// that, or written with reductions.
#include "Node.h"

using namespace mlir;

namespace terrazzo::onnx {

namespace {

/// `x` in the elements that a norm is computed in, and back.
Val norm(Node &n, const Val &x, const Val &scale, const Val &bias, bool layer,
         double epsilon, int64_t axis) {
  if (!n.ok() || axis < 0 || !isa<FloatType>(x.element)) {
    n.fail("it normalises floats of one dimension or more");
    return {};
  }
  Dims rows(x.dims.begin(), x.dims.begin() + axis);
  AffineExpr width = n.product(ArrayRef(x.dims).drop_front(axis));
  if (normal(n.product(scale.dims)) != normal(width) ||
      (bias && normal(n.product(bias.dims)) != normal(width))) {
    n.fail("its scale or bias is not as large as the dimensions that it "
           "normalises, " +
           n.text(width));
    return {};
  }
  // Weights are vectors; a width that is no number, or what is no float of 32
  // bits at most, is written out.
  bool own = numberOf(width) && !x.element.isF64();
  Val lines = n.reshape(x, {n.product(rows), width});
  Val w = n.reshape(scale, {width}), b = bias ? n.reshape(bias, {width}) : bias;
  if (!n.ok())
    return {};
  if (own)
    return n.reshape(layer ? n.layerNorm(lines, w, b, epsilon)
                           : n.rmsNorm(lines, w, epsilon),
                     x.dims);
  Val centred = lines;
  if (layer)
    centred = n.sub(lines, n.reduce(tz::Combiner::Mean, lines, {1}));
  Val variance = n.reduce(tz::Combiner::Mean, n.mul(centred, centred), {1});
  Val result =
      n.div(centred,
            n.apply(Fn::Sqrt, {n.add(variance, n.number(epsilon, x.element))}));
  result = n.mul(result, w);
  return n.reshape(b ? n.add(result, b) : result, x.dims);
}

template <bool layer> void lowerNorm(Node &n) {
  Val x = n.in(0), scale = n.in(1), bias = layer ? n.optional(2) : Val();
  double epsilon = n.real("epsilon", 1e-5F);
  n.ignore("stash_type"); // sums are of f32 at least
  if (!n.ok())
    return;
  int64_t axis = n.axis(n.integer("axis", -1), x.rank());
  if (!n.ok())
    return;
  n.out(norm(n, x, n.cast(scale, x.element),
             bias ? n.cast(bias, x.element) : bias, layer, epsilon, axis));
  if (!n.wants(1) && !n.wants(2))
    return;
  SmallVector<int64_t> axes;
  for (int64_t i = axis; i < x.rank(); ++i)
    axes.push_back(i);
  Val mean = n.reduce(tz::Combiner::Mean, x, axes);
  Val centred = layer ? n.sub(x, mean) : x;
  Val variance = n.reduce(tz::Combiner::Mean, n.mul(centred, centred), axes);
  if (!n.ok())
    return;
  Val share =
      n.apply(Fn::Rsqrt, {n.add(variance, n.number(epsilon, x.element))});
  n.out(layer ? mean : share, 1);
  n.out(share, 2);
}

/// input + skip [+ bias], normalised; the sum is the fourth result.
template <bool layer> void lowerSkipNorm(Node &n) {
  Val x = n.in(0), skip = n.in(1), scale = n.in(2);
  Val bias = layer ? n.optional(3) : Val(), added = n.optional(layer ? 4 : 3);
  double epsilon = n.real("epsilon", 1e-12F);
  if (!n.ok())
    return;
  Val sum = n.add(x, skip);
  if (added)
    sum = n.add(sum, added);
  if (n.ok())
    n.out(norm(n, sum, scale, bias, layer, epsilon, x.rank() - 1));
  n.out(sum, 3);
}

/// Over everything behind the channels of each sample, or of each group of
/// channels, with a scale and bias of each channel.
void grouped(Node &n, const Val &x, const Val &scale, const Val &bias,
             int64_t groups, double epsilon, bool perGroup) {
  auto channels = numberOf(x.dims[1]);
  if (!channels || groups < 1 || *channels % groups)
    return void(n.fail("its channels are not known, or no whole groups"));
  AffineExpr parts = n.product({x.dims[0], n.size(groups)});
  AffineExpr width = n.product(
      {n.size(*channels / groups), n.product(ArrayRef(x.dims).drop_front(2))});
  Val lines = n.reshape(x, {parts, width});
  Val centred = n.sub(lines, n.reduce(tz::Combiner::Mean, lines, {1}));
  Val variance = n.reduce(tz::Combiner::Mean, n.mul(centred, centred), {1});
  if (!n.ok())
    return;
  Val result =
      n.div(centred,
            n.apply(Fn::Sqrt, {n.add(variance, n.number(epsilon, x.element))}));
  result = n.reshape(result, x.dims);
  Dims column{x.dims[1]};
  column.resize(x.rank() - 1, n.size(1));
  auto toChannels = [&](Val each) {
    if (perGroup)
      each = n.reshape(n.spread(n.reshape(each, {n.size(groups), n.size(1)}),
                                {n.size(groups), n.size(*channels / groups)}),
                       {x.dims[1]});
    return n.reshape(each, column);
  };
  n.out(n.add(n.mul(result, toChannels(scale)), toChannels(bias)));
}

void lowerInstanceNorm(Node &n) {
  Val x = n.in(0), scale = n.in(1), bias = n.in(2);
  double epsilon = n.real("epsilon", 1e-5F);
  if (n.ok() && x.rank() < 3)
    n.fail("it takes [batch, channels, places...]");
  if (n.ok())
    grouped(n, x, scale, bias, numberOf(x.dims[1]).value_or(0), epsilon, false);
}

void lowerGroupNorm(Node &n) {
  Val x = n.in(0), scale = n.in(1), bias = n.in(2);
  double epsilon = n.real("epsilon", 1e-5F);
  int64_t groups = n.integer("num_groups", 0);
  n.ignore("stash_type");
  if (n.ok() && x.rank() < 3)
    n.fail("it takes [batch, channels, places...]");
  if (n.ok())
    grouped(n, x, scale, bias, groups, epsilon, n.opset() < 21);
}

void lowerBatchNorm(Node &n) {
  Val x = n.in(0), scale = n.in(1), bias = n.in(2), mean = n.in(3),
      variance = n.in(4);
  double epsilon = n.real("epsilon", 1e-5F);
  n.ignore("momentum"); // of training
  n.only("training_mode", 0);
  n.only("spatial", 1);
  if (!n.ok())
    return;
  if (x.rank() < 2)
    return void(n.fail("it takes [batch, channels, ...]"));
  Dims column{x.dims[1]};
  column.resize(x.rank() - 1, n.size(1));
  auto each = [&](const Val &v) { return n.reshape(v, column); };
  Val share = n.div(
      each(scale),
      n.apply(Fn::Sqrt, {n.add(each(variance), n.number(epsilon, x.element))}));
  n.out(n.add(n.mul(n.sub(x, each(mean)), share), each(bias)));
}

void lowerMeanVariance(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  auto axes = n.list("axes");
  if (!axes)
    axes = SmallVector<int64_t>{0, 2, 3};
  SmallVector<int64_t> along = n.normalised(*axes, x.rank());
  if (!n.ok())
    return;
  Val centred = n.sub(x, n.reduce(tz::Combiner::Mean, x, along));
  Val variance = n.reduce(tz::Combiner::Mean, n.mul(centred, centred), along);
  n.out(n.div(centred,
              n.add(n.apply(Fn::Sqrt, {variance}), n.number(1e-9, x.element))));
}

void lowerLpNorm(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  int64_t axis = n.axis(n.integer("axis", -1), x.rank()), p = n.integer("p", 2);
  if (p != 1 && p != 2)
    n.fail("its attribute 'p' is " + Twine(p) + "; 1 and 2 are supported");
  if (!n.ok())
    return;
  Val size = p == 1
                 ? n.reduce(tz::Combiner::Sum, n.apply(Fn::Abs, {x}), {axis})
                 : n.apply(Fn::Sqrt,
                           {n.reduce(tz::Combiner::Sum, n.mul(x, x), {axis})});
  if (!n.ok())
    return;
  // A vector of zeros stays that.
  Val zero = n.number(0, x.element);
  n.out(n.apply(Fn::Select,
                {n.apply(Fn::Equal, {size, zero}), zero, n.div(x, size)}));
}

constexpr Operator kOperators[] = {
    {"", "LayerNormalization", lowerNorm<true>},
    {"", "RMSNormalization", lowerNorm<false>},
    {"", "SimplifiedLayerNormalization", lowerNorm<false>},
    {kMicrosoft, "SimplifiedLayerNormalization", lowerNorm<false>},
    {kMicrosoft, "SkipLayerNormalization", lowerSkipNorm<true>},
    {kMicrosoft, "SkipSimplifiedLayerNormalization", lowerSkipNorm<false>},
    {"", "InstanceNormalization", lowerInstanceNorm},
    {"", "GroupNormalization", lowerGroupNorm},
    {"", "BatchNormalization", lowerBatchNorm},
    {"", "MeanVarianceNormalization", lowerMeanVariance},
    {"", "LpNormalization", lowerLpNorm},
};

} // namespace

ArrayRef<Operator> normalisationOperators() { return kOperators; }

} // namespace terrazzo::onnx
