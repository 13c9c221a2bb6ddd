# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""compile, check, inspect, terrazzo-run and the cache."""

import pathlib

import pytest
from conftest import MODELS


@pytest.fixture(scope="module")
def package(terrazzo, tmp_path_factory):
    out = tmp_path_factory.mktemp("package") / "smollm2.tzp"
    line = terrazzo.json("compile", "-m", MODELS["smollm2"], "-o", out)
    assert {"output", "bytes", "kernels", "targets", "seconds", "peak_rss_mb"} <= set(line)
    assert line["bytes"] == out.stat().st_size
    # 1 GiB above the mapped file.
    assert line["peak_rss_mb"] <= 1074 + MODELS["smollm2"].stat().st_size / 1e6
    return out


def test_same_input_same_bytes(terrazzo, package, tmp_path):
    again = tmp_path / "elsewhere.tzp"
    terrazzo("compile", "-m", MODELS["smollm2"], "-o", again, "--no-cache")
    assert again.read_bytes() == package.read_bytes()
    assert str(MODELS["smollm2"].parent).encode() not in again.read_bytes()


def test_check(terrazzo, package, tmp_path):
    line = terrazzo.json("check", package)
    assert {"verdict", "reason", "targets"} <= set(line)
    assert "runs" in line["verdict"]
    bad = tmp_path / "bad.tzp"
    data = bytearray(package.read_bytes())
    for damaged in (b"", b"no package", bytes(data[:1000]), bytes(data[: len(data) // 2])):
        bad.write_bytes(damaged)
        result = terrazzo("check", bad, code=None)
        assert result.code == 7 and "cannot" in result.out


def test_damaged_packages_never_crash(terrazzo, package, tmp_path):
    import random

    data = package.read_bytes()
    generator = random.Random(3)
    bad = tmp_path / "bad.tzp"
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(generator.randrange(1, 8)):
            damaged[generator.randrange(0, min(len(data), 40000))] = generator.randrange(256)
        bad.write_bytes(damaged)
        terrazzo("check", bad, code=None)
        terrazzo("inspect", bad, code=None)


def test_inspect(terrazzo, package, model):
    line = terrazzo.json("inspect", MODELS[model])
    assert {"kind", "architecture", "parameters", "tensors"} <= set(line)
    assert line["architecture"] == {"smollm2": "llama", "gemma3": "gemma3"}[model]
    assert terrazzo.json("inspect", package)["kind"] != line["kind"]


def test_run_a_package(terrazzo, package, smollm2):
    flags = ["--no-chat", "-p", "The capital of France is", "-n", 8, "--temp", 0]
    line = terrazzo.json(package, "-m", smollm2, *flags, program="terrazzo-run")
    assert "Paris" in line["text"]
    assert line["ids"] == terrazzo.json("run", "-m", smollm2, *flags)["ids"]


def test_a_package_of_other_weights(terrazzo, package):
    result = terrazzo(package, "-m", MODELS["gemma3"], "-p", "x", "-n", 1, program="terrazzo-run", code=7)
    assert "error" in result.err


def test_cache_can_be_cleared(terrazzo, smollm2, tmp_path):
    environment = {"TERRAZZO_CACHE_DIR": str(tmp_path / "cache")}
    path = terrazzo("cache", "path", **environment).out.strip()
    assert pathlib.Path(path) == tmp_path / "cache"
    terrazzo("run", "-m", smollm2, "-p", "x", "-n", 1, **environment)
    assert terrazzo("cache", "list", **environment).out.strip()
    terrazzo("cache", "clear", **environment)
    assert sum(f.stat().st_size for f in (tmp_path / "cache").rglob("*") if f.is_file()) == 0


def test_no_cache_writes_nothing(terrazzo, smollm2, tmp_path):
    cache = tmp_path / "cache"
    terrazzo("run", "-m", smollm2, "-p", "x", "-n", 1, "--no-cache", TERRAZZO_CACHE_DIR=str(cache))
    assert not cache.exists() or not [f for f in cache.rglob("*") if f.is_file()]


def test_damaged_cache_entries_are_survived(terrazzo, smollm2, tmp_path):
    environment = {"TERRAZZO_CACHE_DIR": str(tmp_path / "cache")}
    flags = ["run", "-m", smollm2, "--no-chat", "-p", "The capital of France is", "-n", 6, "--temp", 0]
    expected = terrazzo.json(*flags, **environment)["ids"]
    for entry in [f for f in (tmp_path / "cache").rglob("*") if f.is_file()]:
        whole = entry.read_bytes()
        for damaged in (b"", whole[: len(whole) // 2]):
            entry.chmod(0o644)
            entry.write_bytes(damaged)
            assert terrazzo.json(*flags, **environment)["ids"] == expected, entry


def test_cache_that_cannot_be_written(terrazzo, smollm2):
    terrazzo("run", "-m", smollm2, "-p", "x", "-n", 1, TERRAZZO_CACHE_DIR="/proc/nowhere")


def test_dump(terrazzo, smollm2, tmp_path):
    terrazzo("compile", "-m", smollm2, "-o", tmp_path / "o.tzp", "--no-cache", "--dump-to", tmp_path / "dump")
    names = [f.name for f in (tmp_path / "dump").rglob("*")]
    assert any(n.endswith(".mlir") for n in names) and any(n.endswith(".s") for n in names)
