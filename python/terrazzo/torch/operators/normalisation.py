# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Normalisation over the last dimensions, over groups of channels, and by what training has measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._module import Value, product
from ..graph import Importer, Unsupported, lowers
from ..sizes import shape_of


def normalised(b: Importer, x: Value, shape: Sequence[Any], weight: Value | None, bias: Value | None, epsilon: float) -> Value:
    if not all(isinstance(size, int) for size in shape):
        raise Unsupported("a norm over an unknown number of elements")
    if epsilon < 0:
        raise Unsupported("a norm with an epsilon below 0")
    if len(shape) != 1:
        rows = [*x.shape[: len(x.shape) - len(shape)], product(shape)]
        one = (product(shape),)
        weight, bias = (None if each is None else b.f.reshape(each, one) for each in (weight, bias))
        return b.f.reshape(normalised(b, b.f.reshape(x, rows), one, weight, bias, epsilon), x.shape)
    if weight is None:
        weight = b.f.broadcast(b.f.scalar(1, x.element), shape)
    return b.f.layer_norm(x, weight, bias, epsilon)


@lowers("aten.layer_norm.default")
def layer_norm(b: Importer, x: Value, shape: Sequence[Any], weight: Value | None = None, bias: Value | None = None, epsilon: float = 1e-5,
               *_: Any) -> Value:
    return normalised(b, x, shape, weight, bias, epsilon)


@lowers("aten.native_layer_norm.default")
def native_layer_norm(b: Importer, x: Value, shape: Sequence[Any], weight: Value | None, bias: Value | None, epsilon: float) -> list[Any]:
    return [normalised(b, x, shape, weight, bias, epsilon), None, None]


@lowers("aten.rms_norm.default")
def rms_norm(b: Importer, x: Value, shape: Sequence[Any], weight: Value | None = None, epsilon: float | None = None) -> Value:
    axes = list(range(len(x.shape) - len(shape), len(x.shape)))
    if epsilon is None:
        epsilon = 2.220446049250313e-16 if x.element == "f64" else 1.1920928955078125e-07
    wide = x if x.element == "f64" else b.f.cast(x, "f32")
    squares = b.f.reduce("mean", b.f.elementwise("mul", wide, wide), axes)
    factor = b.f.elementwise("rsqrt", b.f.elementwise("add", squares, b.f.scalar(epsilon, wide.element)))
    result = b.f.elementwise("mul", wide, factor)
    if weight is not None:
        result = b.f.elementwise("mul", result, b.f.cast(weight, wide.element))
    return b.f.cast(result, b.element)


@lowers("aten.group_norm.default")
def group_norm(b: Importer, x: Value, groups: int, weight: Value | None = None, bias: Value | None = None, epsilon: float = 1e-5,
               *_: Any) -> Value:
    return in_groups(b, x, groups, weight, bias, epsilon)


@lowers("aten.native_group_norm.default")
def native_group_norm(b: Importer, x: Value, weight: Value | None, bias: Value | None, n: Any, c: Any, hxw: Any, groups: int,
                      epsilon: float) -> list[Any]:
    return [in_groups(b, x, groups, weight, bias, epsilon), None, None]


def in_groups(b: Importer, x: Value, groups: int, weight: Value | None, bias: Value | None, epsilon: float) -> Value:
    element, x = x.element, wide(b, x)
    channels = int(x.shape[1])
    members = [channels // groups, *x.shape[2:]]
    rows = b.f.reshape(x, [x.shape[0], groups, product(members)])
    away = b.f.elementwise("sub", rows, b.f.reduce("mean", rows, [2]))
    squares = b.f.reduce("mean", b.f.elementwise("mul", away, away), [2])
    factor = b.f.elementwise("rsqrt", b.f.elementwise("add", squares, b.f.scalar(epsilon, x.element)))
    return b.f.cast(of_channels(b, b.f.reshape(b.f.elementwise("mul", away, factor), x.shape), weight, bias), element)


def wide(b: Importer, x: Value) -> Value:
    """Squares of halves are beyond them."""
    return x if x.element == "f64" else b.f.cast(x, "f32")


def of_channels(b: Importer, x: Value, weight: Value | None, bias: Value | None) -> Value:
    """A factor and a term for each channel, which is dimension 1."""
    for function, each in (("mul", weight), ("add", bias)):
        if each is not None:
            x = b.f.elementwise(function, x, b.f.reshape(b.f.cast(each, x.element), [*each.shape, *[1] * (len(x.shape) - 2)]))
    return x


@lowers("aten._native_batch_norm_legit_no_training.default")
def batch_norm_measured(b: Importer, x: Value, weight: Value | None, bias: Value | None, mean: Value, variance: Value, momentum: float,
                        epsilon: float) -> list[Any]:
    element, x, mean, variance = x.element, *(wide(b, each) for each in (x, mean, variance))
    factor = b.f.elementwise("rsqrt", b.f.elementwise("add", variance, b.f.scalar(epsilon, variance.element)))
    away = of_channels(b, x, None, b.f.elementwise("neg", mean))
    return [b.f.cast(of_channels(b, of_channels(b, away, factor, None), weight, bias), element), None, None]


@lowers("aten.batch_norm.default")
def batch_norm(b: Importer, x: Value, weight: Value | None, bias: Value | None, mean: Value, variance: Value, training: bool, momentum: float,
               epsilon: float, *_: Any) -> Value:
    if training or mean is None or variance is None:
        raise Unsupported("a batch norm while training")
    result: Value = batch_norm_measured(b, x, weight, bias, mean, variance, momentum, epsilon)[0]
    assert shape_of(b.meta) == result.shape
    return result
