# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Graphs of which something has no kernel: parts that have run as programs, the rest runs in torch.

A part smaller than `min_block` operations, changes of shape not counted, stays in torch: the way there and back costs more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.fx

from .._c import TerrazzoError
from .build import CannotLower, GraphBuild
from .graph import Missing
from .options import Options

VIEWS = ("view", "reshape", "permute", "transpose", "expand", "unsqueeze", "squeeze", "slice", "select", "alias", "getitem", "clone", "detach")


class PartitionedGraph:
    """Calls the graph, whose parts are programs."""

    def __init__(self, gm: torch.fx.GraphModule, options: Options, static: set[int], lost: Sequence[Missing]) -> None:
        self.lost = list(lost)
        self.placed = 0
        names = {id(node) for node in lost_nodes(gm, static)}
        self.gm = self._partitioned(gm, names, options)
        self._compile(options, static)
        self._boxed_call = True

    def _partitioned(self, gm: torch.fx.GraphModule, lost: set[int], options: Options) -> torch.fx.GraphModule:
        from torch.fx.passes.infra.partitioner import CapabilityBasedPartitioner
        from torch.fx.passes.operator_support import OperatorSupportBase

        class Support(OperatorSupportBase):
            def is_node_supported(self, submodules: Any, node: torch.fx.Node) -> bool:
                return node.op == "call_function" and id(node) not in lost and "copy_" not in str(node.target)

        partitioner = CapabilityBasedPartitioner(gm, Support(), allows_single_node_partition=True)
        parts = [part for part in partitioner.propose_partitions() if work_in(part.nodes) >= options.min_block]
        return partitioner.fuse_partitions(parts)

    def _compile(self, options: Options, static: set[int]) -> None:
        placeholders = [node for node in self.gm.graph.nodes if node.op == "placeholder"]
        parameters = {node for position, node in enumerate(placeholders) if position in static}
        for node in list(self.gm.graph.nodes):
            if node.op != "call_module" or not str(node.target).startswith("fused_"):
                continue
            part = getattr(self.gm, node.target)
            own = {position for position, argument in enumerate(node.args) if argument in parameters}
            for inner, argument in zip((n for n in part.graph.nodes if n.op == "placeholder"), node.args):
                inner.meta.setdefault("val", argument.meta.get("val"))
            build = GraphBuild(part, own)
            try:
                build.lower()
            except CannotLower as error:
                self.lost += error.missing
                continue
            self.placed += sum(n.op == "call_function" for n in part.graph.nodes)
            made = build.finish(options)
            try:
                made.compile()
            except TerrazzoError as error:
                self.lost.append(Missing("a part", str(error).partition("\n")[0], ""))
                self.placed -= sum(n.op == "call_function" for n in part.graph.nodes)
                continue
            single = not isinstance(next(n for n in part.graph.nodes if n.op == "output").args[0], (list, tuple))
            setattr(self.gm, str(node.target), Part(made, single))
        self.gm.recompile()

    def __call__(self, inputs: Any) -> Any:
        given = list(inputs)
        if isinstance(inputs, list):
            inputs.clear()
        return self.gm(*given)


class Part(torch.nn.Module):
    """A program in the place of a module."""

    def __init__(self, call: Callable[..., Any], single: bool) -> None:
        super().__init__()
        self.call, self.single = call, single

    def forward(self, *given: Any) -> Any:
        results = self.call(given)
        return results[0] if self.single else tuple(results)


def lost_nodes(gm: torch.fx.GraphModule, static: set[int]) -> list[torch.fx.Node]:
    """All nodes that have no lowering of their own, whatever their operands are."""
    build = GraphBuild(gm, static)
    build.importer.keeps_going = True
    try:
        build.lower()
    except CannotLower:
        pass
    return build.importer.lost


def work_in(nodes: Any) -> int:
    return sum(node.op == "call_function" and not any(word in str(node.target) for word in VIEWS) for node in nodes)
