# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sizes of torch's graphs as expressions of tz: sums and products of symbols, divided by numbers."""

from __future__ import annotations

from typing import Any

import sympy
import torch

from .._module import Dim


class UnsupportedSize(Exception):
    """A size that is no expression of tz; its text says which."""


def dim_of(size: object) -> Dim:
    """A number, or an expression's text."""
    if isinstance(size, int):
        return size
    if isinstance(size, torch.SymInt):
        expression = expression_of(size)
        return int(expression) if expression.is_Integer else text_of(expression)
    raise UnsupportedSize(f"{size} is no whole number")


def expression_of(size: torch.SymInt) -> Any:
    node = size.node
    shape_env = node.shape_env
    return shape_env.simplify(node.expr) if shape_env is not None else sympy.sympify(node.expr)


def shape_of(tensor: torch.Tensor) -> tuple[Dim, ...]:
    return tuple(dim_of(size) for size in tensor.shape)


def text_of(e: Any) -> str:
    """Of a sympy expression. Raises UnsupportedSize."""
    name = type(e).__name__
    if e.is_Integer:
        return str(int(e))
    if e.is_Symbol:
        return str(e)
    if name == "Add":
        terms = sorted(e.args, key=lambda term: (bool(term.is_Integer), str(term)))
        text = text_of(terms[0])
        for term in terms[1:]:
            negative = term.could_extract_minus_sign()
            text += (" - " if negative else " + ") + grouped(-term if negative else term)
        return text
    if name == "Mul":
        return " * ".join(grouped(factor) for factor in sorted(e.args, key=lambda f: (not f.is_Integer, str(f))))
    if name == "Pow" and e.exp.is_Integer and 0 < e.exp <= 4:
        return " * ".join([grouped(e.base)] * int(e.exp))
    words = {"FloorDiv": "floordiv", "CleanDiv": "floordiv", "CeilDiv": "ceildiv", "Mod": "mod", "PythonMod": "mod"}
    if name in words and e.args[1].is_Integer and e.args[1] > 0:
        return f"{grouped(e.args[0])} {words[name]} {e.args[1]}"
    raise UnsupportedSize(f"the size {e} is not of sums, products and divisions by numbers")


def grouped(e: Any) -> str:
    text = text_of(e)
    return text if e.is_Symbol or (e.is_Integer and e >= 0) else f"({text})"


def symbols_of(size: object) -> set[str]:
    if isinstance(size, torch.SymInt):
        return {str(symbol) for symbol in expression_of(size).free_symbols}
    return set()
