# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Terrazzo behind torch.compile and torch.export.

    fast = torch.compile(model, backend="terrazzo")      # with the package installed, nothing else is imported
    y = fast(x)
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.fx

from .._c import TerrazzoError
from .build import CannotLower, GraphBuild, told
from .capture import keeping
from .exported import CompiledModel, capture, compile, export
from .graph import Missing
from .options import Options
from .partition import PartitionedGraph

__all__ = ["CannotLower", "CompiledModel", "Missing", "Options", "backend", "capture", "compile", "export"]

log = logging.getLogger("terrazzo.torch")


def backend(gm: torch.fx.GraphModule, example_inputs: Sequence[Any], *, mode: str | None = None,
            options: Mapping[str, Any] | None = None) -> Callable[..., Any]:
    """What torch.compile(model, backend="terrazzo") calls with each graph."""
    from torch._dynamo.backends.common import aot_autograd

    chosen = Options.of(mode, options)
    if torch.is_grad_enabled() and records_gradients(gm, example_inputs):
        warn_of_gradients()
        return gm.forward

    def build(graph: torch.fx.GraphModule, inputs: Sequence[Any]) -> Callable[..., Any]:
        return build_graph(graph, chosen)

    with keeping() as table:
        compiled: Callable[..., Any] = aot_autograd(fw_compiler=build, inference_compiler=build, decompositions=table,
                                                    keep_inference_input_mutations=True)(gm, example_inputs)
    return compiled


def static_inputs() -> set[int]:
    """Positions of parameters and buffers among a graph's inputs."""
    from torch._guards import TracingContext

    context = TracingContext.try_get()
    facts = context.fw_metadata if context is not None else None
    return set(getattr(facts, "static_input_indices", None) or ())


def build_graph(gm: torch.fx.GraphModule, options: Options) -> Callable[..., Any]:
    build = GraphBuild(gm, static_inputs())
    count = sum(node.op == "call_function" for node in gm.graph.nodes)
    try:
        build.lower()
    except CannotLower as error:
        if options.fallback == "error":
            raise
        parts = PartitionedGraph(gm, options, static_inputs(), error.missing)
        tell(options, f"{parts.placed}/{count} operations placed on {options.device}, in torch are:\n{told(parts.lost)}")
        return parts
    made = build.finish(options)
    try:
        made.compile()
    except TerrazzoError as error:
        if options.fallback == "error":
            raise
        tell(options, f"0/{count} operations placed, the graph runs in torch:\n{error}")
        return boxed(gm.forward)
    tell(options, f"{count}/{count} operations placed on {options.device}")
    return made


def tell(options: Options, text: str) -> None:
    log.info("%s", text)
    if options.verbose:
        print(f"terrazzo: {text}", file=sys.stderr)


def boxed(call: Callable[..., Any]) -> Callable[..., Any]:
    from functorch.compile import make_boxed_func

    made: Callable[..., Any] = make_boxed_func(call)
    return made


GRADIENTS = "gradients are recorded, so torch runs the graph itself; call the model under torch.no_grad() or torch.inference_mode()"
_warned = False


def records_gradients(gm: torch.fx.GraphModule, inputs: Sequence[Any]) -> bool:
    """Operations that are kept whole have no derivatives, so such graphs are not even captured."""
    return any(isinstance(tensor, torch.Tensor) and tensor.requires_grad for tensor in (*inputs, *gm.parameters()))


def warn_of_gradients() -> None:
    global _warned
    if not _warned:
        _warned = True
        log.warning(GRADIENTS)
