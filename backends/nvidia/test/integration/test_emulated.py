# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Both models on emulated devices against the float32 reference, and what a user sees there.

The nightly breadth (every text, every architecture, bf16) runs when TERRAZZO_ALL_DEVICES is set; the default keeps to
minutes: every text on one architecture, two on the others.
"""

import os

import numpy as np
import pytest

ALL = bool(os.environ.get("TERRAZZO_ALL_DEVICES"))
F16, BF16 = 2e-5, 2e-4
ONE_BY_ONE = ("prose", "short")


def texts(reference, names=None):
    known = [str(name) for name in reference.data["names"]]
    return [k for k in reference.texts if names is None or known[k] in names]


def check(request, evaluate, model, device, chunk, limit, names=None):
    reference = request.config.golden(model)
    divergences, wrong = [], 0
    for k in texts(reference, names):
        logits, _ = evaluate(reference, k, "-b", chunk, "--device", device)
        divergences.append(reference.divergence(k, logits))
        wrong += reference.wrong_tops(k, logits)
    mean = float(np.concatenate(divergences).mean())
    print(f"{model} {device} -b {chunk}: mean KL {mean:.3e}, {wrong} sure tops wrong")
    assert mean <= limit
    assert wrong == 0


@pytest.mark.parametrize("device", ["emu:sm_80", "emu:sm_90a"])
def test_chunks(request, evaluate, model, device):
    check(request, evaluate, model, device, 128, F16,
          None if ALL or device == "emu:sm_80" else ONE_BY_ONE)


@pytest.mark.parametrize("device", ["emu:sm_80"] + ["emu:sm_90a"] * ALL)
def test_one_by_one(request, evaluate, model, device):
    check(request, evaluate, model, device, 1, F16, ONE_BY_ONE)


@pytest.mark.parametrize("device", ["emu:sm_80+bf16"] + ["emu:sm_90a+bf16"] * ALL)
def test_bf16(request, evaluate, model, device):
    check(request, evaluate, model, device, 128, BF16, None if ALL else ("prose",))


def test_without_asynchronous_copies(request, evaluate):
    """sm_75 has neither cp.async nor m16n8k16."""
    check(request, evaluate, "smollm2", "emu:sm_75", 128, F16, ("prose",))


def test_sensible_text(terrazzo, smollm2):
    result = terrazzo("run", "-m", smollm2, "--device", "emu:sm_80", "-p", "What is the capital of France?", "-n", 16,
                      "--temp", 0)
    assert "Paris" in result.out
    assert "nvidia(sm_80)" in result.err and "emu:sm_80" in result.err
    notes = [line for line in result.err.splitlines() if "emulated sm_80" in line and line.startswith("note")]
    assert len(notes) == 1, result.err


def test_a_device_that_is_not_there(terrazzo, smollm2):
    result = terrazzo("run", "-m", smollm2, "--device", "emu:sm_33", "-p", "x", code=4)
    assert "sm_33" in result.err and "terrazzo targets" in result.err


def test_one_package_for_several_chips(terrazzo, smollm2, tmp_path):
    package = tmp_path / "several.tzp"
    line = terrazzo.json("compile", "-m", smollm2, "--target", "cpu,nvidia:sm_80,nvidia:sm_90a", "-o", package)
    assert len(line["targets"]) == 3
    for device, target in (("cpu", "cpu:"), ("emu:sm_80", "nvidia:sm_80"), ("emu:sm_90a", "nvidia:sm_90a")):
        call = ["-m", smollm2, "--device", device, "-p", "What is the capital of France?", "-n", 12, "--temp", 0]
        found = terrazzo.json("run", package, *call, program="terrazzo-run")
        # What the processor says depends on its arithmetic: as close to float32, but another answer may win narrowly.
        if device == "cpu":
            assert found["ids"] == terrazzo.json("run", *call[:2], "--device", line["targets"][0], *call[4:])["ids"]
        else:
            assert "Paris" in found["text"], (device, target)
    check = terrazzo("check", package, "--device", "emu:sm_80", code=(0, 7))
    assert "nvidia:sm_80" in check.out


MODULE = """
tz.func @mix(%x: tensor<?x24xf32> {tz.dims = ["R", 24], tz.name = "x"}, %g: tensor<24xf32> {tz.name = "gain"})
    -> (tensor<?x24xf32> {tz.name = "scaled"}, tensor<?x24xf32> {tz.name = "normed"}) attributes {tz.sizes = {R = [1, 40]}} {
  %0 = tz.elementwise mul(%x, %g) : (tensor<?x24xf32>, tensor<24xf32>) -> tensor<?x24xf32>
  %1 = tz.rms_norm %0, %g {epsilon = 1.0e-5 : f64} : (tensor<?x24xf32>, tensor<24xf32>) -> tensor<?x24xf32>
  tz.return %0, %1 : tensor<?x24xf32>, tensor<?x24xf32>
}
"""


def test_functions_of_a_module(terrazzo, tmp_path):
    (tmp_path / "mix.mlir").write_text(MODULE)
    random = np.random.default_rng(1)
    for rows in (0, 1, 33):
        x, gain = (random.standard_normal(s).astype(np.float32) for s in ((rows, 24), (24,)))
        np.save(tmp_path / "x.npy", x)
        np.save(tmp_path / "gain.npy", gain)
        words = [w for n in ("x", "gain") for w in ("--input", f"{n}={tmp_path / n}.npy")]
        words += [w for n in ("scaled", "normed") for w in ("--output", f"{n}={tmp_path / n}.npy")]
        terrazzo("call", "-m", tmp_path / "mix.mlir", "--device", "emu:sm_80", *words)
        scaled = x.astype(np.float64) * gain
        normed = scaled / np.sqrt((scaled**2).mean(-1, keepdims=True) + 1e-5) * gain
        np.testing.assert_allclose(np.load(tmp_path / "scaled.npy"), scaled, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(np.load(tmp_path / "normed.npy"), normed, rtol=2e-5, atol=1e-5)
