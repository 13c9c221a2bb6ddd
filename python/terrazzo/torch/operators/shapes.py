# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Changes of shape, parts, and arrays behind each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..._module import Dim, Value
from ..graph import Importer, Unsupported, lowers
from ..sizes import dim_of, shape_of

sym_max: Any = torch.sym_max
END = 2**62  # torch's "to the end" is 2^63 - 1


def axis_of(axis: int, rank: int) -> int:
    return axis + max(rank, 1) if axis < 0 else axis


@lowers("aten.view.default", "aten.reshape.default", "aten._unsafe_view.default", "aten.unsqueeze.default", "aten.squeeze.default",
        "aten.squeeze.dim", "aten.squeeze.dims", "aten.flatten.using_ints", "aten.unflatten.int", "aten._reshape_alias.default",
        "aten.view_as.default", "aten.view_copy.default", "aten.unsqueeze_copy.default", "aten.squeeze_copy.default", "aten.squeeze_copy.dim")
def reshape(b: Importer, x: Value, *_: Any, **__: Any) -> Value:
    return b.f.reshape(x, b.shape)


@lowers("aten.expand.default", "aten.broadcast_to.default", "aten.expand_as.default", "aten.expand_copy.default")
def expand(b: Importer, x: Value, *_: Any, **__: Any) -> Value:
    return b.f.broadcast(x, b.shape)


@lowers("aten.permute.default", "aten.permute_copy.default")
def permute(b: Importer, x: Value, order: Sequence[int]) -> Value:
    return b.f.transpose(x, [axis_of(i, len(x.shape)) for i in order])


@lowers("aten.transpose.int", "aten.transpose_copy.int", "aten.swapaxes.default")
def transpose(b: Importer, x: Value, first: int, second: int) -> Value:
    order = list(range(len(x.shape)))
    if not order:
        return x
    first, second = axis_of(first, len(order)), axis_of(second, len(order))
    order[first], order[second] = order[second], order[first]
    return b.f.transpose(x, order)


@lowers("aten.t.default", "aten.t_copy.default", "aten.numpy_T.default")
def matrix_transpose(b: Importer, x: Value) -> Value:
    return b.f.transpose(x, list(reversed(range(len(x.shape)))))


@lowers("aten.movedim.int")
def move_dim(b: Importer, x: Value, source: int, destination: int) -> Value:
    order = list(range(len(x.shape)))
    order.remove(axis_of(source, len(x.shape)))
    order.insert(axis_of(destination, len(x.shape)), axis_of(source, len(x.shape)))
    return b.f.transpose(x, order)


def part(b: Importer, x: Value, axis: int, start: Dim, step: int, size: Dim) -> Value:
    """`size` elements along an axis from `start` on; a number below 0 counts from the end."""
    rank, whole = len(x.shape), x.shape[axis]
    if start == 0 and step == 1 and size == whole:
        return x
    shape = list(x.shape)
    shape[axis] = size
    fixed = isinstance(start, int) and (isinstance(size, int) or not isinstance(whole, int))
    if fixed and isinstance(size, int):
        assert isinstance(start, int)
        strides = [step if i == axis else 1 for i in range(rank)]
        return b.f.slice(x, [start if i == axis else 0 for i in range(rank)], strides, shape)
    # What no slice says: rows that are counted and looked up.
    index = b.f.iota(0, (size,), "i64")
    if step != 1:
        index = b.f.elementwise("mul", index, b.f.scalar(step, "i64"))
    if start != 0:
        first = b.f.elementwise("add", b.f.size(whole, "i64"), b.f.scalar(start, "i64")) if isinstance(start, int) and start < 0 \
            else b.as_value(start, "i64") if isinstance(start, str) else b.f.scalar(start, "i64")
        index = b.f.elementwise("add", index, first)
    return b.f.gather(x, index, axis)


@lowers("aten.slice.Tensor", "aten.slice_copy.Tensor")
def slice_(b: Importer, x: Value, axis: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Value:
    axis, size = axis_of(axis, len(x.shape)), b.shape[axis_of(axis, len(x.shape))]
    start = 0 if start is None else start
    whole = x.shape[axis]
    if isinstance(start, int) and isinstance(whole, int):
        start = max(start + whole, 0) if start < 0 else min(start, whole)
    if size == whole and step == 1:
        return x  # whatever its bounds are
    if isinstance(start, int) and start < 0:
        example = b.example(0)
        start = dim_of(sym_max(example.shape[axis] + start, 0)) if isinstance(size, str) else start
    return part(b, x, axis, start, step, size)


@lowers("aten.select.int", "aten.select_copy.int")
def select(b: Importer, x: Value, axis: int, index: Any) -> Value:
    axis = axis_of(axis, len(x.shape))
    whole = x.shape[axis]
    if isinstance(index, int) and index < 0 and isinstance(whole, int):
        index += whole
    return b.f.reshape(part(b, x, axis, index, 1, 1), b.shape)


@lowers("aten.narrow.default", "aten.narrow_copy.default")
def narrow(b: Importer, x: Value, axis: int, start: Any, length: Any) -> Value:
    axis = axis_of(axis, len(x.shape))
    return part(b, x, axis, start, 1, b.shape[axis])


@lowers("aten.split.Tensor", "aten.split_with_sizes.default", "aten.chunk.default", "aten.tensor_split.sections", "aten.split_copy.Tensor",
        "aten.split_with_sizes_copy.default")
def split(b: Importer, x: Value, _: Any, axis: int = 0) -> list[Value]:
    axis, parts, start = axis_of(axis, len(x.shape)), [], 0
    for example in b.meta:
        shape = shape_of(example)
        if not isinstance(shape[axis], int) and example is not b.meta[-1]:
            raise Unsupported("parts of unknown sizes")
        parts.append(part(b, x, axis, start, 1, shape[axis]))
        start += shape[axis] if isinstance(shape[axis], int) else 0  # type: ignore[operator]
    return parts


@lowers("aten.unbind.int", "aten.unbind_copy.int")
def unbind(b: Importer, x: Value, axis: int = 0) -> list[Value]:
    axis = axis_of(axis, len(x.shape))
    return [b.f.reshape(part(b, x, axis, i, 1, 1), shape_of(example)) for i, example in enumerate(b.meta)]


@lowers("aten.cat.default", "aten.concat.default")
def concat(b: Importer, parts: Sequence[Value], axis: int = 0) -> Value:
    element, axis = b.element, axis_of(axis, len(b.shape))
    there = [b.f.cast(x, element) for x in parts if x.shape != (0,) and not (axis < len(x.shape) and x.shape[axis] == 0)]
    if not there:
        raise Unsupported("nothing behind nothing")
    return there[0] if len(there) == 1 else b.f.concat(there, axis, b.shape[axis])


@lowers("aten.stack.default")
def stack(b: Importer, parts: Sequence[Value], axis: int = 0) -> Value:
    shape = b.shape
    axis = axis_of(axis, len(shape))
    flat = [b.f.reshape(b.f.cast(x, b.element), [1 if i == axis else size for i, size in enumerate(shape)]) for x in parts]
    return flat[0] if len(flat) == 1 else b.f.concat(flat, axis, len(flat))


@lowers("aten.flip.default")
def flip(b: Importer, x: Value, axes: Sequence[int]) -> Value:
    return b.f.reverse(x, [axis_of(i, len(x.shape)) for i in axes]) if axes and x.shape else x


@lowers("aten.repeat.default")
def repeat(b: Importer, x: Value, times: Sequence[Any]) -> Value:
    """Each dimension with one before it, which is repeated."""
    lead = len(times) - len(x.shape)
    single: list[Dim] = []
    many: list[Dim] = []
    for i, count in enumerate(times):
        size = x.shape[i - lead] if i >= lead else 1
        single += [1, size]
        many += [count, size]
    if len(many) > 8:
        kept = [i for i in range(0, len(many), 2) if many[i] != 1]
        single, many = squeezed(single, kept), squeezed(many, kept)
    if len(many) > 8:
        raise Unsupported("repetitions along more than four dimensions")
    return b.f.reshape(b.f.broadcast(b.f.reshape(x, single), many), b.shape)


def squeezed(dims: list[Dim], kept: list[int]) -> list[Dim]:
    return [dim for i, dim in enumerate(dims) if i % 2 or i in kept]


@lowers("aten.repeat_interleave.self_int")
def repeat_interleave(b: Importer, x: Value, times: Any, axis: int | None = None, output_size: Any = None) -> Value:
    if axis is None:
        raise Unsupported("repeat_interleave of all elements")
    axis = axis_of(axis, len(x.shape))
    single = [*x.shape[: axis + 1], 1, *x.shape[axis + 1 :]]
    many = [*x.shape[: axis + 1], times, *x.shape[axis + 1 :]]
    return b.f.reshape(b.f.broadcast(b.f.reshape(x, single), many), b.shape)


@lowers("aten.constant_pad_nd.default", "aten.pad.default")
def pad(b: Importer, x: Value, borders: Sequence[Any], mode: Any = "constant", value: Any = None) -> Value:
    if isinstance(mode, (int, float)):
        mode, value = "constant", mode
    if mode != "constant" or not all(isinstance(border, int) for border in borders):
        raise Unsupported(f"a border of kind {mode}" if mode != "constant" else "a border of unknown width")
    rank = len(x.shape)
    low, high = [0] * rank, [0] * rank
    for i in range(len(borders) // 2):
        low[rank - 1 - i], high[rank - 1 - i] = borders[2 * i], borders[2 * i + 1]
    for i in range(rank):  # a border below 0 cuts
        cut_low, cut_high = min(low[i], 0), min(high[i], 0)
        if cut_low or cut_high:
            size = x.shape[i]
            if not isinstance(size, int):
                raise Unsupported("a border below 0 of an unknown size")
            x = part(b, x, i, -cut_low, 1, size + cut_low + cut_high)
            low[i], high[i] = max(low[i], 0), max(high[i], 0)
    if not any(low) and not any(high):
        return x
    return b.f.pad(x, low, high, float(value or 0), b.shape)


@lowers("aten.roll.default")
def roll(b: Importer, x: Value, shifts: Sequence[Any], axes: Sequence[int] = ()) -> Value:
    if not axes:
        raise Unsupported("roll of all elements")
    for shift, axis in zip(shifts, axes):
        axis = axis_of(axis, len(x.shape))
        size = x.shape[axis]
        if not isinstance(size, int) or not isinstance(shift, int):
            raise Unsupported("roll of unknown sizes")
        shift = shift % size if size else 0
        if shift:
            x = b.f.concat([part(b, x, axis, size - shift, 1, shift), part(b, x, axis, 0, 1, size - shift)], axis, size)
    return x
