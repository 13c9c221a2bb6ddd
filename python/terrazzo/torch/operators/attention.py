# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention as products and a softmax: what it is made of is seen by the compiler."""

from __future__ import annotations

import math

from ..._module import Value
from ..graph import Importer, Unsupported, lowers

LEAD = "abcde"


@lowers("aten.scaled_dot_product_attention.default")
def attention(b: Importer, q: Value, k: Value, v: Value, mask: Value | None = None, dropout: float = 0.0, causal: bool = False,
              scale: float | None = None, enable_gqa: bool = False) -> Value:
    if dropout:
        raise Unsupported("attention with dropout")
    width, lead = q.shape[-1], len(q.shape) - 2
    if scale is None:
        if not isinstance(width, int):
            raise Unsupported("attention of unknown width")
        scale = 1 / math.sqrt(width) if width else 1.0
    grouped = enable_gqa and q.shape[-3] != k.shape[-3]
    shape = b.shape
    letters = LEAD[:lead]
    if grouped:
        heads, key_heads = q.shape[-3], k.shape[-3]
        if not isinstance(heads, int) or not isinstance(key_heads, int):
            raise Unsupported("an unknown number of heads")
        q = b.f.reshape(q, [*q.shape[:-3], key_heads, heads // key_heads, *q.shape[-2:]])
        if mask is not None:
            mask = in_groups(b, mask, key_heads, heads // key_heads)
        scores = b.f.contract(f"{letters}rtd,{letters}sd->{letters}rts", q, k)
    else:
        q, k, v = (b.f.broadcast(x, [*shape[:-2], *x.shape[-2:]]) for x in (q, k, v))
        scores = b.f.contract(f"{letters}td,{letters}sd->{letters}ts", q, k)
    scores = b.f.elementwise("mul", scores, b.f.scalar(scale, scores.element))
    masked = causal or mask is not None
    if causal:
        rows, columns = q.shape[-2], k.shape[-2]
        seen = b.f.elementwise("less_equal", b.f.iota(0, (columns,), "i64"), b.f.iota(0, (rows, 1), "i64"), element="i1")
        scores = hidden_but(b, scores, seen)
    if mask is not None:
        scores = hidden_but(b, scores, mask) if mask.element == "i1" else b.f.elementwise("add", scores, b.f.cast(mask, scores.element))
    shares = b.f.softmax(scores, len(scores.shape) - 1)
    if masked:  # rows that see nothing are zeros
        shares = b.f.elementwise("select", b.f.elementwise("is_nan", shares, element="i1"), b.f.scalar(0, shares.element), shares)
    if grouped:
        return b.f.reshape(b.f.contract(f"{letters}rts,{letters}sd->{letters}rtd", shares, v), shape)
    return b.f.contract(f"{letters}ts,{letters}sd->{letters}td", shares, v)


def hidden_but(b: Importer, scores: Value, seen: Value) -> Value:
    return b.f.elementwise("select", seen, scores, b.f.scalar(-math.inf, scores.element))


def in_groups(b: Importer, mask: Value, groups: int, each: int) -> Value:
    if len(mask.shape) < 3:
        return mask
    heads = [1, 1] if mask.shape[-3] == 1 else [groups, each]
    return b.f.reshape(mask, [*mask.shape[:-3], *heads, *mask.shape[-2:]])
