# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sums, means, extremes, softmax, and what stands where."""

from __future__ import annotations

from typing import Any

from ..._module import Value, product
from ..graph import Importer, Unsupported, lowers
from ..sizes import shape_of
from .shapes import axis_of


def axes_of(axes: Any, rank: int) -> list[int]:
    if axes is None or axes == []:
        return list(range(rank))
    return sorted(axis_of(i, rank) for i in (axes if isinstance(axes, list) else [axes]))


def reduced(b: Importer, combiner: str, x: Value, axes: Any, shape: Any) -> Value:
    if not x.shape:
        return b.f.reshape(x, shape)
    return b.f.reshape(b.f.reduce(combiner, x, axes_of(axes, len(x.shape))), shape)


@lowers("aten.sum.default", "aten.sum.dim_IntList")
def sum_(b: Importer, x: Value, axes: Any = None, keep: bool = False, dtype: Any = None) -> Value:
    return reduced(b, "sum", b.f.cast(x, b.element), axes, b.shape)


@lowers("aten.mean.default", "aten.mean.dim")
def mean(b: Importer, x: Value, axes: Any = None, keep: bool = False, dtype: Any = None) -> Value:
    return reduced(b, "mean", b.f.cast(x, b.element), axes, b.shape)


@lowers("aten.amax.default")
def amax(b: Importer, x: Value, axes: Any = None, keep: bool = False) -> Value:
    return reduced(b, "max", x, axes, b.shape)


@lowers("aten.amin.default")
def amin(b: Importer, x: Value, axes: Any = None, keep: bool = False) -> Value:
    return reduced(b, "min", x, axes, b.shape)


@lowers("aten.max.default")
def max_(b: Importer, x: Value) -> Value:
    return reduced(b, "max", x, None, b.shape)


@lowers("aten.min.default")
def min_(b: Importer, x: Value) -> Value:
    return reduced(b, "min", x, None, b.shape)


@lowers("aten.prod.default", "aten.prod.dim_int")
def prod(b: Importer, x: Value, axes: Any = None, keep: bool = False, dtype: Any = None) -> Value:
    return reduced(b, "prod", b.f.cast(x, b.element), axes, b.shape)


@lowers("aten.any.default", "aten.any.dim", "aten.any.dims")
def any_(b: Importer, x: Value, axes: Any = None, keep: bool = False) -> Value:
    return b.f.cast(reduced(b, "max", b.f.cast(x, "i1"), axes, b.shape), b.element)


@lowers("aten.all.default", "aten.all.dim", "aten.all.dims")
def all_(b: Importer, x: Value, axes: Any = None, keep: bool = False) -> Value:
    return b.f.cast(reduced(b, "min", b.f.cast(x, "i1"), axes, b.shape), b.element)


def variance_of(b: Importer, x: Value, axes: Any, correction: float) -> Value:
    """With its axes as dimensions of one."""
    axes = axes_of(axes, len(x.shape))
    away = b.f.elementwise("sub", x, b.f.reduce("mean", x, axes))
    squares = b.f.elementwise("mul", away, away)
    if correction == 0:
        return b.f.reduce("mean", squares, axes)
    count = 1
    for i in axes:
        size = x.shape[i]
        if not isinstance(size, int):
            raise Unsupported("a variance over an unknown number of elements")
        count *= size
    if count - correction <= 0:
        raise Unsupported("a variance without degrees of freedom")
    return b.f.elementwise("div", b.f.reduce("sum", squares, axes), b.f.scalar(count - correction, x.element))


@lowers("aten.var.correction")
def variance(b: Importer, x: Value, axes: Any = None, correction: Any = None, keepdim: bool = False) -> Value:
    return b.f.reshape(variance_of(b, x, axes, 1 if correction is None else correction), b.shape)


@lowers("aten.std.correction")
def deviation(b: Importer, x: Value, axes: Any = None, correction: Any = None, keepdim: bool = False) -> Value:
    return b.f.elementwise("sqrt", variance(b, x, axes, correction))


@lowers("aten.var_mean.correction")
def variance_and_mean(b: Importer, x: Value, axes: Any = None, correction: Any = None, keepdim: bool = False) -> list[Value]:
    variance_shape, mean_shape = (shape_of(example) for example in b.meta)
    spread = variance_of(b, x, axes, 1 if correction is None else correction)
    return [b.f.reshape(spread, variance_shape), reduced(b, "mean", x, axes, mean_shape)]


def of_floats(x: Value) -> Value:
    if x.element == "f64":
        raise Unsupported("shares of f64")
    return x


@lowers("aten.softmax.int", "aten._softmax.default", "aten._safe_softmax.default")
def softmax(b: Importer, x: Value, axis: int, dtype: Any = None) -> Value:
    assert b.node is not None
    x = of_floats(b.f.cast(x, b.element))
    if not x.shape:
        return b.f.elementwise("div", x, x)
    shares = b.f.softmax(x, axis_of(axis, len(x.shape)))
    if "safe" in str(b.node.target):  # rows of which nothing is seen are zeros
        shares = b.f.elementwise("select", b.f.elementwise("is_nan", shares, element="i1"), b.f.scalar(0, x.element), shares)
    return shares


@lowers("aten.log_softmax.int", "aten._log_softmax.default")
def log_softmax(b: Importer, x: Value, axis: int, dtype: Any = None) -> Value:
    x = of_floats(b.f.cast(x, b.element))
    if not x.shape:
        return b.f.elementwise("sub", x, x)
    return b.f.softmax(x, axis_of(axis, len(x.shape)), logarithm=True)


@lowers("aten.logsumexp.default")
def logsumexp(b: Importer, x: Value, axes: Any, keep: bool = False) -> Value:
    axes = axes_of(axes, len(x.shape))
    most = b.f.reduce("max", x, axes)
    finite = b.f.elementwise("less", b.f.elementwise("abs", most), b.f.scalar(float("inf"), x.element), element="i1")
    shift = b.f.elementwise("select", finite, most, b.f.scalar(0, x.element))
    whole = b.f.reduce("sum", b.f.elementwise("exp", b.f.elementwise("sub", x, shift)), axes)
    return b.f.reshape(b.f.elementwise("add", b.f.elementwise("log", whole), shift), b.shape)


@lowers("aten.cumsum.default")
def cumsum(b: Importer, x: Value, axis: int, dtype: Any = None) -> Value:
    x = b.f.cast(x, b.element)
    return b.f.cumsum(x, axis_of(axis, len(x.shape))) if x.shape else x


def ranked(b: Importer, x: Value, axis: int, count: int, largest: bool) -> Value:
    """Where the largest or smallest along an axis stand, as i64, the axis moved to the end."""
    if not x.is_float:
        raise Unsupported(f"an order of {x.element}")
    order = [i for i in range(len(x.shape)) if i != axis] + [axis]
    moved = b.f.transpose(x, order)
    return b.f.cast(b.f.top_k(moved if largest else b.f.elementwise("neg", moved), count), "i64")


def moved_back(b: Importer, x: Value, axis: int) -> Value:
    """The last dimension to `axis`."""
    rank = len(x.shape)
    order = list(range(rank - 1))
    order.insert(axis, rank - 1)
    return b.f.transpose(x, order)


@lowers("aten.topk.default")
def top_k(b: Importer, x: Value, count: Any, axis: int = -1, largest: bool = True, in_order: bool = True) -> list[Value]:
    axis = axis_of(axis, len(x.shape))
    if not isinstance(count, int) or not x.shape:
        raise Unsupported("an unknown number of largest elements")
    places = moved_back(b, ranked(b, x, axis, count, largest), axis)
    return [b.f.gather(x, places, axis, each=True), places]


def order_of(b: Importer, x: Value, axis: int, descending: bool) -> Value:
    """Where each element goes in a stable order along the last axis: how many stand before it."""
    size = x.shape[-1]
    mine, theirs = b.f.reshape(x, (*x.shape, 1)), b.f.reshape(x, (*x.shape[:-1], 1, size))
    before = b.f.elementwise("less", *((mine, theirs) if descending else (theirs, mine)), element="i1")
    same = b.f.elementwise("equal", theirs, mine, element="i1")
    if x.is_float:  # NaN is the largest
        mine_none, theirs_none = (b.f.elementwise("is_nan", each, element="i1") for each in (mine, theirs))
        larger, smaller = (theirs_none, mine_none) if descending else (mine_none, theirs_none)
        before = b.f.elementwise("or", before, b.f.elementwise("and", larger, b.f.elementwise("not", smaller)))
        same = b.f.elementwise("or", same, b.f.elementwise("and", mine_none, theirs_none))
    earlier = b.f.elementwise("less", b.f.iota(0, (size,), "i64"), b.f.iota(0, (size, 1), "i64"), element="i1")
    counted = b.f.elementwise("or", before, b.f.elementwise("and", same, earlier))
    return b.f.reshape(b.f.reduce("sum", b.f.cast(counted, "i64"), [len(x.shape)]), x.shape)


@lowers("aten.sort.default", "aten.sort.stable")
def sort(b: Importer, x: Value, *rest: Any, axis: int = -1, descending: bool = False, stable: Any = None, dim: Any = None) -> list[Value]:
    axis = axis_of(rest[0] if rest else dim if dim is not None else axis, len(x.shape))
    descending = rest[1] if len(rest) > 1 else descending
    if not x.shape:
        return [x, b.f.scalar(0, "i64")]
    order = [i for i in range(len(x.shape)) if i != axis] + [axis]
    moved = b.f.transpose(x, order)
    target, last = order_of(b, moved, axis, descending), len(x.shape) - 1
    empty, counted = (b.f.broadcast(b.f.scalar(0, element), moved.shape) for element in (x.element, "i64"))
    places = b.f.broadcast(b.f.iota(0, (moved.shape[-1],), "i64"), moved.shape)
    return [moved_back(b, b.f.scatter(whole, target, updates, last, each=True), axis) for whole, updates in ((empty, moved), (counted, places))]


@lowers("aten.histc.default")
def histogram(b: Importer, x: Value, bins: int = 100, least: Any = 0, most: Any = 0) -> Value:
    if least >= most or not x.is_float:
        raise Unsupported("a histogram of unknown bounds, or of whole numbers")
    flat = b.f.reshape(x, (product(x.shape), 1))
    place = b.f.elementwise("mul", b.f.elementwise("sub", flat, b.f.scalar(least, x.element)), b.f.scalar(bins / (most - least), x.element))
    last = b.f.elementwise("equal", flat, b.f.scalar(most, x.element), element="i1")
    place = b.f.elementwise("select", last, b.f.scalar(bins - 1, x.element), b.f.elementwise("floor", place))
    hit = b.f.elementwise("equal", place, b.f.iota(0, (bins,), x.element), element="i1")
    inside = b.f.elementwise("less_equal", flat, b.f.scalar(most, x.element), element="i1")
    counted = b.f.cast(b.f.elementwise("and", hit, inside), x.element)
    return b.f.reshape(b.f.reduce("sum", counted, [0]), (bins,))


def extreme(b: Importer, x: Value, axis: int, largest: bool) -> tuple[Value, Value]:
    """The extreme element along an axis and where it stands first; the axis stays."""
    value = b.f.reduce("max" if largest else "min", x, [axis])
    same = b.f.elementwise("equal", x, value, element="i1")
    if x.is_float:
        same = b.f.elementwise("or", same, b.f.elementwise("is_nan", x, element="i1"))
    place = b.f.iota(axis, [size if i == axis else 1 for i, size in enumerate(x.shape)], "i64")
    beyond = b.f.scalar(2.0**62, "i64")
    return value, b.f.reduce("min", b.f.elementwise("select", same, place, beyond), [axis])


@lowers("aten.argmax.default", "aten.argmin.default")
def arg_extreme(b: Importer, x: Value, axis: int | None = None, keep: bool = False) -> Value:
    assert b.node is not None
    largest = "argmax" in str(b.node.target)
    if not x.shape:
        return b.f.scalar(0, "i64")
    if axis is None:
        x, axis = b.f.reshape(x, (product(x.shape),)), 0
    return b.f.reshape(extreme(b, x, axis_of(axis, len(x.shape)), largest)[1], b.shape)


@lowers("aten.max.dim", "aten.min.dim")
def extreme_along(b: Importer, x: Value, axis: int, keep: bool = False) -> list[Value]:
    assert b.node is not None
    if not x.shape:
        return [x, b.f.scalar(0, "i64")]
    value, place = extreme(b, x, axis_of(axis, len(x.shape)), "max" in str(b.node.target))
    return [b.f.reshape(each, shape_of(example)) for each, example in zip((value, place), b.meta)]
