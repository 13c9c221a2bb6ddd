# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A lowered graph as a package and a program on the user's parameters.

Parameters are used where torch has them; what kernels want in another layout is packed when the program opens, and again when a
parameter has changed. Sizes have bounds, which grow by themselves: a call beyond them makes the package anew, for twice as much.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

import terrazzo

from .._module import Function, module_text
from .graph import ELEMENT
from .options import Options
from .sizes import expression_of, symbols_of

log = logging.getLogger("terrazzo.torch")
LEAST_BOUND = 32


def power_of_two(number: int) -> int:
    return 1 << max(number - 1, 0).bit_length()


class WeightSource(NamedTuple):
    """A parameter among the inputs of a call, or a tensor that the graph holds."""

    position: int
    held: torch.Tensor | None
    shape: tuple[int, ...]

    def own(self, given: Sequence[Any]) -> torch.Tensor:
        tensor: torch.Tensor = given[self.position] if self.held is None else self.held
        return tensor

    def tensor(self, given: Sequence[Any]) -> torch.Tensor:
        return self.own(given).detach().contiguous().reshape(self.shape)

    def version(self, given: Sequence[Any]) -> tuple[int, int]:
        return version_of(self.own(given))


class CompiledGraph:
    """Takes what the graph takes, in order, and answers its outputs."""

    def __init__(self, function: Function, arguments: Sequence[int], weights: dict[str, WeightSource],
                 outputs: Sequence[Callable[[Sequence[Any], Sequence[Any], dict[str, int]], Any]],
                 mutations: Sequence[tuple[int, int]], sizes: dict[str, tuple[int, int | None]], bounds: dict[str, int], options: Options) -> None:
        self.function, self.arguments, self.weights, self.outputs = function, list(arguments), weights, outputs
        self.mutations, self.sizes, self.options = mutations, sizes, options
        self.bounds = dict(bounds)
        self.package: bytes | None = None
        self.program: terrazzo.Program | None = None
        self.versions: list[tuple[int, int]] = []
        self._lock = threading.Lock()
        self._boxed_call = True

    def compile(self) -> None:
        text = module_text([self.function], {name: [bound] for name, bound in self.bounds.items()})
        log.debug("module:\n%s", text)
        self.package = terrazzo.compile(text.encode(), target=self.options.target)
        self.program = None

    def __call__(self, inputs: Any) -> list[Any]:
        given = list(inputs)
        if isinstance(inputs, list):
            inputs.clear()  # a boxed call: what is not used any more may go
        with self._lock:
            return self._call(given)

    def _call(self, given: list[Any]) -> list[Any]:
        numbers = {name: given[position] if axis is None else given[position].shape[axis]
                   for name, (position, axis) in self.sizes.items()}
        if any(numbers[name] > bound for name, bound in self.bounds.items()):
            self.bounds = {name: max(bound, power_of_two(numbers[name])) for name, bound in self.bounds.items()}
            self.compile()
        if self.package is None:
            self.compile()
        if self.program is None or not self.options.frozen and self.changed(given):
            self.open(given)
        assert self.program is not None
        results: Any = ()
        if self.function.results:
            results = self.program.main.on([given[i] for i in self.arguments], {}, like_torch=True)
        for position, result in self.mutations:
            given[position].copy_(results[result])
        return [output(given, results, numbers) for output in self.outputs]

    def open(self, given: Sequence[Any]) -> None:
        for name, source in self.weights.items():
            element, now = self.function.weights[name].element, ELEMENT.get(source.own(given).dtype)
            if now != element:
                raise ValueError(f"the parameter '{name}' is of {now} now; the model was captured when it was of {element}: compile it again")
        tensors = {name: source.tensor(given) for name, source in self.weights.items()}
        self.versions = [source.version(given) for source in self.weights.values()]
        assert self.package is not None
        if self.program is not None:
            self.program.close()
        threads = self.options.threads or torch.get_num_threads()
        self.program = terrazzo.load(self.package, weights=tensors or None, device=self.options.device, threads=threads)

    def changed(self, given: Sequence[Any]) -> bool:
        return any(source.version(given) != version for source, version in zip(self.weights.values(), self.versions))


def version_of(tensor: torch.Tensor) -> tuple[int, int]:
    """Tells whether a tensor is another one, or was written; inference tensors do not tell that they were."""
    return tensor.data_ptr(), 0 if tensor.is_inference() else tensor._version


def bounds_of(examples: Sequence[Any], names: Sequence[str]) -> dict[str, int]:
    """For each size the bound that its first value asks for."""
    bounds: dict[str, int] = {}
    for example in examples:
        for size in example.shape if isinstance(example, torch.Tensor) else []:
            if isinstance(size, torch.SymInt) and len(symbols_of(size)) == 1 and expression_of(size).is_Symbol:
                name = str(expression_of(size))
                if name in names:
                    hint = size.node.hint if size.node.has_hint() else LEAST_BOUND
                    bounds[name] = max(bounds.get(name, 0), power_of_two(max(int(hint), LEAST_BOUND)))
    return bounds


def number_from(size: object) -> Callable[[dict[str, int]], int]:
    """A size of an output from the numbers of a call."""
    if isinstance(size, int):
        return lambda _: size
    assert isinstance(size, torch.SymInt)
    expression = expression_of(size)
    symbols = sorted(expression.free_symbols, key=str)

    def evaluate(numbers: dict[str, int]) -> int:
        return int(expression.subs({symbol: numbers[str(symbol)] for symbol in symbols}))

    return evaluate

