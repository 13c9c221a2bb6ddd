# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is looked up, and what is written into a part of an array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._module import Dim, Value, broadcast_shape, product
from ..graph import Importer, Unsupported, lowers
from .shapes import END, axis_of


def from_front(b: Importer, index: Value, size: Dim) -> Value:
    """Numbers below 0 count from the end."""
    if index.element == "i1":
        raise Unsupported("a choice of elements by truths, whose number is not known")
    if index.element in ("i1", "ui8", "i8", "i16"):
        index = b.f.cast(index, "i64")
    end = b.f.size(size, index.element)
    below = b.f.elementwise("less", index, b.f.scalar(0, index.element), element="i1")
    return b.f.elementwise("select", below, b.f.elementwise("add", index, end), index)


@lowers("aten.embedding.default")
def embedding(b: Importer, weight: Value, ids: Value, *_: Any, **__: Any) -> Value:
    return b.f.gather(weight, ids, 0)


@lowers("aten.index_select.default")
def index_select(b: Importer, x: Value, axis: int, index: Value) -> Value:
    if not x.shape:
        return b.f.broadcast(x, b.shape)
    return b.f.gather(x, b.f.reshape(index, (product(index.shape),)), axis_of(axis, len(x.shape)))


@lowers("aten.gather.default")
def gather(b: Importer, x: Value, axis: int, index: Value, sparse_grad: bool = False) -> Value:
    if not x.shape or not index.shape:
        return b.f.broadcast(b.f.reshape(x, ()), b.shape)
    axis = axis_of(axis, len(x.shape))
    if len(x.shape) != len(index.shape):
        raise Unsupported("a gather whose indices have other sizes")
    for i, (whole, size) in enumerate(zip(x.shape, index.shape)):
        if i != axis and whole != size:
            if not isinstance(size, int) or (isinstance(whole, int) and size > whole):
                raise Unsupported("a gather whose indices have other sizes")
            x = b.f.slice(x, [0] * len(x.shape), [1] * len(x.shape), [size if j == i else each for j, each in enumerate(x.shape)])
    return b.f.gather(x, index, axis, each=True)


def of_numbers(x: Value) -> None:
    if x.element == "i1":
        raise Unsupported("sums of truths")


class Places:
    """The elements that `x[indices]` names, as rows of x with its indexed dimensions in front."""

    def __init__(self, b: Importer, x: Value, indices: Sequence[Value | None]) -> None:
        given = [(i, index) for i, index in enumerate(indices) if index is not None]
        if any(index.element == "i1" for _, index in given):
            raise Unsupported("a choice of elements by truths, whose number is not known")
        self.axes = [i for i, _ in given]
        self.rest = [i for i in range(len(x.shape)) if i not in self.axes]
        self.whole = [x.shape[i] for i in self.axes]
        self.rest_shape = [x.shape[i] for i in self.rest]
        self.shape = broadcast_shape([index.shape for _, index in given])
        flat: Value | None = None
        for axis, index in given:
            number = from_front(b, b.f.cast(index, "i64"), x.shape[axis])
            if flat is None:
                flat = number
            else:
                scaled = b.f.elementwise("mul", flat, b.f.size(x.shape[axis], "i64"))
                flat = b.f.elementwise("add", scaled, number)
        assert flat is not None
        self.flat = flat

    @property
    def adjacent(self) -> bool:
        return self.axes == list(range(self.axes[0], self.axes[-1] + 1))

    def rows(self, b: Importer, x: Value) -> Value:
        return b.f.reshape(b.f.transpose(x, [*self.axes, *self.rest]), [product(self.whole), *self.rest_shape])

    def unrows(self, b: Importer, rows: Value, x: Value) -> Value:
        """The inverse of `rows`."""
        order = [*self.axes, *self.rest]
        whole = b.f.reshape(rows, [*self.whole, *self.rest_shape])
        return b.f.transpose(whole, [order.index(i) for i in range(len(x.shape))])


@lowers("aten.index.Tensor", "aten._unsafe_index.Tensor")
def index(b: Importer, x: Value, indices: Sequence[Value | None]) -> Value:
    given = [i for i, each in enumerate(indices) if each is not None]
    if len(given) == 1:
        only = indices[given[0]]
        assert only is not None
        return b.f.gather(x, from_front(b, only, x.shape[given[0]]), given[0])
    places = Places(b, x, indices)
    found = b.f.gather(places.rows(b, x), places.flat, 0)
    if places.adjacent and places.axes[0] > 0:
        count, lead = len(places.shape), places.axes[0]
        order = [*range(count, count + lead), *range(count), *range(count + lead, len(found.shape))]
        found = b.f.transpose(found, order)
    return b.f.reshape(found, b.shape)


@lowers("aten.index_put.default", "aten._unsafe_index_put.default")
def index_put(b: Importer, x: Value, indices: Sequence[Value | None], updates: Value, accumulate: bool = False) -> Value:
    updates = b.f.cast(updates, x.element)
    if accumulate:
        of_numbers(x)
    given = [i for i, each in enumerate(indices) if each is not None]
    only = indices[given[0]] if len(given) == 1 else None
    if only is not None and len(only.shape) == 1:
        axis = given[0]
        shape = [only.shape[0] if i == axis else size for i, size in enumerate(x.shape)]
        return b.f.scatter(x, from_front(b, only, x.shape[axis]), b.f.broadcast(updates, shape), axis, add=accumulate)
    places = Places(b, x, indices)
    if len(places.rest) and places.axes[0] > 0 and places.adjacent:
        raise Unsupported("several indices behind a dimension that has none")
    updates = b.f.reshape(b.f.broadcast(updates, [*places.shape, *places.rest_shape]), [product(places.shape), *places.rest_shape])
    flat = b.f.reshape(places.flat, (product(places.shape),))
    return places.unrows(b, b.f.scatter(places.rows(b, x), flat, updates, 0, add=accumulate), x)


@lowers("aten.index_copy.default", "aten.index_add.default")
def index_copy(b: Importer, x: Value, axis: int, place: Value, updates: Value, alpha: Any = 1) -> Value:
    assert b.node is not None
    if alpha != 1:
        updates = b.f.elementwise("mul", updates, b.as_value(alpha, updates.element))
    if not x.shape:
        raise Unsupported("an index into a number")
    if "index_add" in str(b.node.target):
        of_numbers(x)
    axis = axis_of(axis, len(x.shape))
    place = b.f.reshape(place, (product(place.shape),))
    return b.f.scatter(x, place, b.f.reshape(updates, [place.shape[0] if i == axis else size for i, size in enumerate(x.shape)]), axis,
                       add="index_add" in str(b.node.target))


@lowers("aten.scatter.src", "aten.scatter.value", "aten.scatter_add.default")
def scatter(b: Importer, x: Value, axis: int, place: Value, updates: Any) -> Value:
    assert b.node is not None
    if not x.shape or not place.shape:
        raise Unsupported("an index into a number")
    if "scatter_add" in str(b.node.target):
        of_numbers(x)
    axis = axis_of(axis, len(x.shape))
    if isinstance(updates, Value):
        if updates.shape != place.shape:
            if not all(isinstance(size, int) for size in (*updates.shape, *place.shape)):
                raise Unsupported("a scatter whose indices have other sizes")
            updates = b.f.slice(updates, [0] * len(place.shape), [1] * len(place.shape), place.shape)
    else:
        updates = b.f.broadcast(b.as_value(updates, x.element), place.shape)
    if any(size != whole for i, (size, whole) in enumerate(zip(place.shape, x.shape)) if i != axis):
        raise Unsupported("a scatter whose indices have other sizes")
    return b.f.scatter(x, place, updates, axis, each=True, add="scatter_add" in str(b.node.target))


def written(b: Importer, x: Value, updates: Value, axis: int, start: Any, step: int) -> Value:
    """`updates` at `start`, `start + step`, ... along an axis."""
    rows = b.f.elementwise("mul", b.f.iota(0, (updates.shape[axis],), "i64"), b.f.scalar(step, "i64"))
    if isinstance(start, int) and start < 0:
        start = b.f.elementwise("add", b.f.size(x.shape[axis], "i64"), b.f.scalar(start, "i64"))
    return b.f.scatter(x, b.f.elementwise("add", rows, b.as_value(start, "i64")), updates, axis)


@lowers("aten.slice_scatter.default")
def slice_scatter(b: Importer, x: Value, updates: Value, axis: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Value:
    axis = axis_of(axis, len(x.shape))
    start = 0 if start is None else start
    whole = x.shape[axis]
    if isinstance(start, int) and isinstance(whole, int):
        start = max(start + whole, 0) if start < 0 else min(start, whole)
    if start == 0 and step == 1 and (end is None or end == whole or (isinstance(end, int) and end >= END)):
        return b.f.cast(updates, x.element)
    return written(b, x, b.f.cast(updates, x.element), axis, start, step)


@lowers("aten.select_scatter.default")
def select_scatter(b: Importer, x: Value, updates: Value, axis: int, place: Any) -> Value:
    axis = axis_of(axis, len(x.shape))
    row = b.f.reshape(b.f.cast(updates, x.element), [1 if i == axis else size for i, size in enumerate(x.shape)])
    return written(b, x, row, axis, place, 1)


@lowers("aten.one_hot.default")
def one_hot(b: Importer, x: Value, classes: int = -1) -> Value:
    count = b.shape[-1]
    same = b.f.elementwise("equal", b.f.reshape(x, (*x.shape, 1)), b.f.iota(0, (count,), x.element), element="i1")
    return b.f.cast(same, b.element)
