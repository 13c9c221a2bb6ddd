# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arithmetic, comparisons, functions and casts of elements."""

from __future__ import annotations

import math
from typing import Any

import torch

from ..._module import Value
from ..graph import ELEMENT, Importer, Unsupported, lowers


def arithmetic(b: Importer, function: str, *operands: Any) -> Value:
    """On the elements of the result, to which operands are cast."""
    element = b.element
    if element == "i1":
        raise Unsupported("arithmetic of truths")
    return b.f.elementwise(function, *(b.as_value(x, element) for x in operands))


def spread(b: Importer, value: Value) -> Value:
    """To the result's whole shape, where operands were numbers or smaller."""
    return b.f.broadcast(value, b.shape)


@lowers("aten.add.Tensor", "aten.add.Scalar")
def add(b: Importer, x: Any, y: Any, alpha: Any = 1) -> Value:
    if b.element == "i1":
        return b.f.elementwise("or", b.as_value(x, "i1"), b.as_value(y, "i1"))
    if alpha != 1:
        y = b.f.elementwise("mul", b.as_value(y, b.element), b.as_value(alpha, b.element))
    return arithmetic(b, "add", x, y)


@lowers("aten.sub.Tensor", "aten.sub.Scalar")
def sub(b: Importer, x: Any, y: Any, alpha: Any = 1) -> Value:
    if alpha != 1:
        y = b.f.elementwise("mul", b.as_value(y, b.element), b.as_value(alpha, b.element))
    return arithmetic(b, "sub", x, y)


@lowers("aten.rsub.Tensor", "aten.rsub.Scalar")
def rsub(b: Importer, x: Any, y: Any, alpha: Any = 1) -> Value:
    return sub(b, y, x, alpha)


@lowers("aten.mul.Tensor", "aten.mul.Scalar")
def mul(b: Importer, x: Any, y: Any) -> Value:
    if b.element == "i1":
        return b.f.elementwise("and", b.as_value(x, "i1"), b.as_value(y, "i1"))
    return arithmetic(b, "mul", x, y)


@lowers("aten.div.Tensor", "aten.true_divide.Tensor", "aten.div.Scalar", "aten.div.Tensor_mode", "aten.div.Scalar_mode")
def div(b: Importer, x: Any, y: Any, rounding_mode: str | None = None) -> Value:
    if rounding_mode is None:
        return arithmetic(b, "div", x, y)
    if rounding_mode == "floor":
        return floor_divide(b, x, y)
    element = b.element
    if element not in ("f32", "f64", "f16", "bf16"):
        raise Unsupported("a division of whole numbers that rounds to 0")
    return toward_zero(b, b.f.elementwise("div", b.as_value(x, element), b.as_value(y, element)))


def toward_zero(b: Importer, x: Value) -> Value:
    zero = b.f.scalar(0, x.element)
    up, down = b.f.elementwise("ceil", x), b.f.elementwise("floor", x)
    return b.f.elementwise("select", b.f.elementwise("less", x, zero, element="i1"), up, down)


@lowers("aten.floor_divide.default", "aten.floor_divide.Scalar")
def floor_divide(b: Importer, x: Any, y: Any) -> Value:
    return arithmetic(b, "floor_div", x, y)


@lowers("aten.remainder.Tensor", "aten.remainder.Scalar", "aten.remainder.Scalar_Tensor")
def remainder(b: Importer, x: Any, y: Any) -> Value:
    return arithmetic(b, "mod", x, y)


@lowers("aten.pow.Tensor_Scalar", "aten.pow.Tensor_Tensor", "aten.pow.Scalar")
def power(b: Importer, x: Any, y: Any) -> Value:
    if isinstance(y, (int, float)) and not isinstance(y, bool):
        base = b.as_value(x, b.element)
        if y in (1, 2, 3):
            result = base
            for _ in range(int(y) - 1):
                result = b.f.elementwise("mul", result, base)
            return result
        if y == 0:
            return spread(b, b.f.scalar(1, b.element))
        known = {0.5: "sqrt", -0.5: "rsqrt"}
        if y in known and base.is_float:
            return b.f.elementwise(known[y], base)
        if y == -1 and base.is_float:
            return b.f.elementwise("div", b.f.scalar(1, base.element), base)
    if b.element not in ("f32", "f16", "bf16"):
        raise Unsupported(f"powers of {b.element}")
    return arithmetic(b, "pow", x, y)


@lowers("aten.maximum.default")
def maximum(b: Importer, x: Any, y: Any) -> Value:
    return arithmetic(b, "max", x, y)


@lowers("aten.minimum.default")
def minimum(b: Importer, x: Any, y: Any) -> Value:
    return arithmetic(b, "min", x, y)


@lowers("aten.clamp.default", "aten.clamp.Tensor", "aten.clamp_min.default", "aten.clamp_min.Tensor")
def clamp(b: Importer, x: Any, least: Any = None, most: Any = None) -> Value:
    value = b.as_value(x, b.element)
    if least is not None:
        value = arithmetic(b, "max", value, clamp_bound(least, b.element))
    if most is not None:
        value = arithmetic(b, "min", value, clamp_bound(most, b.element))
    return value


@lowers("aten.clamp_max.default", "aten.clamp_max.Tensor")
def clamp_max(b: Importer, x: Any, most: Any) -> Value:
    return clamp(b, x, None, most)


def clamp_bound(bound: Any, element: str) -> Any:
    if isinstance(bound, float) and element in ("i64", "i32", "i16", "i8", "ui8"):
        raise Unsupported("whole numbers within fractions")
    return bound


@lowers("aten.hardtanh.default")
def hardtanh(b: Importer, x: Any, least: Any = -1.0, most: Any = 1.0) -> Value:
    return clamp(b, x, least, most)


# --- functions of one operand -----------------------------------------------

UNARY = {"abs": "abs", "neg": "neg", "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log1p": "log1p", "sqrt": "sqrt",
         "rsqrt": "rsqrt", "sin": "sin", "cos": "cos", "tanh": "tanh", "erf": "erf", "sigmoid": "sigmoid", "silu": "silu",
         "relu": "relu", "floor": "floor", "ceil": "ceil", "sgn": "sign", "sign": "sign"}
OF_DOUBLES = {"abs", "neg", "sqrt", "rsqrt", "floor", "ceil", "sign", "relu"}


def unary(function: str) -> Any:
    def lower(b: Importer, x: Value) -> Value:
        if b.element == "i1":
            raise Unsupported("arithmetic of truths")
        if b.element == "f64" and function not in OF_DOUBLES:
            raise Unsupported(f"'{function}' of f64")
        if not x.is_float and function in ("floor", "ceil"):
            return x
        return b.f.elementwise(function, b.f.cast(x, b.element))

    return lower


for _name, _function in UNARY.items():
    lowers(f"aten.{_name}.default")(unary(_function))


@lowers("aten.round.default")
def round_(b: Importer, x: Value) -> Value:
    return b.f.elementwise("round", x) if x.is_float else x


@lowers("aten.trunc.default")
def trunc(b: Importer, x: Value) -> Value:
    return toward_zero(b, x) if x.is_float else x


@lowers("aten.gelu.default")
def gelu(b: Importer, x: Value, approximate: str = "none") -> Value:
    return b.f.elementwise("gelu_tanh" if approximate == "tanh" else "gelu", x)


@lowers("aten.softplus.default")
def softplus(b: Importer, x: Value, beta: float = 1, threshold: float = 20) -> Value:
    scaled = x if beta == 1 else b.f.elementwise("mul", x, b.f.scalar(beta, x.element))
    soft = b.f.elementwise("softplus", scaled)
    if beta != 1:
        soft = b.f.elementwise("div", soft, b.f.scalar(beta, x.element))
    linear = b.f.elementwise("less", b.f.scalar(threshold, x.element), scaled, element="i1")
    return b.f.elementwise("select", linear, x, soft)


@lowers("aten.reciprocal.default")
def reciprocal(b: Importer, x: Value) -> Value:
    return b.f.elementwise("div", b.f.scalar(1, b.element), b.f.cast(x, b.element))


@lowers("aten.square.default")
def square(b: Importer, x: Value) -> Value:
    return b.f.elementwise("mul", x, x)


@lowers("aten.log2.default")
def log2(b: Importer, x: Value) -> Value:
    return b.f.elementwise("mul", b.f.elementwise("log", b.f.cast(x, b.element)), b.f.scalar(1 / math.log(2), b.element))


@lowers("aten.log10.default")
def log10(b: Importer, x: Value) -> Value:
    return b.f.elementwise("mul", b.f.elementwise("log", b.f.cast(x, b.element)), b.f.scalar(1 / math.log(10), b.element))


@lowers("aten.leaky_relu.default")
def leaky_relu(b: Importer, x: Value, slope: float = 0.01) -> Value:
    scaled = b.f.elementwise("mul", x, b.f.scalar(slope, x.element))
    return b.f.elementwise("select", b.f.elementwise("less", b.f.scalar(0, x.element), x, element="i1"), x, scaled)


@lowers("aten.elu.default")
def elu(b: Importer, x: Value, alpha: float = 1, scale: float = 1, input_scale: float = 1) -> Value:
    zero = b.f.scalar(0, x.element)
    below = b.f.elementwise("min", x, zero)
    low = b.f.elementwise("expm1", b.f.elementwise("mul", below, b.f.scalar(input_scale, x.element)))
    low = b.f.elementwise("mul", low, b.f.scalar(alpha * scale, x.element))
    high = b.f.elementwise("mul", x, b.f.scalar(scale, x.element))
    return b.f.elementwise("select", b.f.elementwise("less", zero, x, element="i1"), high, low)


@lowers("aten.hardswish.default")
def hardswish(b: Importer, x: Value) -> Value:
    return b.f.elementwise("mul", x, hardsigmoid(b, x))


@lowers("aten.hardsigmoid.default")
def hardsigmoid(b: Importer, x: Value) -> Value:
    shifted = b.f.elementwise("add", x, b.f.scalar(3, x.element))
    low = b.f.elementwise("max", shifted, b.f.scalar(0, x.element))
    return b.f.elementwise("div", b.f.elementwise("min", low, b.f.scalar(6, x.element)), b.f.scalar(6, x.element))


@lowers("aten.log_sigmoid.default", "aten.log_sigmoid_forward.default")
def log_sigmoid(b: Importer, x: Value) -> Value:
    return b.f.elementwise("neg", b.f.elementwise("softplus", b.f.elementwise("neg", x)))


# --- comparisons and truths ---------------------------------------------------


def promoted(b: Importer, x: Any, y: Any) -> str:
    """The elements in which two operands are compared."""
    assert b.node is not None
    examples: list[Any] = [arg.meta["val"] if isinstance(arg, torch.fx.Node) else arg for arg in b.node.args[:2]]
    examples = [0 if isinstance(example, (torch.SymInt, str)) else example for example in examples]
    dtype: torch.dtype = torch.result_type(*examples)
    return ELEMENT[dtype]


def compare(function: str, swapped: bool = False, negated: bool = False) -> Any:
    def lower(b: Importer, x: Any, y: Any) -> Value:
        element = promoted(b, x, y)
        operands = [b.as_value(x, element), b.as_value(y, element)]
        result = b.f.elementwise(function, *(reversed(operands) if swapped else operands), element="i1")
        return b.f.elementwise("not", result) if negated else result

    return lower


for _name, _how in {"lt": compare("less"), "le": compare("less_equal"), "gt": compare("less", swapped=True),
                    "ge": compare("less_equal", swapped=True), "eq": compare("equal"), "ne": compare("equal", negated=True)}.items():
    lowers(f"aten.{_name}.Tensor", f"aten.{_name}.Scalar")(_how)


def truth(b: Importer, x: Any) -> Value:
    return b.as_value(x, "i1")


@lowers("aten.logical_and.default")
def logical_and(b: Importer, x: Any, y: Any) -> Value:
    return b.f.elementwise("and", truth(b, x), truth(b, y))


@lowers("aten.logical_or.default")
def logical_or(b: Importer, x: Any, y: Any) -> Value:
    return b.f.elementwise("or", truth(b, x), truth(b, y))


@lowers("aten.logical_not.default")
def logical_not(b: Importer, x: Any) -> Value:
    return b.f.elementwise("not", truth(b, x))


@lowers("aten.logical_xor.default")
def logical_xor(b: Importer, x: Any, y: Any) -> Value:
    return b.f.elementwise("not", b.f.elementwise("equal", truth(b, x), truth(b, y), element="i1"))


def of_truths(b: Importer) -> None:
    if b.element != "i1":
        raise Unsupported("bits of whole numbers")


@lowers("aten.bitwise_and.Tensor", "aten.bitwise_and.Scalar")
def bitwise_and(b: Importer, x: Any, y: Any) -> Value:
    of_truths(b)
    return logical_and(b, x, y)


@lowers("aten.bitwise_or.Tensor", "aten.bitwise_or.Scalar")
def bitwise_or(b: Importer, x: Any, y: Any) -> Value:
    of_truths(b)
    return logical_or(b, x, y)


@lowers("aten.bitwise_xor.Tensor", "aten.bitwise_xor.Scalar")
def bitwise_xor(b: Importer, x: Any, y: Any) -> Value:
    of_truths(b)
    return logical_xor(b, x, y)


@lowers("aten.bitwise_not.default")
def bitwise_not(b: Importer, x: Any) -> Value:
    of_truths(b)
    return logical_not(b, x)


@lowers("aten.isnan.default")
def isnan(b: Importer, x: Value) -> Value:
    return b.f.elementwise("is_nan", x, element="i1")


@lowers("aten.isinf.default")
def isinf(b: Importer, x: Value) -> Value:
    if not x.is_float:
        return spread(b, b.f.scalar(0, "i1"))
    return b.f.elementwise("equal", b.f.elementwise("abs", x), b.f.scalar(math.inf, x.element), element="i1")


@lowers("aten.where.self", "aten.where.ScalarOther", "aten.where.ScalarSelf", "aten.where.Scalar")
def where(b: Importer, condition: Value, x: Any, y: Any) -> Value:
    element = b.element
    return b.f.elementwise("select", truth(b, condition), b.as_value(x, element), b.as_value(y, element))


@lowers("aten.masked_fill.Scalar", "aten.masked_fill.Tensor")
def masked_fill(b: Importer, x: Value, mask: Value, value: Any) -> Value:
    return spread(b, b.f.elementwise("select", mask, b.as_value(value, b.element), x))


# --- casts and what changes nothing ---------------------------------------------


@lowers("aten._to_copy.default", "aten.to.dtype", "aten.to.dtype_layout", "prims.convert_element_type.default")
def cast(b: Importer, x: Value, *_: Any, dtype: Any = None, copy: bool = False) -> Value:
    return b.f.cast(x, b.element)


@lowers("aten.clone.default", "aten.alias.default", "aten.detach.default", "aten.lift_fresh_copy.default", "aten.contiguous.default",
        "aten.detach_copy.default", "aten.alias_copy.default")
def same(b: Importer, x: Value) -> Value:
    return x


@lowers("aten.dropout.default", "aten.native_dropout.default")
def dropout(b: Importer, x: Value, probability: float, train: bool) -> Value:
    if train and probability > 0:
        raise Unsupported("dropout while training")
    return x
