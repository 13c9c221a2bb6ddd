# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Products, rows, norms and rotations whose weight is an argument, a constant or computed; against NumPy."""

import numpy as np
import pytest
from functions import Functions

MODULE = """
tz.func @products(%x: tensor<?x16xf32> {tz.name = "x"}, %w: tensor<37x16xf32> {tz.name = "w"}, %h: tensor<37x16xf16> {tz.name = "h"})
    -> (tensor<?x37xf32> {tz.name = "given"}, tensor<?x37xf32> {tz.name = "halves"}, tensor<?x37xf32> {tz.name = "computed"},
        tensor<?x2xf32> {tz.name = "constant"}) {
  %given = tz.matmul %x, %w : (tensor<?x16xf32>, tensor<37x16xf32>) -> tensor<?x37xf32>
  %halves = tz.matmul %x, %h : (tensor<?x16xf32>, tensor<37x16xf16>) -> tensor<?x37xf32>
  %s = tz.elementwise tanh(%w) : (tensor<37x16xf32>) -> tensor<37x16xf32>
  %computed = tz.matmul %x, %s : (tensor<?x16xf32>, tensor<37x16xf32>) -> tensor<?x37xf32>
  %c = tz.constant dense<[[1.0, 2.0, -3.0], [4.0, 0.5, 0.0]]> : tensor<2x3xf32>
  %y = tz.slice %x [0, 1] [1, 1] : tensor<?x16xf32> -> tensor<?x3xf32>
  %constant = tz.matmul %y, %c : (tensor<?x3xf32>, tensor<2x3xf32>) -> tensor<?x2xf32>
  tz.return %given, %halves, %computed, %constant : tensor<?x37xf32>, tensor<?x37xf32>, tensor<?x37xf32>, tensor<?x2xf32>
}
tz.func @rows(%t: tensor<37x16xf16> {tz.name = "t"}, %i: tensor<?xi32> {tz.name = "i"})
    -> (tensor<?x16xf32> {tz.name = "given"}, tensor<?x16xf32> {tz.name = "computed"}) {
  %given = tz.embedding %t, %i : (tensor<37x16xf16>, tensor<?xi32>) -> tensor<?x16xf32>
  %n = tz.elementwise neg(%t) : (tensor<37x16xf16>) -> tensor<37x16xf16>
  %computed = tz.embedding %n, %i : (tensor<37x16xf16>, tensor<?xi32>) -> tensor<?x16xf32>
  tz.return %given, %computed : tensor<?x16xf32>, tensor<?x16xf32>
}
tz.func @norms(%x: tensor<?x16xf32> {tz.name = "x"}, %w: tensor<16xf32> {tz.name = "w"})
    -> (tensor<?x16xf32> {tz.name = "rms"}, tensor<?x16xf32> {tz.name = "layer"}) {
  %one = tz.scalar 1.0 : tensor<f32>
  %g = tz.elementwise add(%w, %one) : (tensor<16xf32>, tensor<f32>) -> tensor<16xf32>
  %rms = tz.rms_norm %x, %g {epsilon = 1.0e-5 : f64} : (tensor<?x16xf32>, tensor<16xf32>) -> tensor<?x16xf32>
  %b = tz.elementwise mul(%w, %w) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %layer = tz.layer_norm %x, %g, %b {epsilon = 1.0e-5 : f64} : (tensor<?x16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<?x16xf32>
  tz.return %rms, %layer : tensor<?x16xf32>, tensor<?x16xf32>
}
tz.func @rotated(%x: tensor<?x16xf32> {tz.name = "x"}, %f: tensor<8xf32> {tz.name = "f"})
    -> (tensor<?x1x16xf32> {tz.name = "y"}) {
  %p = tz.scalar 5.0 : tensor<i32>
  %e = tz.elementwise exp(%f) : (tensor<8xf32>) -> tensor<8xf32>
  %h = tz.reshape %x : tensor<?x16xf32> -> tensor<?x1x16xf32>
  %y = tz.rope %h, %p factors(%e) neox {base = 1.0e3 : f64, rotated = 16 : i64}
      : (tensor<?x1x16xf32>, tensor<i32>, tensor<8xf32>) -> tensor<?x1x16xf32>
  tz.return %y : tensor<?x1x16xf32>
}
"""


@pytest.fixture(scope="module", params=["cpu", "cpu:x86-64-v3", "emu:sm_80"])
def call(request, terrazzo, tmp_path_factory):
    return Functions(terrazzo, tmp_path_factory.mktemp("operands"), MODULE, request.param)


def made(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape).astype("f4")


def close(got, want):
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("rows", [0, 1, 5, 13, 200])
def test_products(call, rows):
    x, w = made(rows, 16), made(37, 16)
    h = w.astype("f2")
    got = call("products", ["given", "halves", "computed", "constant"], x=x, w=w, h=h)
    wide = x.astype("f8")
    close(got["given"], wide @ w.T)
    close(got["halves"], wide @ h.astype("f8").T)
    close(got["computed"], wide @ np.tanh(w).T)
    close(got["constant"], wide[:, 1:4] @ np.array([[1, 2, -3], [4, 0.5, 0]]).T)


@pytest.mark.parametrize("rows", [0, 1, 13])
def test_rows(call, rows):
    table, ids = made(37, 16).astype("f2"), np.random.default_rng(rows).integers(0, 37, rows).astype("i4")
    got = call("rows", ["given", "computed"], t=table, i=ids)
    np.testing.assert_array_equal(got["given"], table[ids].astype("f4"))
    np.testing.assert_array_equal(got["computed"], -table[ids].astype("f4"))


@pytest.mark.parametrize("rows", [0, 1, 13, 70])
def test_norms(call, rows):
    x, w = made(rows, 16), made(16)
    got, wide = call("norms", ["rms", "layer"], x=x, w=w), x.astype("f8")
    close(got["rms"], wide / np.sqrt((wide**2).mean(-1, keepdims=True) + 1e-5) * (1 + w))
    centred = wide - wide.mean(-1, keepdims=True)
    close(got["layer"], centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * (1 + w) + w * w)


@pytest.mark.parametrize("rows", [1, 9])
def test_rotations(call, rows):
    x, f = made(rows, 16), made(8)
    got, wide = call("rotated", ["y"], x=x, f=f)["y"][:, 0], x.astype("f8")
    angles = (np.arange(rows) + 5)[:, None] * 1e3 ** (-np.arange(8) / 8) / np.exp(f)
    left, right = wide[:, :8], wide[:, 8:]
    close(got, np.hstack([left * np.cos(angles) - right * np.sin(angles), left * np.sin(angles) + right * np.cos(angles)]))
