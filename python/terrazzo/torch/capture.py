# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Graphs of ATen operations that keep what is one operation of a model as one: attention, norms, convolutions, activations.

Torch dissolves composite operations and has no public way to keep them. The private names that do it, as torch.export itself does, are
asked for here alone; where a release lacks one, the operations arrive dissolved and are computed all the same.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import torch

COMPOSITES = {"linear", "matmul", "conv1d", "conv2d", "embedding", "layer_norm", "rms_norm", "group_norm", "softmax", "log_softmax",
              "scaled_dot_product_attention", "silu", "gelu", "relu", "sigmoid", "softplus", "erf", "repeat_interleave", "elu",
              "leaky_relu", "hardswish", "hardsigmoid"}
_lock = threading.Lock()  # the tables are the process's


def is_kept(operation: Any) -> bool:
    return operation._schema.name.split("::")[-1] in COMPOSITES


def composites() -> list[Any]:
    """Operations that torch would dissolve by their implementation; none where it does not tell."""
    try:
        from torch._export.utils import _collect_all_valid_cia_ops
    except ImportError:
        return []
    return [operation for operation in _collect_all_valid_cia_ops() if is_kept(operation)]


def decompositions() -> dict[Any, Any]:
    """Torch's own, but for those of what is kept."""
    from torch._decomp import core_aten_decompositions

    table: Any = core_aten_decompositions()
    return {operation: how for operation, how in table.items() if not (hasattr(operation, "_schema") and is_kept(operation))}


def export_decompositions() -> Any:
    """The table of torch.export without what is kept."""
    table: Any = torch.export.default_decompositions()
    for operation in list(table.keys()):
        if is_kept(operation):
            table.pop(operation, None)
    return table


@contextlib.contextmanager
def keeping() -> Iterator[dict[Any, Any]]:
    """While graphs are made: answers the decompositions that fit."""
    try:
        from torch.export.exported_program import _override_composite_implicit_decomp
    except ImportError:
        yield decompositions()
        return
    with _lock, _override_composite_implicit_decomp({operation: lambda *_, **__: NotImplemented for operation in composites()}):
        yield decompositions()
