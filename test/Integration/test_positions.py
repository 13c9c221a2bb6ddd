# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Positions that a function computes, or that stand in it: rows outside of a cache are neither written nor seen."""

import numpy as np
import pytest
from functions import Functions

ROWS = 7
CACHE = f"!tz.cache<2x16xf16, {ROWS}>"
MODULE = f"""
tz.func @f(%x: tensor<?x2x16xf32> {{tz.name = "x"}}, %a: tensor<i32> {{tz.name = "a"}}, %b: tensor<i32> {{tz.name = "b"}},
    %k: {CACHE} {{tz.state = "k"}}) -> (tensor<?x2x16xf32> {{tz.name = "y"}}, {CACHE} {{tz.state = "k"}}) {{
  POSITION
  %k1 = tz.cache_append %k, %x, %p : ({CACHE}, tensor<?x2x16xf32>, tensor<i32>) -> {CACHE}
  %y = tz.attention %x, %k1, %k1, %p {{scale = 0.25 : f64}}
      : (tensor<?x2x16xf32>, {CACHE}, {CACHE}, tensor<i32>) -> tensor<?x2x16xf32>
  tz.return %y, %k1 : tensor<?x2x16xf32>, {CACHE}
}}
"""
COMPUTED = "%p = tz.elementwise add(%a, %b) : (tensor<i32>, tensor<i32>) -> tensor<i32>"
ROTATION = """
tz.func @r(%x: tensor<?x1x4xf32> {tz.name = "x"}, %p: tensor<i32> {tz.name = "p"})
    -> (tensor<?x1x4xf32> {tz.name = "y"}, tensor<?x1x4xf32> {tz.name = "z"}) {
  %c = tz.scalar 1000.0 : tensor<i32>
  %y = tz.rope %x, %c neox {base = 1.0e2 : f64, rotated = 4 : i64} : (tensor<?x1x4xf32>, tensor<i32>) -> tensor<?x1x4xf32>
  %z = tz.rope %x, %p neox {base = 1.0e2 : f64, rotated = 4 : i64} : (tensor<?x1x4xf32>, tensor<i32>) -> tensor<?x1x4xf32>
  tz.return %y, %z : tensor<?x1x4xf32>, tensor<?x1x4xf32>
}
"""
DEVICES = ["cpu", "emu:sm_80"]
PLACES = [0, 1, ROWS - 5, ROWS - 4, ROWS - 1, ROWS, 100_000_000, 2**31 - 1, -1, -3, -5, -100_000, -(2**31)]


def attended(x, position):
    keys, y = np.zeros((ROWS, 2, 16)), np.zeros(x.shape)
    for row, at in enumerate(range(position, position + len(x))):
        if 0 <= at < ROWS:
            keys[at] = x[row].astype("f2")
    for row in range(len(x)):
        seen = keys[: max(min(position + row + 1, ROWS), 0)]
        for head in range(2 if len(seen) else 0):
            score = np.exp(0.25 * seen[:, head] @ x[row, head].astype("f8"))
            y[row, head] = score / score.sum() @ seen[:, head]
    return y


def check(functions, rows, position, a, b):
    x = np.random.default_rng(rows).standard_normal((rows, 2, 16)).astype("f4")
    y = functions("f", ["y"], x=x, a=np.int32(a), b=np.int32(b))["y"]
    np.testing.assert_allclose(y, attended(x, position), atol=2e-6 if functions.device == "cpu" else 1e-3)


@pytest.mark.parametrize("device", DEVICES)
def test_computed(terrazzo, tmp_path, device):
    functions = Functions(terrazzo, tmp_path, MODULE.replace("POSITION", COMPUTED), device)
    for rows in (1, 5, 12):
        for place in PLACES:
            check(functions, rows, place, 0, place)


@pytest.mark.parametrize("device", DEVICES)
def test_constant(terrazzo, tmp_path, device):
    for place in (0, 4, -2, 2**31 - 1):
        constant = f"%p = tz.scalar {place}.0 : tensor<i32>"
        check(Functions(terrazzo, tmp_path, MODULE.replace("POSITION", constant), device), 5, place, 1, 2)


@pytest.mark.parametrize("device", DEVICES)
def test_rotation_at_a_constant(terrazzo, tmp_path, device):
    rotate = Functions(terrazzo, tmp_path, ROTATION, device)
    x = np.random.default_rng(1).standard_normal((3, 1, 4)).astype("f4")
    got = rotate("r", ["y", "z"], x=x, p=np.int32(1000))
    np.testing.assert_array_equal(got["y"], got["z"])
