# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of ATen operations, by family: each module enters its own lowerings."""

from . import (
    attention,
    creation,
    elementwise,
    indexing,
    normalisation,
    products,
    reductions,
    shapes,
)

__all__ = ["attention", "creation", "elementwise", "indexing", "normalisation", "products", "reductions", "shapes"]
