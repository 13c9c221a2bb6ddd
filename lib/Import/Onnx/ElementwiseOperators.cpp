// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that compute each element from those at its place.
#include "Node.h"

#include <cmath>

using namespace mlir;

namespace terrazzo::onnx {

namespace {

bool isUnsigned(Type element) { return element.isUnsignedInteger(); }

/// Truths are compared and joined as numbers.
template <Fn function> void lowerUnary(Node &n) {
  n.out(n.apply(function, {n.in(0)}));
}

template <Fn function> void lowerBinary(Node &n) {
  n.out(n.apply(function, {n.in(0), n.in(1)}));
}

template <Fn function> void lowerSwapped(Node &n) {
  n.out(n.apply(function, {n.in(1), n.in(0)}));
}

/// Max, Min and Sum of any number.
template <Fn function> void lowerVariadic(Node &n) {
  Val result = n.in(0);
  for (size_t i = 1; i < n.count() && n.ok(); ++i)
    result = n.apply(function, {result, n.in(i)});
  n.out(result);
}

void lowerMean(Node &n) {
  Val result = n.in(0);
  for (size_t i = 1; i < n.count() && n.ok(); ++i)
    result = n.add(result, n.in(i));
  if (n.ok())
    n.out(n.div(result, n.number(double(n.count()), result.element)));
}

void lowerDiv(Node &n) {
  Val a = n.in(0), b = n.in(1);
  if (!n.ok())
    return;
  if (isa<FloatType>(a.element))
    return n.out(n.div(a, b));
  if (isUnsigned(a.element))
    return n.out(n.apply(Fn::FloorDiv, {a, b}));
  // Towards 0.
  Val magnitude =
      n.apply(Fn::FloorDiv, {n.apply(Fn::Abs, {a}), n.apply(Fn::Abs, {b})});
  n.out(
      n.mul(magnitude, n.mul(n.apply(Fn::Sign, {a}), n.apply(Fn::Sign, {b}))));
}

void lowerMod(Node &n) {
  Val a = n.in(0), b = n.in(1);
  if (!n.ok())
    return;
  if (n.integer("fmod", 0) == 0 || isUnsigned(a.element))
    return n.out(n.apply(Fn::Mod, {a, b}));
  // With the sign of what is divided.
  Val rest = n.apply(Fn::Mod, {n.apply(Fn::Abs, {a}), n.apply(Fn::Abs, {b})});
  n.out(n.mul(rest, n.apply(Fn::Sign, {a})));
}

void lowerPow(Node &n) {
  Val a = n.in(0), b = n.in(1);
  if (!n.ok())
    return;
  if (b.tensor && isa<FloatType>(a.element))
    if (auto power = realsOf(*b.tensor);
        power && power->size() == 1 && b.rank() <= a.rank()) {
      if (power->front() == 2)
        return n.out(n.mul(a, a));
      if (power->front() == 3)
        return n.out(n.mul(n.mul(a, a), a));
      if (power->front() == 0.5)
        return n.out(n.apply(Fn::Sqrt, {a}));
    }
  if (isa<IntegerType>(a.element) || a.element.isF64())
    return void(n.fail("powers of integers and of doubles are not computed; "
                       "cast to float"));
  // A negative number to a whole power is what repeated products are.
  Val power = n.cast(b, a.element);
  Val size = n.apply(Fn::Pow, {n.apply(Fn::Abs, {a}), power});
  Val zero = n.number(0, a.element), two = n.number(2, a.element);
  Val odd = n.apply(Fn::Mod, {n.apply(Fn::Floor, {power}), two});
  Val negated = n.apply(Fn::Select, {odd, n.apply(Fn::Neg, {size}), size});
  Val whole = n.apply(Fn::Equal, {n.apply(Fn::Floor, {power}), power});
  Val below = n.apply(Fn::Select, {whole, negated, n.number(NAN, a.element)});
  n.out(n.apply(Fn::Select, {n.apply(Fn::Less, {a, zero}), below, size}));
}

void lowerNotEqual(Node &n) {
  n.out(n.apply(Fn::Not, {n.apply(Fn::Equal, {n.in(0), n.in(1)})}));
}

void lowerXor(Node &n) {
  Val a = n.in(0), b = n.in(1);
  n.out(n.apply(Fn::Not, {n.apply(Fn::Equal, {a, b})}));
}

void lowerIdentity(Node &n) { n.out(n.in(0)); }

void lowerDropout(Node &n) {
  n.ignore("ratio");
  n.ignore("seed");
  if (n.has(2))
    if (auto training = n.integersOf(2, "whether it is in training");
        training && !training->empty() && training->front())
      n.fail("it is in training");
  n.out(n.in(0));
  if (n.wants(1))
    n.out(n.filled(1, n.in(0).dims, n.i1()), 1);
}

void lowerCast(Node &n) {
  int64_t to = n.integer("to", 0);
  n.ignore("saturate"); // of 8-bit floats, which are not read
  n.ignore("round_mode");
  Type element = elementType(int32_t(to), n.context());
  if (!element)
    return void(n.fail("elements " + proto::elementName(int32_t(to)) +
                       " are not supported"));
  n.out(n.cast(n.in(0), element));
}

void lowerCastLike(Node &n) {
  n.ignore("saturate");
  n.ignore("round_mode");
  if (Val like = n.in(1))
    n.out(n.cast(n.in(0), like.element));
}

void lowerWhere(Node &n) {
  n.out(n.apply(Fn::Select, {n.in(0), n.in(1), n.in(2)}));
}

void lowerReciprocal(Node &n) {
  if (Val x = n.in(0))
    n.out(n.div(n.number(1, x.element), x));
}

void lowerClip(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  Val low = n.optional(1), high = n.optional(2);
  if (n.opset() < 11) {
    low =
        n.number(n.real("min", -std::numeric_limits<float>::max()), x.element);
    high =
        n.number(n.real("max", std::numeric_limits<float>::max()), x.element);
  }
  if (low)
    x = n.apply(Fn::Max, {x, low});
  if (high)
    x = n.apply(Fn::Min, {x, high});
  n.out(x);
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

void lowerGelu(Node &n) {
  StringRef kind = n.word("approximate", "none");
  if (kind != "none" && kind != "tanh")
    return void(n.fail("its attribute 'approximate' is '" + kind +
                       "'; 'none' and 'tanh' are supported"));
  n.out(n.apply(kind == "none" ? Fn::Gelu : Fn::GeluTanh, {n.in(0)}));
}

void lowerBiasGelu(Node &n) {
  n.out(n.apply(Fn::Gelu, {n.add(n.in(0), n.in(1))}));
}

void lowerFastGelu(Node &n) {
  Val x = n.in(0);
  if (n.has(1))
    x = n.add(x, n.in(1));
  n.out(n.apply(Fn::GeluTanh, {x}));
}

void lowerQuickGelu(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  Val scaled = n.mul(x, n.number(n.real("alpha", 1.702), x.element));
  n.out(n.mul(x, n.apply(Fn::Sigmoid, {scaled})));
}

void lowerSwish(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  double alpha = n.real("alpha", 1);
  if (alpha == 1)
    return n.out(n.apply(Fn::Silu, {x}));
  n.out(n.mul(x, n.apply(Fn::Sigmoid, {n.mul(x, n.number(alpha, x.element))})));
}

void lowerLeakyRelu(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  Val scaled = n.mul(x, n.number(n.real("alpha", 0.01F), x.element));
  n.out(n.apply(Fn::Select,
                {n.apply(Fn::Less, {x, n.number(0, x.element)}), scaled, x}));
}

void lowerPRelu(Node &n) {
  Val x = n.in(0), slope = n.in(1);
  if (!n.ok())
    return;
  n.out(n.apply(Fn::Select, {n.apply(Fn::Less, {x, n.number(0, x.element)}),
                             n.mul(x, slope), x}));
}

/// alpha * (e^x - 1) below 0.
void lowerElu(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  bool selu = n.type() == "Selu";
  double alpha = n.real("alpha", selu ? 1.67326319217681884765625 : 1),
         gamma = selu ? n.real("gamma", 1.05070102214813232421875) : 1;
  Val zero = n.number(0, x.element);
  Val low = n.mul(n.apply(Fn::Expm1, {n.apply(Fn::Min, {x, zero})}),
                  n.number(alpha, x.element));
  Val result = n.apply(Fn::Select, {n.apply(Fn::Less, {x, zero}), low, x});
  n.out(selu ? n.mul(result, n.number(gamma, x.element)) : result);
}

void lowerCelu(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  Val alpha = n.number(n.real("alpha", 1), x.element);
  Val zero = n.number(0, x.element);
  Val low = n.mul(
      n.apply(Fn::Expm1, {n.div(n.apply(Fn::Min, {x, zero}), alpha)}), alpha);
  n.out(n.apply(Fn::Select, {n.apply(Fn::Less, {x, zero}), low, x}));
}

Val hardSigmoid(Node &n, const Val &x, double alpha, double beta) {
  Val line =
      n.add(n.mul(x, n.number(alpha, x.element)), n.number(beta, x.element));
  return n.apply(Fn::Clamp,
                 {line, n.number(0, x.element), n.number(1, x.element)});
}

void lowerHardSigmoid(Node &n) {
  if (Val x = n.in(0))
    n.out(hardSigmoid(n, x, n.real("alpha", 0.2F), n.real("beta", 0.5F)));
}

void lowerHardSwish(Node &n) {
  if (Val x = n.in(0))
    n.out(n.mul(x, hardSigmoid(n, x, 1.0 / 6, 0.5)));
}

void lowerThresholdedRelu(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  Val alpha = n.number(n.real("alpha", 1), x.element);
  n.out(n.apply(Fn::Select,
                {n.apply(Fn::Less, {alpha, x}), x, n.number(0, x.element)}));
}

void lowerSoftsign(Node &n) {
  Val x = n.in(0);
  if (n.ok())
    n.out(n.div(x, n.add(n.number(1, x.element), n.apply(Fn::Abs, {x}))));
}

void lowerMish(Node &n) {
  Val x = n.in(0);
  n.out(n.mul(x, n.apply(Fn::Tanh, {n.apply(Fn::Softplus, {x})})));
}

void lowerShrink(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  Val bias = n.number(n.real("bias", 0), x.element);
  double lambda = n.real("lambd", 0.5);
  Val low = n.apply(Fn::Less, {x, n.number(-lambda, x.element)});
  Val high = n.apply(Fn::Less, {n.number(lambda, x.element), x});
  Val right =
      n.apply(Fn::Select, {high, n.sub(x, bias), n.number(0, x.element)});
  n.out(n.apply(Fn::Select, {low, n.add(x, bias), right}));
}

void lowerIsInf(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  bool negative = n.integer("detect_negative", 1),
       positive = n.integer("detect_positive", 1);
  Val infinity = n.number(INFINITY, x.element),
      below = n.number(-INFINITY, x.element);
  Val high = n.apply(Fn::Equal, {x, infinity}),
      low = n.apply(Fn::Equal, {x, below});
  n.out(positive && negative ? n.apply(Fn::Or, {high, low})
        : positive           ? high
        : negative           ? low
                             : n.apply(Fn::And, {high, low}));
}

/// Hyperbolic and inverse functions, of those that there are.
void lowerSinh(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  Val half = n.number(0.5, x.element);
  Val up = n.apply(Fn::Expm1, {x});
  Val down = n.apply(Fn::Expm1, {n.apply(Fn::Neg, {x})});
  n.out(n.mul(n.sub(up, down), half));
}

void lowerCosh(Node &n) {
  Val x = n.in(0);
  if (!n.ok())
    return;
  Val half = n.number(0.5, x.element);
  n.out(n.mul(
      n.add(n.apply(Fn::Exp, {x}), n.apply(Fn::Exp, {n.apply(Fn::Neg, {x})})),
      half));
}

void lowerTan(Node &n) {
  Val x = n.in(0);
  n.out(n.div(n.apply(Fn::Sin, {x}), n.apply(Fn::Cos, {x})));
}

constexpr Operator kOperators[] = {
    {"", "Identity", lowerIdentity},
    {"", "Dropout", lowerDropout},
    {"", "Cast", lowerCast},
    {"", "CastLike", lowerCastLike},
    {"", "Where", lowerWhere},
    {"", "Clip", lowerClip},
    {"", "Add", lowerBinary<Fn::Add>},
    {"", "Sub", lowerBinary<Fn::Sub>},
    {"", "Mul", lowerBinary<Fn::Mul>},
    {"", "Div", lowerDiv},
    {"", "Mod", lowerMod},
    {"", "Pow", lowerPow},
    {"", "Max", lowerVariadic<Fn::Max>},
    {"", "Min", lowerVariadic<Fn::Min>},
    {"", "Sum", lowerVariadic<Fn::Add>},
    {"", "Mean", lowerMean},
    {"", "Less", lowerBinary<Fn::Less>},
    {"", "LessOrEqual", lowerBinary<Fn::LessEqual>},
    {"", "Greater", lowerSwapped<Fn::Less>},
    {"", "GreaterOrEqual", lowerSwapped<Fn::LessEqual>},
    {"", "Equal", lowerBinary<Fn::Equal>},
    {"", "And", lowerBinary<Fn::And>},
    {"", "Or", lowerBinary<Fn::Or>},
    {"", "Xor", lowerXor},
    {"", "Not", lowerUnary<Fn::Not>},
    {"", "IsNaN", lowerUnary<Fn::IsNan>},
    {"", "IsInf", lowerIsInf},
    {"", "Neg", lowerUnary<Fn::Neg>},
    {"", "Abs", lowerUnary<Fn::Abs>},
    {"", "Sign", lowerUnary<Fn::Sign>},
    {"", "Exp", lowerUnary<Fn::Exp>},
    {"", "Log", lowerUnary<Fn::Log>},
    {"", "Sqrt", lowerUnary<Fn::Sqrt>},
    {"", "Reciprocal", lowerReciprocal},
    {"", "Sin", lowerUnary<Fn::Sin>},
    {"", "Cos", lowerUnary<Fn::Cos>},
    {"", "Tan", lowerTan},
    {"", "Sinh", lowerSinh},
    {"", "Cosh", lowerCosh},
    {"", "Floor", lowerUnary<Fn::Floor>},
    {"", "Ceil", lowerUnary<Fn::Ceil>},
    {"", "Round", lowerUnary<Fn::Round>},
    {"", "Erf", lowerUnary<Fn::Erf>},
    {"", "Tanh", lowerUnary<Fn::Tanh>},
    {"", "Sigmoid", lowerUnary<Fn::Sigmoid>},
    {"", "Relu", lowerUnary<Fn::Relu>},
    {"", "Softplus", lowerUnary<Fn::Softplus>},
    {"", "Softsign", lowerSoftsign},
    {"", "LeakyRelu", lowerLeakyRelu},
    {"", "PRelu", lowerPRelu},
    {"", "Elu", lowerElu},
    {"", "Selu", lowerElu},
    {"", "Celu", lowerCelu},
    {"", "HardSigmoid", lowerHardSigmoid},
    {"", "HardSwish", lowerHardSwish},
    {"", "ThresholdedRelu", lowerThresholdedRelu},
    {"", "Mish", lowerMish},
    {"", "Shrink", lowerShrink},
    {"", "Gelu", lowerGelu},
    {"", "Swish", lowerSwish},
    {kMicrosoft, "Gelu", lowerUnary<Fn::Gelu>},
    {kMicrosoft, "BiasGelu", lowerBiasGelu},
    {kMicrosoft, "FastGelu", lowerFastGelu},
    {kMicrosoft, "QuickGelu", lowerQuickGelu},
};

} // namespace

ArrayRef<Operator> elementwiseOperators() { return kOperators; }

} // namespace terrazzo::onnx
