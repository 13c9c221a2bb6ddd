# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arrays out of nothing: counted, or all the same."""

from __future__ import annotations

from typing import Any

from ..._module import Value
from ..graph import Importer, Unsupported, lowers


@lowers("aten.arange.start_step", "aten.arange.start", "aten.arange.default")
def arange(b: Importer, start: Any, end: Any = None, step: Any = 1, dtype: Any = None) -> Value:
    if end is None:
        start = 0
    element = b.element
    if element not in ("f32", "f64", "i64", "i32"):
        raise Unsupported(f"counting in {element}")
    result = b.f.iota(0, b.shape, element)
    if step != 1:
        result = b.f.elementwise("mul", result, b.as_value(step, element))
    return result if start == 0 else b.f.elementwise("add", result, b.as_value(start, element))


def filled(b: Importer, number: Any) -> Value:
    return b.f.broadcast(b.as_value(number, b.element), b.shape)


@lowers("aten.full.default", "aten.full_like.default", "aten.new_full.default")
def full(b: Importer, _: Any, *numbers: Any, **__: Any) -> Value:
    return filled(b, numbers[-1])


@lowers("aten.fill.Scalar", "aten.fill.Tensor")
def fill(b: Importer, _: Any, number: Any) -> Value:
    return filled(b, number)


@lowers("aten.empty.memory_format", "aten.empty_like.default", "aten.empty_permuted.default", "aten.new_empty.default", "aten.zeros.default", "aten.zeros_like.default", "aten.new_zeros.default")
def zeros(b: Importer, *_: Any, **__: Any) -> Value:
    return filled(b, 0)


@lowers("aten.ones.default", "aten.ones_like.default", "aten.new_ones.default")
def ones(b: Importer, *_: Any, **__: Any) -> Value:
    return filled(b, 1)


@lowers("aten.scalar_tensor.default")
def scalar(b: Importer, number: Any, **_: Any) -> Value:
    return b.as_value(number, b.element)


@lowers("aten.eye.default", "aten.eye.m")
def eye(b: Importer, *_: Any, **__: Any) -> Value:
    rows, columns = b.shape
    equal = b.f.elementwise("equal", b.f.iota(0, (rows, 1), "i32"), b.f.iota(0, (columns,), "i32"), element="i1")
    return b.f.cast(equal, b.element)


@lowers("aten.tril.default", "aten.triu.default")
def triangle(b: Importer, x: Value, diagonal: int = 0) -> Value:
    assert b.node is not None
    rows, columns = x.shape[-2:]
    row, column = b.f.iota(0, (rows, 1), "i64"), b.f.iota(0, (columns,), "i64")
    reach = b.f.elementwise("add", row, b.f.scalar(diagonal, "i64"))
    lower = "tril" in str(b.node.target)
    kept = b.f.elementwise("less_equal", *((column, reach) if lower else (reach, column)), element="i1")
    return b.f.elementwise("select", kept, x, b.f.scalar(0, x.element))
