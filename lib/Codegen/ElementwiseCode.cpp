// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "terrazzo/Codegen/ElementwiseCode.h"

using namespace mlir;

namespace terrazzo::codegen {

namespace {

/// A constant of the type of `like`.
struct Constants {
  Emitter &e;
  Value like;
  Value operator()(double value) const { return e.constantLike(like, value); }
};

Value choose(Emitter &e, arith::CmpFPredicate predicate, Value a, Value b,
             Value yes, Value no) {
  return e.create<arith::SelectOp>(e.create<arith::CmpFOp>(predicate, a, b),
                                   yes, no);
}

/// e^x, infinity and 0 where f32 ends: the square of e^(x/2), whose limits lie
/// further out.
Value exponential(Emitter &e, Value x) {
  if (e.scalarThreads)
    return e.exp(x);
  Value root = e.exp(e.mulf(x, e.constantLike(x, 0.5)));
  return e.mulf(root, root);
}

Value sigmoid(Emitter &e, Value x) {
  Constants f{e, x};
  return e.divf(f(1), e.addf(f(1), e.exp(e.create<arith::NegFOp>(x))));
}

/// (1 + tanh(u)) / 2 is 1 / (1 + e^-2u), which loses nothing where it is small.
Value geluTanh(Emitter &e, Value x) {
  Constants f{e, x};
  Value cube = e.mulf(e.mulf(x, x), x);
  Value twice = e.mulf(f(-2 * 0.7978845608028654), e.fma(cube, f(0.044715), x));
  return e.divf(x, e.addf(f(1), e.exp(twice)));
}

/// 1 - erf(x) of |x|, by a Chebyshev fit with a relative error below 1.2e-7
/// everywhere (Press et al., Numerical Recipes, section 6.2).
Value erfcOfMagnitude(Emitter &e, Value magnitude) {
  Constants f{e, magnitude};
  Value t = e.divf(f(1), e.fma(magnitude, f(0.5), f(1)));
  Value sum = f(0.17087277);
  for (double c :
       {-0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806,
        0.09678418, 0.37409196, 1.00002368, -1.26551223})
    sum = e.fma(sum, t, f(c));
  Value square = e.mulf(magnitude, magnitude);
  return e.mulf(t, e.exp(e.subf(sum, square)));
}

Value erfc(Emitter &e, Value x) {
  Constants f{e, x};
  Value far = erfcOfMagnitude(e, e.create<math::AbsFOp>(x));
  return choose(e, arith::CmpFPredicate::OLT, x, f(0), e.subf(f(2), far), far);
}

/// The share of a normal distribution below x.
Value normalShare(Emitter &e, Value x) {
  Constants f{e, x};
  Value z = e.mulf(x, f(-0.70710678118654752));
  return e.mulf(f(0.5), erfc(e, z));
}

/// Natural logarithm: x = 2^n m with m between sqrt(1/2) and sqrt(2), and a
/// polynomial of m - 1 (Cephes' logf). 0 gives -infinity, less gives NaN;
/// numbers below the normal ones are taken for 0.
Value logarithm(Emitter &e, Value x) {
  Constants f{e, x};
  Type words = e.likeWith(x, e.getI32Type());
  Value bits = e.create<arith::BitcastOp>(words, x);
  Constants i{e, bits};
  // Counted from sqrt(1/2) on, the exponent's bits are n.
  Value above = e.create<arith::SubIOp>(bits, i(0x3f3504f3));
  Value exponent = e.create<arith::ShRSIOp>(above, i(23));
  Value fraction =
      e.create<arith::SubIOp>(bits, e.create<arith::ShLIOp>(exponent, i(23)));
  Value m = e.subf(e.create<arith::BitcastOp>(x.getType(), fraction), f(1));
  Value n = e.create<arith::SIToFPOp>(x.getType(), exponent);
  Value square = e.mulf(m, m), sum = f(7.0376836292e-2);
  for (double c :
       {-1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
        -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1})
    sum = e.fma(sum, m, f(c));
  sum = e.mulf(e.mulf(sum, m), square);
  sum = e.fma(n, f(-2.12194440e-4), sum);
  sum = e.fma(square, f(-0.5), sum);
  Value result = e.fma(n, f(0.693359375), e.addf(m, sum));
  constexpr double infinity = std::numeric_limits<double>::infinity();
  using arith::CmpFPredicate;
  result =
      choose(e, CmpFPredicate::OLT, x, f(1.17549435e-38), f(-infinity), result);
  result = choose(e, CmpFPredicate::OLT, x, f(0),
                  f(std::numeric_limits<double>::quiet_NaN()), result);
  // Infinity and NaN are their own.
  return choose(e, CmpFPredicate::OLT, x, f(infinity), result, x);
}

/// e^x - 1, of small numbers by its series.
Value expMinusOne(Emitter &e, Value x) {
  Constants f{e, x};
  Value series = f(1.0 / 5040);
  for (double c : {1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1.0})
    series = e.fma(series, x, f(c));
  return choose(e, arith::CmpFPredicate::OLT, e.create<math::AbsFOp>(x),
                f(0.35), e.mulf(series, x), e.subf(exponential(e, x), f(1)));
}

/// log(1 + x): what 1 + x loses of x is in its quotient by what is left.
Value logOfOneMore(Emitter &e, Value x) {
  Constants f{e, x};
  Value sum = e.addf(x, f(1)), left = e.subf(sum, f(1));
  Value log = logarithm(e, sum);
  Value mended = e.mulf(log, e.divf(x, left));
  // Neither 0 / 0 nor infinity / infinity.
  Value usable =
      choose(e, arith::CmpFPredicate::OGT, sum, f(1e30), log, mended);
  return choose(e, arith::CmpFPredicate::OEQ, left, f(0), x, usable);
}

/// log(1 + e^x) without an overflow.
Value softplus(Emitter &e, Value x) {
  Constants f{e, x};
  Value small = e.exp(e.create<arith::NegFOp>(e.create<math::AbsFOp>(x)));
  return e.addf(e.maxf(x, f(0)), logarithm(e, e.addf(f(1), small)));
}

using FloatIs = arith::CmpFPredicate;
using WholeIs = arith::CmpIPredicate;

/// 1 where the comparison holds, else 0, of the operands' type.
Value holds(Emitter &e, FloatIs predicate, Value x, Value y) {
  return choose(e, predicate, x, y, e.constantLike(x, 1), e.constantLike(x, 0));
}
Value holds(Emitter &e, WholeIs predicate, Value x, Value y) {
  return e.create<arith::SelectOp>(e.create<arith::CmpIOp>(predicate, x, y),
                                   e.constantLike(x, 1), e.constantLike(x, 0));
}

Value chosen(Emitter &e, Value x, Value y, Value z) {
  return e.create<arith::SelectOp>(e.isNotZero(x), y, z);
}

Value sign(Emitter &e, Value x) {
  Constants f{e, x};
  return choose(e, FloatIs::OGT, x, f(0), f(1),
                choose(e, FloatIs::OLT, x, f(0), f(-1), x));
}

/// Downwards. By 0 it gives something; the smallest number by -1 is itself.
Value floorDivided(Emitter &e, Value x, Value y) {
  Constants i{e, x};
  auto is = [&](double value) {
    return e.create<arith::CmpIOp>(WholeIs::eq, y, i(value));
  };
  Value minus = is(-1), unsafe = e.create<arith::OrIOp>(minus, is(0));
  Value by = e.create<arith::SelectOp>(unsafe, i(1), y);
  Value quotient = e.floorDivided(x, by);
  return e.create<arith::SelectOp>(minus, e.sub(i(0), quotient), quotient);
}

Value wholeModulo(Emitter &e, Value x, Value y) {
  return e.sub(x, e.mul(floorDivided(e, x, y), y));
}

Value modulo(Emitter &e, Value x, Value y) {
  Value quotient = e.create<math::FloorOp>(e.divf(x, y));
  return e.fma(e.create<arith::NegFOp>(quotient), y, x);
}

/// e^(y log |x|), with the sign of an odd power; of a number below 0 NaN where
/// y is no integer.
Value power(Emitter &e, Value x, Value y) {
  Constants f{e, x};
  Value size = e.exp(e.mulf(y, logarithm(e, e.create<math::AbsFOp>(x))));
  Value half = e.mulf(y, f(0.5));
  Value odd = e.create<arith::CmpFOp>(FloatIs::UNE, half,
                                      e.create<math::FloorOp>(half));
  Value whole =
      e.create<arith::CmpFOp>(FloatIs::OEQ, y, e.create<math::FloorOp>(y));
  Value below = e.create<arith::SelectOp>(
      whole,
      e.create<arith::SelectOp>(odd, e.create<arith::NegFOp>(size), size),
      f(std::numeric_limits<double>::quiet_NaN()));
  size = choose(e, FloatIs::OLT, x, f(0), below, size);
  return choose(e, FloatIs::OEQ, y, f(0), f(1), size);
}

std::pair<Value, Value> sinCos(Emitter &e, Value x) {
  return e.sinCos(e.create<arith::ExtFOp>(e.likeWith(x, e.getF64Type()), x));
}

} // namespace

Value applyFunction(Emitter &e, tz::ElementwiseFunction function,
                    ArrayRef<Value> operands) {
  Value x = operands.front(), y = operands[operands.size() > 1 ? 1 : 0],
        z = operands.back();
  Constants f{e, x};
  // Of a choice the first operand may be of another kind.
  bool integers = Emitter::isWhole(z);
  switch (function) {
#define FUNCTION(Name, text, arity, kind, meaning, code, whole, relative,      \
                 absolute)                                                     \
  case tz::ElementwiseFunction::Name:                                          \
    return integers ? Value(whole) : Value(code);
#include "terrazzo/Dialect/Tz/ElementwiseFunctions.def"
  }
  llvm_unreachable("unknown elementwise function");
}

} // namespace terrazzo::codegen
