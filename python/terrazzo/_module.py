# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes modules of tz as text: a line for each operation, types from what values know of themselves.

    f = Function("mix")
    x = f.argument("x", ["T", 24], "f32")
    f.result("y", f.elementwise("relu", x))
    text = module_text([f])

A dimension is a number or an expression of sizes ("T", "B * T + 2"); a shape is a sequence of them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

Dim = int | str
Shape = Sequence[Dim]

FLOATS = ("f64", "f32", "f16", "bf16")
BYTES = {"f64": 8, "f32": 4, "f16": 2, "bf16": 2, "i64": 8, "i32": 4, "i16": 2, "i8": 1, "i1": 1, "ui8": 1}


class Value(NamedTuple):
    name: str
    shape: tuple[Dim, ...]
    element: str

    @property
    def type(self) -> str:
        return type_text(self.shape, self.element)

    @property
    def is_float(self) -> bool:
        return self.element in FLOATS


def type_text(shape: Shape, element: str) -> str:
    return f"tensor<{''.join(f'{size}x' if isinstance(size, int) else '?x' for size in shape)}{element}>"


def number_text(value: float) -> str:
    """A number as an attribute of 64 bits, infinities and NaN by their bits."""
    if math.isnan(value):
        return "0x7FF8000000000000"
    if math.isinf(value):
        return "0x7FF0000000000000" if value > 0 else "0xFFF0000000000000"
    return f"{float(value):.17e}"


def product(shape: Shape) -> Dim:
    """How many elements an array of this shape has."""
    fixed = math.prod(size for size in shape if isinstance(size, int))
    others = [size for size in shape if not isinstance(size, int)]
    if not others or fixed == 0:
        return fixed
    factors = ([str(fixed)] if fixed != 1 else []) + [size if size.isidentifier() else f"({size})" for size in others]
    return " * ".join(factors)


class Weight(NamedTuple):
    name: str
    shape: tuple[int, ...]
    element: str


class Function:
    """One tz.func; every method that names an operation adds a line and answers its result."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: list[str] = []
        self.arguments: list[tuple[str, Value]] = []
        self.results: list[tuple[str, Value]] = []
        self.weights: dict[str, Weight] = {}
        self.location: str | None = None
        self._used: dict[str, Value] = {}
        self._count = 0

    # --- values ------------------------------------------------------------

    def argument(self, name: str, shape: Shape, element: str) -> Value:
        value = Value(f"%arg{len(self.arguments)}", tuple(shape), element)
        self.arguments.append((name, value))
        return value

    def result(self, name: str, value: Value) -> None:
        self.results.append((name, value))

    def weight(self, name: str, shape: Sequence[int], element: str) -> Value:
        """The weight of this name, which the caller of the program has in memory."""
        if name not in self._used:
            self.weights[name] = Weight(name, tuple(shape), element)
            self._used[name] = self._line(f"use_weight @{json.dumps(name)} : {type_text(shape, element)}", shape, element)
        return self._used[name]

    def scalar(self, number: float, element: str) -> Value:
        return self._line(f"scalar {number_text(number)} : {type_text((), element)}", (), element)

    def constant(self, numbers: object, shape: Sequence[int], element: str) -> Value:
        """A small array; `numbers` is a nested list."""
        return self._line(f"constant dense<{dense_text(numbers, element)}> : {type_text(shape, element)}", shape, element)

    def iota(self, axis: int, shape: Shape, element: str) -> Value:
        text = f"iota {attributes(axis=f'{axis} : i64', sizes=names_of(shape))} : {type_text(shape, element)}"
        return self._line(text, shape, element)

    def size(self, size: Dim, element: str) -> Value:
        """A size as a number of an array."""
        if isinstance(size, int):
            return self.scalar(size, element)
        ones = self.broadcast(self.scalar(1, "i64"), (size,))
        return self.cast(self.reshape(self.reduce("sum", ones, [0]), ()), element)

    # --- operations --------------------------------------------------------

    def elementwise(self, function: str, *operands: Value, element: str | None = None) -> Value:
        shape = broadcast_shape([operand.shape for operand in operands])
        element = element or operands[-1].element
        return self._call(f"elementwise {function}({names(operands)})", operands, shape, element)

    def cast(self, x: Value, element: str) -> Value:
        return x if x.element == element else self.elementwise("cast", x, element=element)

    def reshape(self, x: Value, shape: Shape) -> Value:
        if tuple(shape) == x.shape:
            return x
        return self._plain(f"reshape {x.name} {attributes(sizes=names_of(shape))}", x, shape)

    def broadcast(self, x: Value, shape: Shape) -> Value:
        if tuple(shape) == x.shape:
            return x
        return self._plain(f"broadcast {x.name} {attributes(sizes=names_of(shape))}", x, shape)

    def transpose(self, x: Value, order: Sequence[int]) -> Value:
        if list(order) == list(range(len(x.shape))):
            return x
        return self._plain(f"transpose {x.name} {list(order)}", x, [x.shape[i] for i in order])

    def slice(self, x: Value, offsets: Sequence[int], strides: Sequence[int], shape: Shape, cut: Sequence[int] | None = None) -> Value:
        cuts = f"array<i64: {', '.join(map(str, cut))}>" if cut else None
        return self._plain(f"slice {x.name} {list(offsets)} {list(strides)} {attributes(cut=cuts)}", x, shape)

    def pad(self, x: Value, low: Sequence[int], high: Sequence[int], value: float, shape: Shape) -> Value:
        return self._plain(f"pad {x.name} {list(low)} {list(high)} {attributes(value=number_text(value) + ' : f64')}", x, shape)

    def windows(self, x: Value, strides: Sequence[int], dilations: Sequence[int], low: Sequence[int], high: Sequence[int],
                shape: Shape) -> Value:
        behind = f"array<i64: {', '.join(map(str, high))}>"
        return self._plain(f"windows {x.name} {list(strides)} {list(dilations)} {list(low)} {attributes(high=behind)}", x, shape)

    def reverse(self, x: Value, axes: Sequence[int]) -> Value:
        return self._plain(f"reverse {x.name} {list(axes)}", x, x.shape)

    def reduce(self, combiner: str, x: Value, axes: Sequence[int]) -> Value:
        """The axes stay, as dimensions of one."""
        kept: list[Dim] = [1 if i in axes else size for i, size in enumerate(x.shape)]
        return self._plain(f"reduce {combiner} {x.name} {list(axes)}", x, kept)

    def softmax(self, x: Value, axis: int, *, logarithm: bool = False) -> Value:
        return self._plain(f"softmax {x.name} {attributes(axis=f'{axis} : i64', logarithm=logarithm)}", x, x.shape)

    def cumsum(self, x: Value, axis: int, *, exclusive: bool = False, backwards: bool = False) -> Value:
        how = attributes(axis=f"{axis} : i64", exclusive=exclusive, backwards=backwards)
        return self._plain(f"cumsum {x.name} {how}", x, x.shape)

    def top_k(self, x: Value, count: int) -> Value:
        """Where the largest of the last dimension stand."""
        return self._plain(f"top_k {x.name}", x, [*x.shape[:-1], count], "i32")

    def contract(self, dims: str, a: Value, b: Value) -> Value:
        sides, made = dims.split("->")
        sizes: dict[str, Dim] = {}
        for letters, value in zip(sides.split(","), (a, b)):
            sizes.update(zip(letters, value.shape))
        return self._call(f'contract "{dims}" {names([a, b])}', [a, b], [sizes[letter] for letter in made], a.element)

    def gather(self, x: Value, indices: Value, axis: int, *, each: bool = False) -> Value:
        shape = indices.shape if each else [*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]]
        return self._call(f"gather {names([x, indices])} {attributes(axis=f'{axis} : i64', each=each)}", [x, indices], shape, x.element)

    def scatter(self, x: Value, indices: Value, updates: Value, axis: int, *, each: bool = False, add: bool = False) -> Value:
        how = attributes(axis=f"{axis} : i64", each=each, add=add)
        return self._call(f"scatter {names([x, indices, updates])} {how}", [x, indices, updates], x.shape, x.element)

    def concat(self, parts: Sequence[Value], axis: int, size: Dim) -> Value:
        """`size` is that of the result along the axis."""
        shape = list(parts[0].shape)
        shape[axis] = size
        return self._call(f"concat({names(parts)}) {attributes(axis=f'{axis} : i64')}", parts, shape, parts[0].element)

    def layer_norm(self, x: Value, weight: Value, bias: Value | None, epsilon: float) -> Value:
        operands = [x, weight] + ([] if bias is None else [bias])
        return self._call(f"layer_norm {names(operands)} {attributes(epsilon=number_text(epsilon) + ' : f64')}", operands, x.shape, x.element)

    # --- text --------------------------------------------------------------

    def _plain(self, text: str, x: Value, shape: Shape, element: str | None = None) -> Value:
        element = element or x.element
        return self._line(f"{text} : {x.type} -> {type_text(shape, element)}", shape, element)

    def _call(self, text: str, operands: Iterable[Value], shape: Shape, element: str) -> Value:
        types = ", ".join(operand.type for operand in operands)
        return self._line(f"{text} : ({types}) -> {type_text(shape, element)}", shape, element)

    def _line(self, text: str, shape: Shape, element: str) -> Value:
        self._count += 1
        value = Value(f"%{self._count}", tuple(shape), element)
        place = f" loc({json.dumps(self.location)})" if self.location else ""
        self.lines.append(f"  {value.name} = tz.{text}{place}")
        return value

    def text(self, bounds: Mapping[str, list[int]]) -> str:
        given = ", ".join(f"{value.name}: {value.type} {{tz.name = {json.dumps(name)}, tz.dims = {dims_text(value.shape)}}}"
                          for name, value in self.arguments)
        made = ", ".join(f"{value.type} {{tz.name = {json.dumps(name)}}}" for name, value in self.results)
        end = "  tz.return" + (f" {names([v for _, v in self.results])} : {', '.join(v.type for _, v in self.results)}" if self.results else "")
        sizes = ", ".join(f"{name} = {values}" for name, values in bounds.items())
        how = f" attributes {{tz.sizes = {{{sizes}}}}}" if sizes else ""
        return "\n".join([f"tz.func @{self.name}({given}) -> ({made}){how} {{", *self.lines, end, "}"])


def names(operands: Iterable[Value]) -> str:
    return ", ".join(operand.name for operand in operands)


def names_of(shape: Shape) -> str | None:
    """The attribute that says what each '?' is."""
    open_dims = [size for size in shape if not isinstance(size, int)]
    return dims_text(open_dims) if open_dims else None


def dims_text(shape: Shape) -> str:
    return f"[{', '.join(str(size) if isinstance(size, int) else json.dumps(size) for size in shape)}]"


def attributes(**given: str | bool | None) -> str:
    """Those that are there; True is one without a value."""
    parts = [name if value is True else f"{name} = {value}" for name, value in given.items() if value not in (None, False)]
    return f"{{{', '.join(parts)}}}" if parts else ""


def dense_text(numbers: object, element: str) -> str:
    if isinstance(numbers, (list, tuple)):
        return f"[{', '.join(dense_text(number, element) for number in numbers)}]"
    if element == "i1":
        return "true" if numbers else "false"
    if element not in FLOATS:
        return str(int(numbers))  # type: ignore[call-overload]
    value = float(numbers)  # type: ignore[arg-type]
    if math.isfinite(value):
        return f"{value:.17e}"
    bits = {"f64": (0x7FF0000000000000, 16, 0x8000000000000), "f32": (0x7F800000, 8, 0x400000), "f16": (0x7C00, 4, 0x200),
            "bf16": (0x7F80, 4, 0x40)}
    infinity, digits, quiet = bits[element]
    sign = 1 << (digits * 4 - 1) if value < 0 else 0
    return f"0x{infinity | sign | (quiet if math.isnan(value) else 0):0{digits}X}"


def broadcast_shape(shapes: Sequence[Shape]) -> tuple[Dim, ...]:
    rank = max(map(len, shapes))
    aligned: list[list[Dim]] = [[*[1] * (rank - len(shape)), *shape] for shape in shapes]
    columns = zip(*aligned)
    return tuple(next((size for size in sizes if size != 1), 1) for sizes in columns)


def module_text(functions: Sequence[Function], bounds: Mapping[str, list[int]] | None = None, file: str = "",
                places: Mapping[str, int] | None = None) -> str:
    """The module, whose functions are compiled for these values of sizes, the last being the bound. Weights lie in a file, each at
    its place there, or are the caller's."""
    weights: dict[str, Weight] = {}
    for function in functions:
        weights.update(function.weights)
    lines = []
    for weight in weights.values():
        name, size = json.dumps(weight.name), math.prod(weight.shape) * BYTES[weight.element]
        lines.append(f"tz.weight @{name} : {type_text(weight.shape, weight.element)} "
                     f'{{file = {json.dumps(file)}, tensor = {name}, offset = {(places or {}).get(weight.name, 0)} : i64, bytes = {size} : i64, hash = 0 : i64}}')
    return "\n".join([*lines, *(function.text(bounds or {}) for function in functions)]) + "\n"
