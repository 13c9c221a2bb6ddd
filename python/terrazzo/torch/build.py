# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From a graph with its inputs to something to call: what is a weight, what an argument, what an output is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.fx

from .._module import Value
from . import operators  # noqa: F401  enters the table
from .graph import Importer, Missing, Unsupported
from .options import Options
from .package import CompiledGraph, WeightSource, bounds_of, number_from
from .sizes import UnsupportedSize, dim_of, expression_of


class CannotLower(Exception):
    """A graph of which something has no kernel; `missing` says what."""

    def __init__(self, missing: Sequence[Missing]) -> None:
        super().__init__(told(missing))
        self.missing = list(missing)


def told(missing: Sequence[Missing]) -> str:
    """'aten.foo: 3 uses, model.py:88: why', a line for each operation."""
    groups: dict[tuple[str, str], list[Missing]] = {}
    for each in missing:
        groups.setdefault((each.operation, each.reason), []).append(each)
    lines = []
    for (operation, reason), uses in groups.items():
        places = ", ".join(dict.fromkeys(use.place for use in uses if use.place))
        lines.append(f"  {operation}: {len(uses)} use{'s' if len(uses) > 1 else ''}{', ' + places if places else ''}: {reason}")
    return "\n".join(lines)


class GraphBuild:
    """`static` are the positions of parameters and buffers among the placeholders, `held` tensors of attributes."""

    def __init__(self, gm: torch.fx.GraphModule, static: set[int], names: dict[int, str] | None = None) -> None:
        self.gm, self.static = gm, static
        self.names = names or {}
        self.importer = Importer(gm.graph)
        self.placeholders = [node for node in gm.graph.nodes if node.op == "placeholder"]
        self.mutated: list[tuple[int, torch.fx.Node]] = []  # inputs that the graph writes, and what they become
        self.arguments: list[int] = []
        self.weight_positions: dict[str, int] = {}

    @property
    def examples(self) -> list[Any]:
        return [node.meta.get("val") for node in self.placeholders]

    def lower(self) -> None:
        """Raises CannotLower."""
        self._find_mutations()
        mutated = {position for position, _ in self.mutated}
        for position, node in enumerate(self.placeholders):
            example = node.meta.get("val")
            if not isinstance(example, torch.Tensor):
                if isinstance(example, torch.SymInt):
                    self.importer.values[node] = dim_of(example)
                continue
            if position in self.static and position not in mutated:
                name = self.names.get(position, node.name)
                self.importer.add_weight(node, name)
                self.weight_positions[name] = position
            elif node.users:
                self._add_argument(position, node)
        for node in self.gm.graph.nodes:
            if node.op == "get_attr":
                self._add_attribute(node)
        self.importer.lower()
        self._refuse_training_results()
        if self.importer.missing:
            raise CannotLower(self.importer.missing)

    def _refuse_training_results(self) -> None:
        for node in self._returned():
            if isinstance(node, torch.fx.Node) and self.importer.values.get(node, 0) is None and isinstance(node.meta.get("val"), torch.Tensor):
                self.importer.missing.append(Missing(str(node.target), "a result that only training uses", ""))

    def _add_argument(self, position: int, node: torch.fx.Node) -> None:
        try:
            self.importer.add_input(node, node.name)
        except (Unsupported, UnsupportedSize) as error:
            raise CannotLower([Missing("an input", str(error), node.name)]) from None
        self.arguments.append(position)

    def _add_attribute(self, node: torch.fx.Node) -> None:
        held = self.gm
        for part in str(node.target).split("."):
            held = getattr(held, part)
        if isinstance(held, torch.Tensor):
            self.importer.add_tensor(node, held, str(node.target))

    def note_written(self, written: Sequence[tuple[int, int]]) -> None:
        """Inputs that the graph writes, and the outputs that are their new content."""
        returned = self._returned()
        self.mutated += [(position, returned[index]) for position, index in written]

    def _find_mutations(self) -> None:
        """Inputs that the graph writes: copy_ is the last that is done to them."""
        for node in self.gm.graph.nodes:
            if node.op == "call_function" and str(node.target) == "aten.copy_.default" and node.args[0] in self.placeholders:
                self.mutated.append((self.placeholders.index(node.args[0]), node))

    def finish(self, options: Options) -> CompiledGraph:
        results: dict[str, int] = {}
        outputs = [self._output(node, results) for node in self._returned()]
        mutations = [(position, self._result(self.importer.value_of(node), results)) for position, node in self.mutated]
        examples = self.examples
        sizes = self._sizes(examples)
        given = self.importer
        weights: dict[str, WeightSource] = {}
        for name, weight in given.f.weights.items():
            source = given.aliases.get(name, name)
            weights[name] = WeightSource(self.weight_positions.get(source, -1), given.constants.get(source), weight.shape)
        bounds = bounds_of([examples[i] for i in self.arguments], list(sizes))
        return CompiledGraph(given.f, self.arguments, weights, outputs, mutations, sizes, bounds, options)

    def _returned(self) -> list[Any]:
        output = next(node for node in self.gm.graph.nodes if node.op == "output")
        returned = output.args[0]
        return list(returned) if isinstance(returned, (list, tuple)) else [returned]

    def _result(self, value: Value, results: dict[str, int]) -> int:
        if value.name not in results:
            results[value.name] = len(results)
            self.importer.f.result(f"result{len(results) - 1}", value)
        return results[value.name]

    def _output(self, node: Any, results: dict[str, int]) -> Callable[[Sequence[Any], Sequence[Any], dict[str, int]], Any]:
        if not isinstance(node, torch.fx.Node):
            return lambda *_: node
        example = node.meta.get("val")
        if node in self.placeholders:
            position = self.placeholders.index(node)
            return lambda given, *_: given[position]
        for position, write in self.mutated:
            if node is write and str(write.target) == "aten.copy_.default":
                return lambda given, *_, position=position: given[position]
        if isinstance(example, (torch.SymInt, int)):
            number = number_from(example)
            return lambda _, __, numbers: number(numbers)
        if isinstance(example, (torch.SymFloat, torch.SymBool)):
            raise CannotLower([Missing("an output", "a number that is computed of sizes", node.name)])
        if not isinstance(example, torch.Tensor):
            return lambda *_: None
        index = self._result(self.importer.value_of(node), results)
        return lambda _, made, __: made[index]

    def _sizes(self, examples: Sequence[Any]) -> dict[str, tuple[int, int | None]]:
        """Which dimension of which argument each size is; no dimension: it is the argument."""
        found: dict[str, tuple[int, int | None]] = {}
        for position, example in enumerate(examples):
            if isinstance(example, torch.SymInt) and expression_of(example).is_Symbol:
                found[str(expression_of(example))] = (position, None)
        for position in self.arguments:
            for axis, size in enumerate(examples[position].shape):
                if isinstance(size, torch.SymInt) and expression_of(size).is_Symbol:
                    found.setdefault(str(expression_of(size)), (position, axis))
        return found
