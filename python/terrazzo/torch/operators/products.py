# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Products: of matrices, with weights, and convolutions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..._module import Dim, Value, product
from ..graph import Importer, Unsupported, lowers

LETTERS = "abcdefghijlopqrstuvwxyz"  # k, m and n are those of the product


def plus(b: Importer, x: Value, bias: Value | None) -> Value:
    return x if bias is None else b.f.elementwise("add", x, b.f.cast(bias, x.element))


@lowers("aten.linear.default")
def linear(b: Importer, x: Value, weight: Value, bias: Value | None = None) -> Value:
    rows = LETTERS[: len(x.shape) - 1]
    return plus(b, b.f.contract(f"{rows}k,{'n' if len(weight.shape) == 2 else ''}k->{rows}{'n' if len(weight.shape) == 2 else ''}", x, weight), bias)


@lowers("aten.matmul.default", "aten.mm.default", "aten.bmm.default", "aten.mv.default", "aten.dot.default", "aten.vdot.default")
def matmul(b: Importer, x: Value, y: Value) -> Value:
    left, x = lettered(b, x, "mk", ["m"], 1, y)
    right, y = lettered(b, y, "kn", ["n"], 0, x)
    rank = max(len(left), len(right))
    batch = "".join(letter for letter in LETTERS[:8] if letter in left + right)
    made = batch + ("m" if "m" in left else "") + ("n" if "n" in right else "")
    result = b.f.contract(f"{left},{right}->{made}", x, y)
    assert rank >= 1
    return b.f.reshape(result, b.shape)


def lettered(b: Importer, x: Value, last: str, lone: list[str], vector: int, other: Value) -> tuple[str, Value]:
    """Letters for the dimensions of a side of a product, without leading ones of 1 that are repeated."""
    if len(x.shape) == 1:
        return "k", x
    lead, kept = len(x.shape) - 2, []
    letters = ""
    for i in range(lead):
        # Leading dimensions of both sides are aligned at the last of them.
        letter = LETTERS[8 - lead + i]
        if x.shape[i] == 1:
            continue
        letters += letter
        kept.append(i)
    return letters + last, b.f.reshape(x, [x.shape[i] for i in kept] + list(x.shape[-2:]))


@lowers("aten.addmm.default", "aten.addmv.default", "aten.baddbmm.default")
def addmm(b: Importer, bias: Value, x: Value, y: Value, beta: Any = 1, alpha: Any = 1) -> Value:
    result = matmul(b, x, y)
    if alpha != 1:
        result = b.f.elementwise("mul", result, b.as_value(alpha, result.element))
    if beta == 0:
        return result
    if beta != 1:
        bias = b.f.elementwise("mul", bias, b.as_value(beta, bias.element))
    return b.f.elementwise("add", result, bias)


@lowers("transformers.grouped_mm_fallback.default", "aten._grouped_mm.default")
def grouped(b: Importer, x: Value, weights: Value, ends: Value, *_: Any) -> Value:
    """Row r times the weights of the group that it is in: as many groups end before it."""
    row = b.f.iota(0, (x.shape[0], 1), ends.element)
    over = b.f.cast(b.f.elementwise("less_equal", ends, row, element="i1"), "i64")
    group = b.f.reshape(b.f.reduce("sum", over, [1]), (x.shape[0],))
    chosen = b.f.gather(weights, group, 0)
    terms = b.f.elementwise("mul", chosen, b.f.reshape(x, (*x.shape, 1)))
    return b.f.reshape(b.f.reduce("sum", terms, [1]), b.shape)


@lowers("aten.outer.default")
def outer(b: Importer, x: Value, y: Value) -> Value:
    return b.f.elementwise("mul", b.f.reshape(x, (*x.shape, 1)), y)


# --- convolutions -------------------------------------------------------------


def many(number: Any, count: int) -> list[int]:
    numbers = list(number) if isinstance(number, (list, tuple)) else [number]
    return numbers * count if len(numbers) == 1 else numbers


@lowers("aten.conv1d.default", "aten.conv2d.default", "aten.conv3d.default")
def convolution_of(b: Importer, x: Value, weight: Value, bias: Value | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
                   groups: int = 1) -> Value:
    if isinstance(padding, str):
        raise Unsupported(f"a convolution with padding '{padding}'")
    return convolved(b, x, weight, bias, stride, padding, dilation, groups)


@lowers("aten.conv1d.padding", "aten.conv2d.padding", "aten.conv3d.padding")
def convolution_padded(b: Importer, x: Value, weight: Value, bias: Value | None = None, stride: Any = 1, padding: str = "valid",
                       dilation: Any = 1, groups: int = 1) -> Value:
    spatial = len(weight.shape) - 2
    if padding == "valid":
        return convolved(b, x, weight, bias, stride, 0, dilation, groups)
    both = [step * (int(k) - 1) for step, k in zip(many(dilation, spatial), weight.shape[2:])]
    return convolved(b, x, weight, bias, stride, [total // 2 for total in both], dilation, groups, [total - total // 2 for total in both])


@lowers("aten.convolution.default")
def convolution(b: Importer, x: Value, weight: Value, bias: Value | None, stride: Any, padding: Any, dilation: Any, transposed: bool,
                output_padding: Any, groups: int) -> Value:
    if transposed:
        raise Unsupported("a transposed convolution")
    return convolved(b, x, weight, bias, stride, padding, dilation, groups)


def convolved(b: Importer, x: Value, weight: Value, bias: Value | None, stride: Any, padding: Any, dilation: Any, groups: int,
              behind: Sequence[int] | None = None) -> Value:
    """The windows of all images are rows, which a product with the weight makes outputs."""
    shape, spatial = b.shape, len(weight.shape) - 2
    if spatial > 2:
        raise Unsupported("a convolution over three dimensions")
    single = len(x.shape) == spatial + 1
    if single:
        x, shape = b.f.reshape(x, (1, *x.shape)), (1, *shape)
    outputs, inputs = int(weight.shape[0]), int(weight.shape[1])
    kernel = [int(size) for size in weight.shape[2:]]
    low = many(padding, spatial)
    high = list(behind) if behind else low
    images, places = x.shape[0], list(shape[2:])
    x = b.f.transpose(x, [1, 0, *range(2, spatial + 2)])
    rows: list[Dim] = [images, *places]
    # The images are one more dimension to slide over, with a kernel of one.
    x = b.f.windows(x, [1, *many(stride, spatial)], [1, *many(dilation, spatial)], [0, *low], [0, *high], [*rows, x.shape[0], 1, *kernel])
    depth = inputs * math.prod(kernel)
    if groups == 1:
        flat = b.f.reshape(x, [product(rows), depth])
        made = b.f.contract("rk,nk->rn", flat, b.weight_as(1, weight, (outputs, depth)))
    else:
        flat = b.f.reshape(x, [product(rows), groups, depth])
        made = b.f.contract("rgk,gnk->rgn", flat, b.weight_as(1, weight, (groups, outputs // groups, depth)))
        made = b.f.reshape(made, [product(rows), outputs])
    made = b.f.reshape(plus(b, made, bias), [*rows, outputs])
    result = b.f.transpose(made, [0, spatial + 1, *range(1, spatial + 1)])
    return b.f.reshape(result, shape[1:]) if single else result
