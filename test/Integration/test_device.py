# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Devices of the catalogue: a toy that needs no compiler, and this processor behind the device table."""

import json
import subprocess

import numpy as np
import pytest
from conftest import BUILD

TESTS = BUILD / "test" / "Runtime" / "Exec"


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A folder with the toy model, packages of it and the toy device's descriptor."""
    folder = tmp_path_factory.mktemp("toy")
    subprocess.run([BUILD / "bin" / "toy-files", folder], check=True)
    (folder / "ids").write_text(" ".join(str(i * 37 % 64) for i in range(700)))
    return folder


def path(folder):
    return {"TERRAZZO_DEVICE_PATH": str(folder)}


def logits(terrazzo, folder, device, *flags, package="toy.tzp"):
    out = folder / "logits.npy"
    terrazzo("eval", folder / package, "-m", folder / "toy.gguf", "--ids", folder / "ids", "--logits", out,
             "--device", device, *flags, program="terrazzo-run", **path(folder))
    return np.load(out)


@pytest.mark.parametrize("batch", [1, 8, 512])
def test_same_logits_as_the_processor(terrazzo, toy, batch):
    expected = logits(terrazzo, toy, "cpu", "-b", batch)
    assert (logits(terrazzo, toy, "toy:0", "-b", batch) == expected).all()
    assert (logits(terrazzo, toy, "toy:0", "-b", batch, "--no-cache", package="device.tzp") == expected).all()


def test_bench(terrazzo, toy):
    line = terrazzo.json("bench", toy / "toy.tzp", "-m", toy / "toy.gguf", "--device", "toy:0", "-r", 1,
                         program="terrazzo-run", **path(toy))
    assert line["device"] == "toy:v1" and line["threads"] == 0 and line["tg"] > 0 and line["pp"] > 0


def test_the_device_is_named(terrazzo, toy):
    arguments = ["eval", toy / "toy.tzp", "-m", toy / "toy.gguf", "--ids", toy / "ids", "--device", "toy:0"]
    result = terrazzo(*arguments, program="terrazzo-run", **path(toy))
    assert result.err.count("note: a toy computes this") == 1
    assert not terrazzo(*arguments, "--quiet", program="terrazzo-run", **path(toy)).err


def test_threads_mean_nothing_on_a_device(terrazzo, toy):
    arguments = ["eval", toy / "toy.tzp", "-m", toy / "toy.gguf", "--ids", toy / "ids", "-t", 2]
    assert "--threads has no effect" in terrazzo(*arguments, "--device", "toy:0", program="terrazzo-run", code=2, **path(toy)).err
    terrazzo(*arguments, program="terrazzo-run", **path(toy))


@pytest.mark.parametrize(("device", "code", "words"), [
    ("toy:absent", 4, "there is no toy in this box"), ("toy:small=100000", 6, "toy:small=100000"),
    ("toy:full=3", 6, "the box is full"), ("toy:fail=5", 1, "fell off the table"), ("toy:late=5", 1, "broke while it played"),
    ("nosuch", 4, "nosuch"), ("toy", 4, "no device 'toy'"),
])
def test_what_goes_wrong(terrazzo, toy, device, code, words):
    result = terrazzo("eval", toy / "toy.tzp", "-m", toy / "toy.gguf", "--ids", toy / "ids", "-b", 8, "--device", device, "--no-cache",
                      program="terrazzo-run", code=code, **path(toy))
    assert words in result.err and result.err.count("error[TZ") == 1, result


def test_no_code_for_the_device(terrazzo, toy):
    arguments = ["-m", toy / "toy.gguf", "--ids", toy / "ids"]
    result = terrazzo("eval", toy / "device.tzp", *arguments, program="terrazzo-run", code=7, **path(toy))
    assert "toy:v1" in result.err


def test_check(terrazzo, toy):
    line = terrazzo.json("check", toy / "toy.tzp", **path(toy))
    assert line["verdict"] == "runs" and [v["runs"] for v in line["variants"]] == [True, False]
    assert "--device toy:*" in line["variants"][1]["reason"]
    line = terrazzo.json("check", toy / "toy.tzp", "--device", "toy:0", **path(toy))
    assert line["reason"] == "toy:v1" and [v["runs"] for v in line["variants"]] == [False, True]
    terrazzo("check", toy / "device.tzp", code=7, **path(toy))
    terrazzo("check", toy / "device.tzp", "--device", "toy:absent", code=4, **path(toy))


def test_facts_of_kernels(terrazzo, toy):
    (variant,) = terrazzo.json("inspect", toy / "device.tzp")["variants"]
    assert variant["kernels"][0]["facts"] == ["3 toys", "0 spilled bytes"]
    assert "3 toys" in terrazzo("inspect", toy / "device.tzp").out


def test_targets_and_doctor(terrazzo, toy):
    rows = {row["name"]: row for row in terrazzo("targets", "--format", "json", **path(toy)).lines()}
    assert rows["toy:0"]["usable"] and rows["toy:0"]["kind"] == "device"
    assert not rows["toy:absent"]["usable"] and "no toy in this box" in rows["toy:absent"]["reason"]
    doctor = terrazzo("doctor", **path(toy)).out.splitlines()
    assert [line[:5] for line in doctor if "toy:0 (Toy)" in line] == ["ok   "]
    absent = [line for line in doctor if "toy:absent" in line]
    assert len(absent) == 1 and absent[0].startswith("-    ") and "no toy in this box" in absent[0]
    findings = [row for row in terrazzo("doctor", "--format", "json", **path(toy)).lines() if row["subject"] == "device"]
    assert [row["ok"] for row in findings if "toy:absent" in row["state"]] == [False]
    assert all(set(row) == {"subject", "state", "ok", "remedy"} for row in findings)


@pytest.mark.parametrize("text", ["", "{", "[[[[", json.dumps({"devices": [{"name": "x"}]}), "\x00" * 100])
def test_a_descriptor_that_is_none(terrazzo, tmp_path, text):
    (tmp_path / "bad.json").write_text(text)
    result = terrazzo("targets", **path(tmp_path))
    assert "warning" in result.err and "bad.json" in result.err
    assert "bad.json" in terrazzo("doctor", **path(tmp_path)).out


def test_a_driver_or_plugin_that_is_missing(terrazzo, toy, tmp_path):
    (tmp_path / "chip.json").write_text(json.dumps({"devices": [{"name": "chip", "plugin": "libnone.so"}]}))
    rows = {row["name"]: row for row in terrazzo("targets", "--format", "json", **path(tmp_path)).lines()}
    assert not rows["chip"]["usable"] and "libnone.so" in rows["chip"]["reason"]
    doctor = terrazzo("doctor", **path(tmp_path)).out.splitlines()
    assert [line[0] for line in doctor if "libnone.so" in line and "device" in line] == ["!"]
    result = terrazzo("run", "-m", toy / "toy.gguf", "-p", "x", "--device", "chip:1", code=4, **path(tmp_path))
    assert "TZ0441" in result.err and "chip.json" in result.err


def test_a_model_through_the_device_table(terrazzo, smollm2, tmp_path):
    """The processor's own code, launch by launch: bits do not depend on who runs the list."""
    (tmp_path / "host.json").write_text(json.dumps({"devices": [{"name": "host", "plugin": str(TESTS / "libhost-plugin.so")}]}))
    (tmp_path / "ids").write_text(" ".join(str(i * 7919 % 40000 + 11) for i in range(40)))
    results = []
    for device in ("cpu", "host"):
        out = tmp_path / f"{device}.npy"
        terrazzo("eval", "-m", smollm2, "--ids", tmp_path / "ids", "-b", 16, "--logits", out, "--device", device, **path(tmp_path))
        results.append(np.load(out))
    assert (results[0] == results[1]).all()
    flags = ["run", "-m", smollm2, "-p", "The capital of France is", "--no-chat", "-n", 8, "--temp", 0]
    assert terrazzo.json(*flags)["ids"] == terrazzo.json(*flags, "--device", "host", **path(tmp_path))["ids"]
    rows = terrazzo("explain", "-m", smollm2, "--device", "host", "--format", "json", **path(tmp_path)).lines()
    assert rows and all(row["measured_s"] > 0 and row["limit_s"] >= 0 for row in rows)


@pytest.mark.parametrize(("target", "moved"), [("toy:v1", "rope"), ("toy:v2", "attention")])
def test_what_the_device_cannot_run(terrazzo, toy, smollm2, tmp_path, target, moved):
    """A real model with some operations beside the device: the same bits as on the processor alone."""
    backends = f"{BUILD / 'test' / 'Compiler' / 'backends'}:{BUILD / 'lib' / 'terrazzo' / 'backends'}"
    (tmp_path / "ids").write_text(" ".join(str(i * 7919 % 40000 + 11) for i in range(40)))
    result = terrazzo("compile", "-m", smollm2, "-o", tmp_path / "m.tzp", "--target", target, TERRAZZO_PLUGIN_PATH=backends)
    assert f"{moved}: no toy can" in result.err + result.out
    for batch in (1, 16):
        results = []
        for device, package in (("cpu", []), ("toy:0", [tmp_path / "m.tzp"])):
            out = tmp_path / "logits.npy"
            terrazzo("eval", *package, "-m", smollm2, "--ids", tmp_path / "ids", "-b", batch, "--logits", out,
                     "--device", device, program="terrazzo-run" if package else "terrazzo", **path(toy))
            results.append(np.load(out))
        assert (results[0] == results[1]).all(), batch
    refused = terrazzo("eval", tmp_path / "m.tzp", "-m", smollm2, "--ids", tmp_path / "ids", "--device", "toy:0", "--fallback",
                       "error", program="terrazzo-run", code=4, **path(toy))
    assert "TZ0037" in refused.err


def test_work_beside_the_device_is_explained(terrazzo, toy, smollm2):
    backends = f"{BUILD / 'test' / 'Compiler' / 'backends'}:{BUILD / 'lib' / 'terrazzo' / 'backends'}"
    result = terrazzo("explain", "-m", smollm2, "--device", "toy:0", "--format", "json", TERRAZZO_PLUGIN_PATH=backends, **path(toy))
    assert any("attention" in row["kernel"] for row in result.lines())
    assert all(row["measured_s"] > 0 for row in result.lines())
    assert "attention: no toy can" in result.err
