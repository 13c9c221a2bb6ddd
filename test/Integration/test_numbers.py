# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers that are none never look like an answer: exit 5, and where it began."""

import json
import struct

import numpy as np
import pytest
from tiny import Tiny, divergence

IDS = list(range(65, 105))
NAMES = ["token_embd.weight", "output_norm.weight", *(f"blk.1.{part}.weight" for part in (
    "attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_up", "ffn_down"))]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "ids").write_text(" ".join(map(str, IDS)))
    (tmp_path / "text").write_text("hello there")
    return tmp_path


def broken(name, value, quantised):
    """`value` as the first number, or as the first block's scale, of a row that is always used."""
    model = Tiny()
    if quantised:
        model.quantise()
    if name in model.formats:
        content = model.formats[name][1]
        row = IDS[0] * 2 * 34 if name == "token_embd.weight" else 0
        content[row:row + 2] = struct.pack("<e", value)
    else:
        model.weights[name].reshape(-1)[IDS[0] * 64 if name == "token_embd.weight" else 0] = value
    return model


@pytest.fixture(scope="module", params=[False, True], ids=["float32", "quantised"])
def sound(request, terrazzo, tmp_path_factory):
    """Whether it is quantised, and a package that takes any weights of these settings."""
    folder = tmp_path_factory.mktemp("sound")
    model = Tiny()
    if request.param:
        model.quantise()
    terrazzo("compile", "-m", model.write(folder / "m.gguf"), "-o", folder / "m.tzp")
    return request.param, folder / "m.tzp"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", NAMES)
def test_weights(terrazzo, files, sound, name, value):
    quantised, package = sound
    path = broken(name, value, quantised).write(files / "m.gguf")
    for batch in (512, 1):  # both kinds of kernels
        result = terrazzo("eval", package, "-m", path, "--ids", files / "ids", "-b", batch, "--format", "json",
                          program="terrazzo-run", code=5)
        assert "TZ0805" in result.err and f"'{name}'" in result.err and not result.out, result


def test_every_verb(terrazzo, files):
    path = broken("blk.1.ffn_down.weight", np.inf, False).write(files / "m.gguf")
    for command in (["run", "-p", "hello", "--no-chat", "-n", 4, "--temp", 0], ["run", "-p", "hello", "--no-chat", "-n", 4],
                    ["bench", "-p", 8, "-n", 4, "-r", 1], ["eval", "-f", files / "text"]):
        result = terrazzo(command[0], "-m", path, *command[1:], "--format", "json", code=5)
        assert "blk.1.ffn_down.weight" in result.err and not result.out, result
    result = terrazzo("eval", "-m", path, "-f", files / "text", "--reference", "--format", "json", code=5)
    assert "TZ0806" in result.err and "blk.1.ffn_down.weight" in result.err and not result.out, result


def test_a_device(terrazzo, files):
    for name in ("output_norm.weight", "blk.0.attn_k.weight", "blk.1.ffn_up.weight"):
        path = broken(name, np.nan, False).write(files / "m.gguf")
        result = terrazzo("eval", "-m", path, "--ids", files / "ids", "--device", "emu:sm_80", code=5)
        assert "TZ0805" in result.err and f"'{name}'" in result.err, result


@pytest.mark.parametrize("device", ["cpu", "emu:sm_80"])
@pytest.mark.parametrize("part", ["attn_k", "attn_v"])
def test_a_cache_beyond_float16(terrazzo, files, part, device):
    model = Tiny()
    # What attends makes up for it: in exact arithmetic nothing changes.
    other, axis = ("attn_q", 0) if part == "attn_k" else ("attn_output", 1)
    for layer in range(2):
        model.weights[f"blk.{layer}.{part}.weight"] *= np.float32(2**16)
        model.weights[f"blk.{layer}.{other}.weight"] *= np.float32(2**-16)
    path = model.write(files / "m.gguf")
    for batch in (512, 1):
        result = terrazzo("eval", "-m", path, "--ids", files / "ids", "-b", batch, "--device", device, code=5)
        assert "TZ0805" in result.err and "blk.0." + part[-1] in result.err and "65504" in result.err, result


def test_sums_beyond_float32(terrazzo, files):
    """A norm of rows whose squares have no sum in float32 must not give zeros."""
    model = Tiny()
    model.weights["token_embd.weight"] *= np.float32(1e25)
    path = model.write(files / "m.gguf")
    assert np.isfinite(model.logits(IDS)).all()
    result = terrazzo("eval", "-m", path, "--ids", files / "ids", code=5)
    assert "TZ0805" in result.err and "blk.0.k" in result.err, result


def test_a_perplexity_beyond_float64(terrazzo, files):
    """Logits and likelihood are finite, the perplexity is not: JSON has no word for it."""
    model = Tiny()
    model.weights["output_norm.weight"] *= np.float32(1e4)
    path = model.write(files / "m.gguf")
    for more in ([], ["--reference"]):
        result = terrazzo("eval", "-m", path, "--ids", files / "ids", "--format", "json", *more, code=5)
        assert "TZ0807" in result.err and not result.out, result


def test_large_numbers_are_numbers(terrazzo, files):
    """Up to the limit of each format nothing is refused."""
    model = Tiny()
    for layer in range(2):
        model.weights[f"blk.{layer}.attn_k.weight"] *= np.float32(2**13)
        model.weights[f"blk.{layer}.attn_q.weight"] *= np.float32(2**-13)
    line = terrazzo.json("eval", "-m", model.write(files / "m.gguf"), "--ids", files / "ids", "--logits", files / "l.npy")
    assert line["nll"] > 0
    assert divergence(model.logits(IDS), np.load(files / "l.npy")) < 1e-4
    assert json.dumps(line)
