# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""onnx's own tests of its operators: each gives the right result or is refused by name. The first few of each operator that is
read run always, all 1900 of them with TERRAZZO_ONNX_ALL=1 (eight minutes)."""

import os

import numpy as np
import onnx
import pytest
from onnx_cases import cases, operators

EVERY = bool(os.environ.get("TERRAZZO_ONNX_ALL"))
CASES = cases()
# Operators of which onnx has no test with numbers that NumPy has, or none in a version that is read.
UNTESTED = {"Cast", "CastLike", "Not", "SimplifiedLayerNormalization"}
REFUSALS = ("TZ0331", "TZ0332", "TZ0333", "TZ0334", "TZ0510")


def is_plain(array):
    return isinstance(array, np.ndarray) and array.dtype.kind in "biuf"


def outcome(terrazzo, folder, case):
    """True where the result is right, False where the model is refused; anything else fails."""
    model, inputs, results = case.load()
    if not all(is_plain(array) for array in [*inputs.values(), *results.values()]):
        return None
    onnx.save(model, folder / "m.onnx")
    words = []
    for number, (name, array) in enumerate(inputs.items()):
        np.save(folder / f"in{number}.npy", array)
        words += ["--input", f"{name}={folder}/in{number}.npy"]
    for number, name in enumerate(results):
        words += ["--output", f"{name}={folder}/out{number}.npy"]
    result = terrazzo("call", "-m", folder / "m.onnx", *words, code=(0, 3))
    if result.code == 3:
        assert any(code in result.err for code in REFUSALS), result
        return False
    for number, (name, want) in enumerate(results.items()):
        got = np.load(folder / f"out{number}.npy")
        assert got.shape == want.shape and got.dtype == want.dtype, name
        close = 3e-3 if want.dtype == np.float16 else 1e-4
        np.testing.assert_allclose(got.astype(np.float64), want.astype(np.float64), rtol=close, atol=close if want.dtype == np.float16 else 1e-5)
    return True


@pytest.mark.parametrize("operator", operators())
def test_operator(terrazzo, tmp_path, operator):
    if operator in UNTESTED:
        pytest.skip("onnx has no test of it")
    own = [case for case in CASES if len(case.test.model.graph.node) == 1 and case.test.model.graph.node[0].op_type == operator]
    assert any(outcome(terrazzo, tmp_path, case) for case in own[:12]), f"of {len(own)} tests none of the first is computed"


@pytest.mark.skipif(not EVERY, reason="all of them take eight minutes: TERRAZZO_ONNX_ALL=1")
@pytest.mark.parametrize("case", CASES if EVERY else [], ids=lambda case: case.name)
def test_case(terrazzo, tmp_path, case):
    if outcome(terrazzo, tmp_path, case) is None:
        pytest.skip("its numbers are none of NumPy's")
