// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small integers for floats and back. Each operator computes what its
// definition says, in floats of 32 bits and in whole numbers; that weights so
// written become formats of their own is left to passes.
#include "Node.h"

using namespace mlir;

namespace terrazzo::onnx {

namespace {

/// Least and largest of integers of 8 or 16 bits.
std::optional<std::pair<double, double>> limitsOf(Type element) {
  auto whole = dyn_cast<IntegerType>(element);
  if (!whole || (whole.getWidth() != 8 && whole.getWidth() != 16))
    return std::nullopt;
  if (whole.isUnsigned())
    return std::pair(0.0, double((1 << whole.getWidth()) - 1));
  double half = double(1 << (whole.getWidth() - 1));
  return std::pair(-half, half - 1);
}

/// A scale or zero point of one number, of one for each place of an axis, or
/// of one for each block along it, as large as `dims` where it differs.
Val along(Node &n, const Val &each, ArrayRef<AffineExpr> dims, int64_t axis,
          int64_t block) {
  if (!n.ok() || !each)
    return each;
  if (block > 0) {
    if (each.rank() != int64_t(dims.size())) {
      n.fail("its scales have not the dimensions of its input");
      return {};
    }
    Dims apart = each.dims, whole = each.dims, joined(dims);
    apart.insert(apart.begin() + axis + 1, n.size(1));
    whole.insert(whole.begin() + axis + 1, n.size(block));
    AffineExpr blocks = each.dims[axis];
    joined[axis] = n.product({blocks, n.size(block)});
    Val result = n.reshape(n.spread(n.reshape(each, apart), whole), joined);
    return n.ok() ? n.slice(result, axis, n.size(0), 1, dims[axis]) : Val();
  }
  if (each.rank() == 0 || isNumber(n.product(each.dims), 1))
    return n.reshape(each, {});
  if (axis >= int64_t(dims.size())) {
    n.fail("its input has no axis for its scales");
    return {};
  }
  Dims shape(dims.size(), n.size(1));
  shape[axis] = each.dims[0];
  if (each.rank() != 1) {
    n.fail("its scale is neither one number nor a vector");
    return {};
  }
  return n.reshape(each, shape);
}

Type readOutput(Node &n, Type otherwise) {
  int64_t to = n.integer("output_dtype", 0);
  if (to == 0)
    return otherwise;
  return elementType(int32_t(to), n.context());
}

void lowerDequantize(Node &n) {
  Val x = n.in(0), scale = n.in(1), zero = n.optional(2);
  int64_t block = n.integer("block_size", 0), given = n.integer("axis", 1);
  if (!n.ok())
    return;
  int64_t axis =
      x.rank() ? (given < x.rank() ? n.axis(given, x.rank()) : 0) : 0;
  Type to = readOutput(n, scale.element);
  if (!to || !isa<FloatType>(to) || !isa<IntegerType>(x.element))
    return void(n.fail("it takes integers and gives floats"));
  Val whole = n.cast(x, n.i32());
  if (zero)
    whole = n.sub(whole, along(n, n.cast(zero, n.i32()), x.dims, axis, block));
  n.out(n.cast(
      n.mul(n.cast(whole, scale.element), along(n, scale, x.dims, axis, block)),
      to));
}

/// Nearest whole number, halves to even, within the elements' range.
Val quantised(Node &n, const Val &x, const Val &scale, const Val &zero,
              Type element) {
  auto limits = limitsOf(element);
  if (!limits) {
    n.fail("it gives integers of 8 or 16 bits alone");
    return {};
  }
  Val nearest = n.apply(Fn::Round, {n.div(x, scale)});
  if (zero)
    nearest = n.add(nearest, n.cast(zero, x.element));
  Val kept = n.apply(Fn::Clamp, {nearest, n.number(limits->first, x.element),
                                 n.number(limits->second, x.element)});
  return n.cast(n.cast(kept, n.i32()), element);
}

void lowerQuantize(Node &n) {
  Val x = n.in(0), scale = n.in(1), zero = n.optional(2);
  int64_t block = n.integer("block_size", 0), given = n.integer("axis", 1);
  n.ignore("saturate"); // of 8-bit floats
  n.only("precision", 0);
  if (!n.ok())
    return;
  int64_t axis =
      x.rank() ? (given < x.rank() ? n.axis(given, x.rank()) : 0) : 0;
  Type to = readOutput(
      n, zero ? zero.element
              : IntegerType::get(n.context(), 8, IntegerType::Unsigned));
  if (!to)
    return void(n.fail("its result has elements that are not supported"));
  Val wide = n.cast(x, n.f32()), by = n.cast(scale, n.f32());
  n.out(quantised(n, wide, along(n, by, x.dims, axis, block),
                  along(n, zero, x.dims, axis, block), to));
}

void lowerDynamicQuantize(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  SmallVector<int64_t> axes;
  for (int64_t i = 0; i < x.rank(); ++i)
    axes.push_back(i);
  Val nothing = n.number(0, n.f32());
  Val high = n.reshape(n.reduce(tz::Combiner::Max, x, axes), {}),
      low = n.reshape(n.reduce(tz::Combiner::Min, x, axes), {});
  high = n.apply(Fn::Max, {high, nothing});
  low = n.apply(Fn::Min, {low, nothing});
  Val scale = n.div(n.sub(high, low), n.number(255, n.f32()));
  Val zero = n.apply(Fn::Round,
                     {n.apply(Fn::Clamp, {n.div(n.apply(Fn::Neg, {low}), scale),
                                          nothing, n.number(255, n.f32())})});
  Type byte = IntegerType::get(n.context(), 8, IntegerType::Unsigned);
  n.out(quantised(n, x, scale, zero, byte), 0);
  n.out(scale, 1);
  n.out(n.cast(n.cast(zero, n.i32()), byte), 2);
}

/// Sums of products of small integers are exact in f64.
void lowerMatMulInteger(Node &n) {
  Val a = n.in(0), b = n.in(1);
  if (!n.ok())
    return;
  if (a.rank() < 2 || b.rank() != 2 ||
      normal(a.dims.back()) != normal(b.dims[0]))
    return void(n.fail("it multiplies " + n.text(a.dims) + " by " +
                       n.text(b.dims) + "; the second is a matrix"));
  Type exact = Builder(n.context()).getF64Type();
  Val x = n.cast(a, exact), y = n.cast(b, exact);
  if (Val zero = n.optional(2)) {
    zero = n.cast(zero, exact);
    if (zero.rank() == 1 && !isNumber(zero.dims[0], 1))
      zero = n.reshape(zero, {zero.dims[0], n.size(1)});
    x = n.sub(x, zero);
  }
  if (Val zero = n.optional(3))
    y = n.sub(y, n.cast(zero, exact));
  Dims dims = a.dims;
  AffineExpr depth = dims.pop_back_val();
  AffineExpr rows = n.product(dims);
  if (!n.ok())
    return;
  Val result = n.contract("tk,kn->tn", n.reshape(x, {rows, depth}), y,
                          {rows, b.dims[1]}, exact);
  dims.push_back(b.dims[1]);
  n.out(n.cast(n.reshape(result, dims), n.i32()));
}

/// [..., bytes] of ui8 as [..., values] of i32, the low bits first.
Val unpacked(Node &n, const Val &bytes, int64_t bits) {
  Val whole = n.cast(bytes, n.i32());
  if (bits == 8 || !n.ok())
    return whole;
  Dims column = whole.dims;
  column.push_back(n.size(1));
  SmallVector<Val> parts;
  for (int64_t shift = 0; shift < 8; shift += bits) {
    Val part = whole;
    if (shift)
      part =
          n.apply(Fn::FloorDiv, {part, n.number(double(1 << shift), n.i32())});
    part = n.apply(Fn::Mod, {part, n.number(double(1 << bits), n.i32())});
    parts.push_back(n.reshape(part, column));
  }
  Dims dims = whole.dims;
  Val joined = n.concat(parts, whole.rank());
  dims.back() = n.product({dims.back(), n.size(8 / bits)});
  return n.reshape(joined, dims);
}

/// A weight [N, K] in blocks of small integers along K.
void lowerMatMulNBits(Node &n) {
  Val x = n.in(0), packed = n.in(1), scales = n.in(2), zeros = n.optional(3);
  int64_t k = n.integer("K", 0), count = n.integer("N", 0),
          bits = n.integer("bits", 4), block = n.integer("block_size", 0);
  n.ignore("accuracy_level"); // the most precise is computed
  n.only("weight_prepacked", 0);
  if (n.has(4))
    n.fail("its input 4 (g_idx) is not supported");
  if (!n.ok())
    return;
  constexpr int64_t most = 1 << 30;
  if (k < 1 || count < 1 || k > most || count > most || block < 8 ||
      block > 4096 || (bits != 2 && bits != 4 && bits != 8))
    return void(n.fail("its K, N, bits or block_size are not understood"));
  int64_t blocks = (k + block - 1) / block, bytes = block * bits / 8;
  AffineExpr N = n.size(count), B = n.size(blocks);
  bool packedZeros = zeros && isa<IntegerType>(zeros.element);
  Val whole = unpacked(n, n.reshape(packed, {N, B, n.size(bytes)}), bits);
  Val zero = n.number(double(1 << (bits - 1)), n.f32());
  if (packedZeros) {
    int64_t row = (blocks * bits + 7) / 8;
    zero = n.slice(unpacked(n, n.reshape(zeros, {N, n.size(row)}), bits), 1,
                   n.size(0), 1, B);
    zero = n.reshape(n.cast(zero, n.f32()), {N, B, n.size(1)});
  } else if (zeros) {
    zero = n.reshape(n.cast(zeros, n.f32()), {N, B, n.size(1)});
  }
  Val scale = n.reshape(n.cast(scales, n.f32()), {N, B, n.size(1)});
  Val real = n.mul(n.sub(n.cast(whole, n.f32()), zero), scale);
  Val weight = n.slice(n.reshape(real, {N, n.size(blocks * block)}), 1,
                       n.size(0), 1, n.size(k));
  if (!n.ok())
    return;
  Dims dims = x.dims;
  AffineExpr depth = dims.empty() ? n.size(0) : dims.pop_back_val();
  if (!isNumber(depth, k))
    return void(n.fail("its input has not K columns"));
  Val rows = n.reshape(n.cast(x, n.f32()), {n.product(dims), depth});
  Val result =
      n.contract("tk,nk->tn", rows, weight, {n.product(dims), N}, n.f32());
  dims.push_back(N);
  result = n.cast(n.reshape(result, dims), x.element);
  if (Val bias = n.optional(5))
    result = n.add(result, bias);
  n.out(result);
}

constexpr Operator kOperators[] = {
    {"", "QuantizeLinear", lowerQuantize},
    {"", "DequantizeLinear", lowerDequantize},
    {kMicrosoft, "QuantizeLinear", lowerQuantize},
    {kMicrosoft, "DequantizeLinear", lowerDequantize},
    {"", "DynamicQuantizeLinear", lowerDynamicQuantize},
    {"", "MatMulInteger", lowerMatMulInteger},
    {kMicrosoft, "MatMulNBits", lowerMatMulNBits},
};

} // namespace

ArrayRef<Operator> quantisationOperators() { return kOperators; }

} // namespace terrazzo::onnx
