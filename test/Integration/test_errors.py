# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bad input: one clear error with a code, the contract's exit code, never a crash."""

import os
import random
import re
import struct
import subprocess
import time

import pytest
from conftest import BUILD


def one_error(result):
    assert len(re.findall(r"^error", result.err, re.M)) == 1, result
    return result.err


@pytest.mark.parametrize("arguments", [
    ["frobnicate"], ["run"], ["run", "-m"], ["run", "--no-such-flag"], ["bench", "-p", "-3"], ["run", "-m", "x", "-n", "many"],
    ["eval", "-m", "x"], ["tokenize"], ["check"], ["compile", "-m", "x"], ["run", "-m", "x", "--format", "yaml"],
])
def test_usage(terrazzo, arguments):
    assert terrazzo(*arguments, code=2).err


def test_help_and_version(terrazzo):
    for arguments in (["--help"], ["--version"], *([verb, "--help"] for verb in (
            "run", "bench", "eval", "tokenize", "detokenize", "chat-template", "compile", "check", "inspect", "explain",
            "call", "embed", "transcribe", "targets", "cache", "doctor"))):
        out = terrazzo(*arguments).out
        if arguments == ["--version"]:
            assert re.fullmatch(r"terrazzo \d+\.\d+\.\d+\n", out)
        else:
            assert re.search(rf"^Usage: {' '.join(['terrazzo', *arguments[:-1]])} ", out, re.M) and "--help" in out


def test_missing_file(terrazzo, tmp_path):
    for verb in ("run", "inspect"):
        flags = ["-m"] if verb == "run" else []
        result = terrazzo(verb, *flags, tmp_path / "none.gguf", *(["-p", "x"] if flags else []), code=None)
        assert result.code in (1, 2, 3)
        assert "none.gguf" in one_error(result)


def test_unknown_device(terrazzo, smollm2):
    result = terrazzo("run", "-m", smollm2, "-p", "x", "-n", 1, "--device", "nosuch", code=4)
    assert "nosuch" in one_error(result) and "help" in result.err


def test_not_a_model(terrazzo, tmp_path):
    path = tmp_path / "x.gguf"
    for data in (b"", b"GGUF", b"PK\x03\x04zip", os.urandom(4096), b"GGUF" + struct.pack("<IQQ", 3, 2**63, 2**63),
                 b"GGUF" + struct.pack("<IQQ", 99, 0, 0), b"GGUF" + struct.pack("<IQQ", 3, 0, 0)):
        path.write_bytes(data)
        for command in (["inspect", path], ["run", "-m", path, "-p", "x"], ["tokenize", "-m", path, "-p", "x"]):
            result = terrazzo(*command, code=(0, 3) if command[0] == "inspect" else 3)
            assert result.code == 0 or re.search(r"error\[TZ\d{4}\]", one_error(result)), result


def test_truncated_model(terrazzo, smollm2, tmp_path):
    path = tmp_path / "cut.gguf"
    with smollm2.open("rb") as file:
        head = file.read(4 << 20)
    for size in (100, 5000, 100_000, 1_500_000, len(head)):
        path.write_bytes(head[:size])
        assert "cut.gguf" in one_error(terrazzo("run", "-m", path, "-p", "x", code=3))


def test_damaged_headers_never_crash(terrazzo, smollm2, tmp_path):
    """Random bytes of the header changed; the tensor data is left out, so most are refused for that."""
    with smollm2.open("rb") as file:
        head = file.read(3 << 20)
    generator = random.Random(1)
    path = tmp_path / "bad.gguf"
    for _ in range(80):
        damaged = bytearray(head)
        for _ in range(generator.randrange(1, 6)):
            damaged[generator.randrange(4, 3000)] = generator.randrange(256)
        path.write_bytes(damaged)
        terrazzo("inspect", path, code=(0, 3))
        terrazzo("tokenize", "-m", path, "-p", "hello", code=(0, 3))


def test_model_that_shrinks_while_mapped(terrazzo, smollm2, tmp_path):
    """The float64 reference reads the weights where they lie, for as long as it runs."""
    path = tmp_path / "shrinks.gguf"
    path.write_bytes(smollm2.read_bytes())
    (tmp_path / "ids").write_text(" ".join(map(str, range(1, 400))))
    child = subprocess.Popen([BUILD / "bin" / "terrazzo", "eval", "-m", path, "--ids", tmp_path / "ids", "--reference"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=terrazzo.environment)
    time.sleep(1.0)
    os.truncate(path, 3 << 20)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 1 and err.count("error[") == 1 and "TZ0115" in err and "shrinks.gguf" in err, err


def test_model_that_shrinks_while_it_runs(terrazzo, smollm2, tmp_path):
    """What it needs was copied before, and it goes on; or it was not, and it says so."""
    path = tmp_path / "shrinks.gguf"
    path.write_bytes(smollm2.read_bytes())
    child = subprocess.Popen([BUILD / "bin" / "terrazzo", "bench", "-m", path, "-n", "64", "-r", "8", "--no-cache"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=terrazzo.environment)
    time.sleep(1.0)
    os.truncate(path, 3 << 20)
    out, err = child.communicate(timeout=120)
    assert "tg" in out if child.returncode == 0 else err.count("error[") == 1, out + err


def test_ids_that_are_none(terrazzo, smollm2, tmp_path):
    for text in ("", "1 2 x", "99999999", "-5", "1.5"):
        (tmp_path / "ids").write_text(text)
        assert terrazzo("eval", "-m", smollm2, "--ids", tmp_path / "ids", code=2).err


def test_full_disk(terrazzo, smollm2, tmp_path):
    (tmp_path / "ids").write_text("1 2 3 4")
    result = terrazzo("eval", "-m", smollm2, "--ids", tmp_path / "ids", "--logits", "/dev/full", code=None)
    assert result.code != 0 and result.err
    result = terrazzo("compile", "-m", smollm2, "-o", "/dev/full", code=None)
    assert result.code != 0 and result.err
    with open("/dev/full", "w") as full:
        child = subprocess.run([BUILD / "bin" / "terrazzo", "targets"], stdout=full, stderr=subprocess.PIPE,
                               env=terrazzo.environment, timeout=60)
    assert child.returncode > 0


def test_model_of_an_unknown_architecture(terrazzo, tmp_path):
    def text(value):
        return struct.pack("<Q", len(value)) + value

    path = tmp_path / "other.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text(b"general.architecture") + struct.pack("<I", 8)
                     + text(b"abacus"))
    assert "abacus" in one_error(terrazzo("compile", "-m", path, "-o", tmp_path / "o.tzp", code=3))


def test_targets(terrazzo):
    rows = [row for line in terrazzo("targets", "--format", "json").lines() for row in (line if isinstance(line, list) else [line])]
    cpu = [row for row in rows if row["name"].split(":")[0] == "cpu"]
    assert cpu and {"name", "kind", "usable", "reason"} <= set(cpu[0])
    assert any(row["usable"] for row in cpu)


def test_doctor(terrazzo, tmp_path):
    """Each finding is a line; what cannot work is said with what helps."""
    out = terrazzo("doctor").out
    for part in ("processor", "memory", "cache", "temporary", "compiler", "backends", "version"):
        assert re.search(rf"^ok +{part} +\S", out, re.M), part
    assert len(out.splitlines()) <= 60
    sick = terrazzo("doctor", TERRAZZO_CACHE_DIR="/proc/none", code=None).out
    assert re.search(r"^! +cache +.*\n +-> it cannot be written: set TERRAZZO_CACHE_DIR", sick, re.M), sick
    full = terrazzo("doctor", TMPDIR=str(tmp_path / "none"), code=None).out
    assert re.search(r"^! +temporary +.*none", full, re.M), full


def test_a_message_names_the_true_cause(terrazzo, smollm2, tmp_path):
    def says(words, *arguments, **options):
        result = terrazzo(*arguments, **options)
        assert words in one_error(result), result

    package, empty, none = tmp_path / "a.tzp", tmp_path / "empty", tmp_path / "none"
    terrazzo("compile", "-m", smollm2, "-o", package, "--quiet")
    empty.write_text("")
    # A verb that there is not, a flag before the verb, no verb at all.
    says("no verb 'frobnicate'", "frobnicate", code=2)
    says("no verb 'frobnicate'", "cache", "frobnicate", code=2)
    says("'-m' stands where the verb belongs", "-m", smollm2, "run", "-p", "x", code=2)
    says("subcommand is required", code=2)
    says("is required", program="terrazzo-run", code=2)
    # A package in a model's place, and the other way round; folders; empty files; files that are not there.
    for verb in (["run", "-p", "x"], ["tokenize", "-p", "x"], ["bench"], ["chat-template"], ["explain"]):
        says("it is a package", *verb, "-m", package, code=3)
        says("it has no config.json", *verb, "-m", tmp_path, code=3)
        says("it is empty", *verb, "-m", empty, code=3)
        says("No such file", *verb, "-m", none, code=1)
    says("it is a model", smollm2, "-m", smollm2, "-p", "x", program="terrazzo-run", code=7)
    says("No such file", none, "-m", smollm2, "-p", "x", program="terrazzo-run", code=1)
    for flag in ("-f", "--ids"):
        says("Is a directory", "run", "-m", smollm2, flag, tmp_path, code=2)
        says("No such file", "run", "-m", smollm2, flag, none, code=2)
    says("the prompt has no tokens", "run", "-m", smollm2, "-f", empty, code=2)
    says("there is no token id", "run", "-m", smollm2, "--ids", empty, code=2)
    says("there are two texts", "eval", "-m", smollm2, "--ids", empty, "-f", empty, code=2)
    for folder in ("/proc/none", empty):
        says("intermediate results", "compile", "-m", smollm2, "-o", package, "--dump-to", folder, code=1)
    (tmp_path / "ids").write_text("1 2 3")
    says("set TMPDIR", "eval", "-m", smollm2, "--ids", tmp_path / "ids", "--reference", code=1, TMPDIR=str(none))
    says("outside of the vocabulary", "detokenize", "-m", smollm2, "99999999999", code=2)
    says("is not a number", "detokenize", "-m", smollm2, "1.5", code=2)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(terrazzo, tmp_path):
    path = tmp_path / "locked"
    path.write_text("x")
    path.chmod(0)
    assert "Permission denied" in terrazzo("tokenize", "-m", path, "-p", "x", code=1).err


def test_inputs_are_read_before_anything_is_compiled(terrazzo, smollm2, tmp_path):
    for flag in ("-f", "--ids"):
        result = terrazzo("run", "-m", smollm2, flag, tmp_path / "none", "--no-cache", code=2)
        assert "terrazzo-compile" not in result.err
