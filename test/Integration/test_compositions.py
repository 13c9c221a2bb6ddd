# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What models have and tz writes with a few of its operations (docs/compiling.md lists them), against NumPy."""

import numpy as np
import pytest
from functions import Functions
from tz_graph import Graph

ROWS, WIDTH = 7, 24
RANDOM = np.random.default_rng(11)
CONSTANT = np.arange(10.0).reshape(2, 5)
EVEN = np.arange(0, 32, 2) / 32


def build():
    graph = Graph()
    with graph.function("group_norm", x=("f32", "?", WIDTH), gain=("f32", WIDTH), shift=("f32", WIDTH)) as f:
        groups = f.reshape(f.x, "?", WIDTH // 4)  # four groups of a row
        one = f.constant(np.ones(WIDTH // 4), "f32")
        normed = f.reshape(f.layer_norm(groups, one, None, 1e-5), "?", WIDTH, sizes=["T"])
        f.result("y", f.add(f.mul(normed, f.gain), f.shift))
    with graph.function("ranks", x=("f32", "?", WIDTH)) as f:
        f.result("argmax", f.top_k(f.x, 1))
        f.result("argmin", f.top_k(f.apply("neg", f.x), 1))
        order = f.top_k(f.x, WIDTH)
        f.result("sorted", f.gather_each(f.x, order, 1))
    with graph.function("masked", q=("f32", "?", 2, 16), k=("f32", 9, 2, 16), seen=("i1", 1, "?", 9)) as f:
        bias = f.apply("select", f.seen, f.scalar(0.0), f.scalar(-1e9))
        f.result("y", f.attention(f.q, f.k, f.k, 0.25, bias=bias))
    with graph.function("tables", x=("f32", "?", 3, 32), cosine=("f32", "?", 1, 16), sine=("f32", "?", 1, 16)) as f:
        left, right = f.slice(f.x, [0, 0, 0], ["?", 3, 16]), f.slice(f.x, [0, 0, 16], ["?", 3, 16])
        y = f.concat(2, f.apply("sub", f.mul(left, f.cosine), f.mul(right, f.sine)),
                     f.add(f.mul(left, f.sine), f.mul(right, f.cosine)))
        f.result("y", y)
    with graph.function("experts", x=("f32", "?", 16), w=("f32", 6, 8, 16), chosen=("i32", "?", 2)) as f:
        weights = f.gather(f.w, f.chosen, 0)
        product = f.mul(weights, f.reshape(f.x, "?", 1, 1, 16))
        f.result("y", f.reshape(f.reduce("sum", product, 3), "?", 2, 8))
    with graph.function("constants", x=("f32", "?", 5, 2)) as f:
        f.result("y", f.add(f.x, f.transpose(f.constant(CONSTANT, "f32"), 1, 0)))
        f.result("turned", f.transpose(f.constant(CONSTANT, "f32"), 1, 0))
    return graph


@pytest.fixture(scope="module", params=["cpu", "cpu:x86-64-v3", "emu:sm_80"])
def call(request, terrazzo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("compositions")
    build().write(folder, "c")
    return Functions(terrazzo, folder, (folder / "c.mlir").read_text(), request.param)


def made(*shape):
    return RANDOM.standard_normal(shape).astype("f4")


def test_group_norm(call):
    x, gain, shift = made(ROWS, WIDTH), made(WIDTH), made(WIDTH)
    groups = x.reshape(ROWS, 4, -1).astype("f8")
    normed = (groups - groups.mean(-1, keepdims=True)) / np.sqrt(groups.var(-1, keepdims=True) + 1e-5)
    got = call("group_norm", ["y"], x=x, gain=gain, shift=shift)["y"]
    np.testing.assert_allclose(got, normed.reshape(ROWS, WIDTH) * gain + shift, atol=1e-5)


def test_ranks(call):
    x = made(ROWS, WIDTH)
    got = call("ranks", ["argmax", "argmin", "sorted"], x=x)
    np.testing.assert_array_equal(got["argmax"][:, 0], x.argmax(1))
    np.testing.assert_array_equal(got["argmin"][:, 0], x.argmin(1))
    np.testing.assert_array_equal(got["sorted"], -np.sort(-x, 1))


def test_masks_of_truths(call):
    q, k, seen = made(ROWS, 2, 16), made(9, 2, 16), RANDOM.integers(0, 2, (1, ROWS, 9)).astype(bool)
    seen[..., 0] = True
    score = np.where(seen, 0.25 * np.einsum("thd,shd->hts", q.astype("f8"), k), -np.inf)
    share = np.exp(score - score.max(-1, keepdims=True))
    want = np.einsum("hts,shd->thd", share / share.sum(-1, keepdims=True), k)
    np.testing.assert_allclose(call("masked", ["y"], q=q, k=k, seen=seen)["y"], want, atol=2e-5 if "cpu" in call.device else 2e-3)


def test_rotations_by_tables(call):
    x, angles = made(ROWS, 3, 32), np.outer(np.arange(ROWS), 100.0**-EVEN)[:, None]
    left, right = x[..., :16].astype("f8"), x[..., 16:]
    want = np.concatenate([left * np.cos(angles) - right * np.sin(angles), left * np.sin(angles) + right * np.cos(angles)], -1)
    got = call("tables", ["y"], x=x, cosine=np.cos(angles).astype("f4"), sine=np.sin(angles).astype("f4"))["y"]
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_constants_across_their_rows(call):
    x = made(ROWS, 5, 2)
    got = call("constants", ["y", "turned"], x=x)
    np.testing.assert_array_equal(got["turned"], CONSTANT.T)
    np.testing.assert_array_equal(got["y"], x + CONSTANT.T.astype("f4"))


def test_experts_without_a_copy_of_their_weights(call, terrazzo):
    x, w, chosen = made(ROWS, 16), made(6, 8, 16), RANDOM.integers(0, 6, (ROWS, 2)).astype("i4")
    want = np.einsum("ti,tkoi->tko", x.astype("f8"), w[chosen])
    np.testing.assert_allclose(call("experts", ["y"], x=x, w=w, chosen=chosen)["y"], want, atol=1e-5)
    variant = terrazzo.json("inspect", call.package)["variants"][0]
    assert any(kernel["name"].endswith("_gather_mul_reduce") for kernel in variant["kernels"]), variant["kernels"]
