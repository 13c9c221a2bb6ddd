# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A graph of ATen operations as a function of tz: one line of a table for each operation, no pattern is known here.

What is no operation of the table is collected, with the line of the user's program that it comes from, and told at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import torch
import torch.fx

from .. import _arrays
from .._module import Dim, Function, Value
from .sizes import UnsupportedSize, dim_of, shape_of, symbols_of

ELEMENT = {getattr(torch, element.torch): {"bool": "i1", "u8": "ui8"}.get(element.word, element.word) for element in _arrays.ELEMENTS}
DTYPE = {word: dtype for dtype, word in ELEMENT.items()}
LARGEST_CONSTANT = 4096  # elements

TABLE: dict[str, Callable[..., Any]] = {}
Lowering = TypeVar("Lowering", bound=Callable[..., Any])


def lowers(*targets: str) -> Callable[[Lowering], Lowering]:
    """Enters a function of the table: "aten.add.Tensor" etc."""

    def enter(function: Lowering) -> Lowering:
        for target in targets:
            TABLE[target] = function
        return function

    return enter


class Unsupported(Exception):
    """An operation, or a use of one, that has no lowering; the text says why."""


class Missing(NamedTuple):
    """What a graph has and tz does not."""

    operation: str
    reason: str
    place: str  # of the user's program: "model.py:88"


class Importer:
    """Lowers a graph node by node. `b` of lowerings is this: tz's operations are methods of `f`."""

    def __init__(self, graph: torch.fx.Graph, name: str = "main") -> None:
        self.f = Function(name)
        self.graph = graph
        self.node: torch.fx.Node | None = None
        self.values: dict[torch.fx.Node, Any] = {}
        self.missing: list[Missing] = []
        self.lost: list[torch.fx.Node] = []  # whose they are
        self.keeps_going = False  # on arguments in the place of what is lost, to find all of it
        self.constants: dict[str, torch.Tensor] = {}  # large ones, which become weights
        self.aliases: dict[str, str] = {}  # weights in another shape, and whose they are

    # --- what lowerings ask --------------------------------------------------

    @property
    def meta(self) -> Any:
        """The example of the node's result, or a sequence of them."""
        assert self.node is not None
        return self.node.meta["val"]

    @property
    def shape(self) -> tuple[Dim, ...]:
        return shape_of(self.meta)

    @property
    def element(self) -> str:
        return element_of(self.meta)

    def example(self, index: int) -> torch.Tensor:
        """That of an argument which is a tensor."""
        assert self.node is not None
        argument = self.node.args[index]
        assert isinstance(argument, torch.fx.Node)
        example: torch.Tensor = argument.meta["val"]
        return example

    def as_value(self, x: Any, element: str) -> Value:
        """A tensor cast, a number or a size as a scalar."""
        if isinstance(x, Value):
            return self.f.cast(x, element)
        if isinstance(x, str):
            return self.f.size(x, element)
        if isinstance(x, complex):
            raise Unsupported("complex numbers")
        if element == "i64" and isinstance(x, int) and int(float(x)) != x:
            return self.f.constant(x, (), element)
        return self.f.scalar(float(bool(x)) if element == "i1" else bounded(float(x), element), element)

    def weight_as(self, index: int, value: Value, shape: tuple[int, ...]) -> Value:
        """An argument in another shape; a weight is one of that shape from the beginning."""
        assert self.node is not None
        source = self.values.get(self.node.args[index])  # type: ignore[arg-type]
        if not isinstance(source, LazyWeight) or value.shape == shape:
            return self.f.reshape(value, shape)
        name = f"{source.name} as {'x'.join(map(str, shape))}"
        self.aliases[name] = source.name
        return self.f.weight(name, shape, source.element)

    # --- the graph -----------------------------------------------------------

    def add_input(self, node: torch.fx.Node, name: str) -> None:
        """An argument of the function."""
        example = node.meta["val"]
        self.values[node] = self.f.argument(name, shape_of(example), element_of(example))

    def add_weight(self, node: torch.fx.Node, name: str) -> None:
        self.values[node] = LazyWeight(name, tuple(int(size) for size in node.meta["val"].shape), element_of(node.meta["val"]))

    def lower(self) -> None:
        """All operations; what none has is in `missing` afterwards."""
        for node in self.graph.nodes:
            if node.op == "call_function":
                self._lower(node)

    def _lower(self, node: torch.fx.Node) -> None:
        self.node = node
        name, example = str(node.target), node.meta.get("val")
        if isinstance(example, (torch.SymInt, int)) and not isinstance(example, bool):
            self._try(node, lambda: dim_of(example))
            return
        if name == "<built-in function getitem>":
            source, index = node.args[:2]
            known = self.values.get(source, LOST)  # type: ignore[arg-type]
            self.values[node] = LOST if known is LOST else known[index]
            return
        if name in NOTHING:
            self.values[node] = None
            return
        if isinstance(example, (torch.SymBool, torch.SymFloat)):
            if any(str(user.target) not in NOTHING for user in node.users):
                self._lose(node, "a number that is computed of sizes")
            else:
                self.values[node] = LOST
            return
        lowering = TABLE.get(name)
        if lowering is None:
            self._lose(node, "no operation of tz is known for it")
            return
        self.f.location = place_of(node)
        self._try(node, lambda: lowering(self, *self._resolved(node.args), **self._resolved(keywords(node))))

    def _try(self, node: torch.fx.Node, lower: Callable[[], Any]) -> None:
        try:
            self.values[node] = lower()
        except (Unsupported, UnsupportedSize) as error:
            self._lose(node, str(error))
        except LostOperand:
            self.values[node] = LOST  # its cause is told already
            self.lost.append(node)

    def _lose(self, node: torch.fx.Node, reason: str) -> None:
        self.values[node] = LOST
        self.lost.append(node)
        self.missing.append(Missing(str(node.target), reason, place_of(node)))
        if self.keeps_going:
            self.values[node] = self._stand_in(node.meta.get("val"))

    def _stand_in(self, example: Any) -> Any:
        """An argument as large as what is lost."""
        if isinstance(example, (list, tuple)):
            return [self._stand_in(each) for each in example]
        try:
            return self.f.argument(f"lost{len(self.lost)}", shape_of(example), element_of(example))
        except (Unsupported, UnsupportedSize, AttributeError):
            return LOST

    def _resolved(self, given: Any) -> Any:
        """Nodes as what they became, sizes as numbers or texts."""
        if isinstance(given, torch.fx.Node):
            if given not in self.values:
                raise LostOperand
            value = self.values[given]
            if value is LOST:
                raise LostOperand
            return value.use(self.f) if isinstance(value, LazyWeight) else value
        if isinstance(given, torch.SymInt):
            return dim_of(given)
        if isinstance(given, (list, tuple)):
            return [self._resolved(each) for each in given]
        if isinstance(given, dict):
            return {name: self._resolved(each) for name, each in given.items()}
        return given

    def value_of(self, node: torch.fx.Node) -> Value:
        value: Value = self._resolved(node)
        return value

    def add_tensor(self, node: torch.fx.Node, tensor: torch.Tensor, name: str) -> None:
        """A tensor that the graph holds."""
        if tensor.numel() <= LARGEST_CONSTANT and not tensor.requires_grad and tensor.dim() > 0 and tensor.numel() > 0:
            self.values[node] = self.f.constant(tensor.tolist(), tuple(tensor.shape), ELEMENT[tensor.dtype])
        elif tensor.dim() == 0:
            self.values[node] = self.as_value(tensor.item(), ELEMENT[tensor.dtype])
        else:
            self.constants[name] = tensor
            self.values[node] = LazyWeight(name, tuple(tensor.shape), ELEMENT[tensor.dtype])


class LazyWeight(NamedTuple):
    """A weight that is named where it is used first."""

    name: str
    shape: tuple[int, ...]
    element: str

    def use(self, f: Function) -> Value:
        if 0 in self.shape:
            return f.broadcast(f.scalar(0, self.element), self.shape)
        return f.weight(self.name, self.shape, self.element)


class LostOperand(Exception):
    pass


LOST = object()
# Checks of what the compiler knows already.
NOTHING = {"aten._assert_tensor_metadata.default", "aten._assert_scalar.default", "aten._assert_async.msg", "aten.sym_constrain_range_for_size.default",
           "aten.sym_constrain_range.default"}


def keywords(node: torch.fx.Node) -> dict[str, Any]:
    """What says how a result is computed, and not where it lies."""
    places = {"layout", "device", "pin_memory", "memory_format", "non_blocking", "requires_grad"}
    return {name: value for name, value in node.kwargs.items() if name not in places}


def element_of(example: torch.Tensor) -> str:
    if example.dtype not in ELEMENT:
        raise Unsupported(f"arrays of {example.dtype}")
    return ELEMENT[example.dtype]


def bounded(number: float, element: str) -> float:
    """Raises Unsupported for a number that the elements have not."""
    bits = {"i64": 63, "i32": 31, "i16": 15, "i8": 7}.get(element)
    if bits is not None and not (math.isfinite(number) and number == int(number) and -(2.0**bits) <= number < 2.0**bits):
        raise Unsupported(f"{number} as {element}")
    return number


def place_of(node: torch.fx.Node) -> str:
    """The line of the user's program: "model.py:88"."""
    trace = node.meta.get("stack_trace")
    if not trace:
        return ""
    found = [line.strip() for line in trace.splitlines() if line.strip().startswith('File "')]
    if not found:
        return ""
    path, line, *_ = found[-1].removeprefix('File "').split('", line ')[0], found[-1].split(", line ")[1]
    return f"{path.rpartition('/')[2]}:{line.split(',')[0]}"


def sizes_used(nodes: Sequence[torch.fx.Node]) -> set[str]:
    """Symbols in the shapes of these nodes."""
    return set().union(*(symbols_of(size) for node in nodes if isinstance(node.meta.get("val"), torch.Tensor)
                         for size in node.meta["val"].shape))
