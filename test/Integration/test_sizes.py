# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions of several sizes and of expressions of them: one package serves all, against NumPy in float64."""

import json

import numpy as np
import pytest
from functions import Functions

DEVICES = [("cpu", 2e-5), ("cpu:x86-64-v3", 2e-5), ("emu:sm_80", 2e-5)]

MODULE = """
tz.func @batch(%x: tensor<?x?x48xf32> {tz.dims = ["B", "T", 48], tz.name = "x"}, %k: tensor<?x2x24xf32> {tz.dims = ["S", 2, 24], tz.name = "k"})
    -> (tensor<?x?x48xf32> {tz.name = "y"}, tensor<?x?xf32> {tz.name = "scores"}, tensor<1x48xf32> {tz.name = "last"},
        tensor<?x24xf32> {tz.name = "half"}) attributes {tz.sizes = {T = [1, 16], B = [1, 4], S = [20]}} {
  %m = tz.reduce mean %x [2] : tensor<?x?x48xf32> -> tensor<?x?x1xf32>
  %c = tz.elementwise sub(%x, %m) : (tensor<?x?x48xf32>, tensor<?x?x1xf32>) -> tensor<?x?x48xf32>
  %r = tz.reshape %c : tensor<?x?x48xf32> -> tensor<?x48xf32>
  %q = tz.reshape %r : tensor<?x48xf32> -> tensor<?x2x24xf32>
  %a = tz.attention %q, %k, %k {scale = 0.2 : f64} : (tensor<?x2x24xf32>, tensor<?x2x24xf32>, tensor<?x2x24xf32>) -> tensor<?x2x24xf32>
  %b = tz.reshape %a : tensor<?x2x24xf32> -> tensor<?x48xf32>
  %ss = tz.contract "ta,sa->ts" %b, %r : (tensor<?x48xf32>, tensor<?x48xf32>) -> tensor<?x?xf32>
  %p = tz.pad %ss [0, 2] [1, 0] {value = -1.0 : f64} : tensor<?x?xf32> -> tensor<?x?xf32>
  %last = tz.slice %b [-1, 0] [1, 1] : tensor<?x48xf32> -> tensor<1x48xf32>
  %hr = tz.reshape %k : tensor<?x2x24xf32> -> tensor<?x24xf32>
  %half = tz.slice %hr [1, 0] [2, 1] {cut = array<i64: 1, 0>} : tensor<?x24xf32> -> tensor<?x24xf32>
  %z = tz.reshape %b {sizes = ["B", "T"]} : tensor<?x48xf32> -> tensor<?x?x48xf32>
  tz.return %z, %p, %last, %half : tensor<?x?x48xf32>, tensor<?x?xf32>, tensor<1x48xf32>, tensor<?x24xf32>
}

// A convolution over sound of any length, and twice as many rows of half the width.
tz.func @sound(%x: tensor<3x?xf32> {tz.dims = [3, "N"], tz.name = "x"}, %w: tensor<8x12xf32> {tz.name = "w"})
    -> (tensor<?x8xf32> {tz.name = "y"}, tensor<?x4xf32> {tz.name = "z"}) attributes {tz.sizes = {N = [100]}} {
  %u = tz.windows %x [3] [2] [1] {high = array<i64: 2>} : tensor<3x?xf32> -> tensor<?x3x4xf32>
  %r = tz.reshape %u : tensor<?x3x4xf32> -> tensor<?x12xf32>
  %y = tz.contract "pk,nk->pn" %r, %w : (tensor<?x12xf32>, tensor<8x12xf32>) -> tensor<?x8xf32>
  %h = tz.reshape %y : tensor<?x8xf32> -> tensor<?x4xf32>
  %z = tz.elementwise relu(%h) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  tz.return %y, %z : tensor<?x8xf32>, tensor<?x4xf32>
}

// An argument as long as an expression says.
tz.func @derived(%x: tensor<?xf32> {tz.dims = ["T"], tz.name = "x"}, %y: tensor<?xf32> {tz.dims = ["2 * T + 1"], tz.name = "y"})
    -> (tensor<?xf32> {tz.name = "z"}) {
  %s = tz.slice %y [1] [2] : tensor<?xf32> -> tensor<?xf32>
  %z = tz.elementwise add(%s, %x) : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  tz.return %z : tensor<?xf32>
}

tz.func @always(%x: tensor<?xf32> {tz.dims = ["T"], tz.name = "x"}, %y: tensor<?x?xf32> {tz.dims = ["B", "T"], tz.name = "y"})
    -> (tensor<1x?xf32> {tz.name = "one"}, tensor<?x?xf32> {tz.name = "column"}) {
  %last = tz.slice %x [-1] [1] : tensor<?xf32> -> tensor<?xf32>
  %row = tz.reshape %last {sizes = ["1"]} : tensor<?xf32> -> tensor<1x?xf32>
  %one = tz.elementwise neg(%row) : (tensor<1x?xf32>) -> tensor<1x?xf32>
  %column = tz.slice %y [0, -1] [1, 1] : tensor<?x?xf32> -> tensor<?x?xf32>
  tz.return %one, %column : tensor<1x?xf32>, tensor<?x?xf32>
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("sizes")
    (path / "m.mlir").write_text(MODULE)
    return path


@pytest.fixture(scope="module", params=DEVICES, ids=[name for name, _ in DEVICES])
def run(request, terrazzo, tmp_path_factory):
    device, tolerance = request.param
    functions = Functions(terrazzo, tmp_path_factory.mktemp("sizes"), MODULE, device)

    def call(function, results, **arrays):
        floats = {name: array.astype(np.float32) for name, array in arrays.items()}
        return list(functions(function, results, **floats).values())

    call.tolerance = tolerance
    # Attention of many rows multiplies halves there.
    call.attention = 2e-3 if device.startswith("emu") else tolerance
    return call


def close(got, want, tolerance):
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * max(1, np.abs(want).max(initial=0)))


@pytest.mark.parametrize("b,t,s", [(1, 1, 1), (1, 1, 20), (1, 3, 2), (4, 1, 5), (2, 3, 5), (3, 7, 13), (4, 16, 20), (1, 16, 3)])
def test_batches(run, b, t, s):
    random = np.random.default_rng(b * 100 + t * 10 + s)
    x, k = random.standard_normal((b, t, 48)), random.standard_normal((s, 2, 24))
    x, k = x.astype(np.float32).astype(np.float64), k.astype(np.float32).astype(np.float64)
    got = run("batch", ["y", "scores", "last", "half"], x=x, k=k)
    rows = (x - x.mean(-1, keepdims=True)).reshape(b * t, 48)
    scores = 0.2 * np.einsum("thd,shd->ths", rows.reshape(-1, 2, 24), k)
    share = np.exp(scores - scores.max(-1, keepdims=True))
    y = np.einsum("ths,shd->thd", share / share.sum(-1, keepdims=True), k).reshape(b * t, 48)
    padded = np.pad(y @ rows.T, ((0, 1), (2, 0)), constant_values=-1)
    for have, want in zip(got, (y.reshape(b, t, 48), padded, y[-1:], k.reshape(-1, 24)[1:-1:2]), strict=True):
        close(have, want, run.attention)


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8, 31, 99, 100])
def test_sound_of_any_length(run, n):
    random = np.random.default_rng(n)
    x, w = random.standard_normal((3, n)).astype(np.float32), random.standard_normal((8, 12)).astype(np.float32)
    y, z = run("sound", ["y", "z"], x=x, w=w)
    wide = np.pad(x.astype(np.float64), ((0, 0), (1, 2)))
    places = (n + 3 - 7) // 3 + 1
    rows = np.stack([wide[:, 3 * o : 3 * o + 7 : 2].reshape(12) for o in range(places)])
    close(y, rows @ w.T.astype(np.float64), run.tolerance)
    close(z, np.maximum(rows @ w.T.astype(np.float64), 0).reshape(-1, 4), run.tolerance)


@pytest.mark.parametrize("t", [0, 1, 2, 17, 512])
def test_expressions(run, t):
    random = np.random.default_rng(t)
    x, y = random.standard_normal(t), random.standard_normal(2 * t + 1)
    x, y = x.astype(np.float32), y.astype(np.float32)
    (z,) = run("derived", ["z"], x=x, y=y)
    close(z, y[1::2] + x, run.tolerance)


@pytest.mark.parametrize("b,t", [(1, 1), (3, 77), (5, 128)])
def test_sizes_that_are_always_the_same(run, b, t):
    """A '?' that no size changes: each kernel takes it as it is, and writes no more."""
    x, y = (np.arange(n, dtype=np.float32) + 1 for n in (t, b * t))
    one, column = run("always", ["one", "column"], x=x, y=y.reshape(b, t))
    np.testing.assert_array_equal(one, [[-t]])
    np.testing.assert_array_equal(column, y.reshape(b, t)[:, -1:])


@pytest.mark.parametrize("sizes,why", [
    (["B=1", "T=17", "S=1"], "its size T is 17, and code was made for up to 16"),
    (["B=0", "T=1", "S=1"], "B * T - 1 is -1, which is no size"),
    (["B=1", "T=1"], "nothing says how large 'S' is; give --size S=N"),
])
def test_refusals(terrazzo, folder, sizes, why):
    words = [word for size in sizes for word in ("--size", size)]
    result = terrazzo("call", "-m", folder / "m.mlir", "--function", "batch", "--random", 1, *words, code=2)
    assert why in result.err and "batch(x: f32[B, T, 48]" in result.err


def test_shapes_that_do_not_follow(terrazzo, folder):
    np.save(folder / "x.npy", np.zeros(3, np.float32))
    np.save(folder / "y.npy", np.zeros(6, np.float32))
    result = terrazzo("call", "-m", folder / "m.mlir", "--function", "derived", "--input", f"x={folder}/x.npy",
                      "--input", f"y={folder}/y.npy", code=2)
    assert "'y' is f32[T * 2 + 1], and its file's shape is [6]" in result.err


def test_the_signature_says_how_sizes_follow(terrazzo, folder):
    terrazzo("compile", "-m", folder / "m.mlir", "-o", folder / "m.tzp")
    functions = {f["name"]: f for f in json.loads(terrazzo("inspect", folder / "m.tzp", "--format", "json").out)["functions"]}
    assert functions["sound"]["results"][0]["shape"] == ["(N + 2) floordiv 3 - 1", 8]
    assert functions["batch"]["results"][1]["shape"] == ["B * T + 1", "B * T + 2"]
