# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whose weights are used: a package and a cache that know a model and its fine-tune, of the same names and shapes."""

import numpy as np
import pytest
from tiny import Tiny, divergence

IDS = list(np.random.default_rng(3).integers(0, 256, 60))


@pytest.fixture(scope="module")
def models(terrazzo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    a, b = Tiny(seed=1), Tiny(seed=2)
    a.path, b.path = a.write(folder / "a.gguf"), b.write(folder / "b.gguf")
    a.package = folder / "a.tzp"
    terrazzo("compile", "-m", a.path, "-o", a.package)
    (folder / "ids").write_text(" ".join(map(str, IDS)))
    a.ids = folder / "ids"
    return a, b


def logits(terrazzo, a, *command, cache, program="terrazzo", code=0):
    out = a.path.parent / "logits.npy"
    out.unlink(missing_ok=True)
    result = terrazzo(*command, "--ids", a.ids, "--logits", out, program=program, code=code, TERRAZZO_CACHE_DIR=str(cache))
    return np.load(out) if code == 0 else result


@pytest.mark.parametrize("device", ["cpu", "emu:sm_80"])
def test_packed_weights_are_those_of_the_file(terrazzo, models, tmp_path, device):
    """Each of both, in either order, in one cache, with the package that was made from the first."""
    a, b = models
    package = a.package
    if device != "cpu":
        package = tmp_path / "a.tzp"
        terrazzo("compile", "-m", a.path, "--target", "nvidia:sm_80", "-o", package)
    for order in ((a, b, a, b), (b, a, b, a)):
        cache = tmp_path / f"cache-{order[0] is a}"
        for model in order:
            got = logits(terrazzo, a, "eval", package, "-m", model.path, "--device", device, cache=cache,
                         program="terrazzo-run")
            # A device multiplies in float16.
            assert divergence(model.logits(IDS), got) < (1e-4 if device == "cpu" else 1e-3)
            if device == "cpu":
                got = logits(terrazzo, a, "eval", "-m", model.path, cache=cache)
                assert divergence(model.logits(IDS), got) < 1e-4


@pytest.mark.parametrize("other", [
    dict(base=500000.0), dict(epsilon=1e-3), dict(keys={"llama.rope.scaling.factor": 4.0}),
    dict(keys={"llama.context_length": 128}),
])
def test_other_settings_are_refused(terrazzo, models, tmp_path, other):
    a, _ = models
    path = Tiny(seed=1, **other).write(tmp_path / "other.gguf")
    result = logits(terrazzo, a, "eval", a.package, "-m", path, cache=tmp_path / "cache", program="terrazzo-run", code=7)
    assert "TZ0713" in result.err or "TZ0707" in result.err
    key = {"base": "rope.freq_base", "epsilon": "layer_norm_rms_epsilon"}.get(*other) or next(iter(other["keys"]))
    assert key in result.err, result


def test_a_file_replaced_or_changed_in_place(terrazzo, models, tmp_path):
    """The same path holds another model from one call to the next."""
    a, b = models
    path = tmp_path / "m.gguf"
    for model in (a, b, a):
        path.write_bytes(model.path.read_bytes())
        assert divergence(model.logits(IDS), logits(terrazzo, a, "eval", "-m", path, cache=tmp_path / "cache")) < 1e-4
