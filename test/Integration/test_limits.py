# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A machine that is not ours alone: quotas, memory limits, ulimits, folders that are full, missing or mounted noexec.

What needs root (control groups, mounts) is skipped without it.
"""

import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import time

import pytest
from conftest import BUILD, ROOT

CORES = len(os.sched_getaffinity(0))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A model that compiles in a moment."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    writer = ROOT / "test" / "Import" / "Inputs" / "write-gguf.py"
    subprocess.run([sys.executable, writer, "llama", path], check=True)
    return path


@pytest.fixture
def ids(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_text("1 2 3 4 5 6 7 8")
    return path


@pytest.fixture
def answers(terrazzo, tiny, ids):
    """eval on the tiny model, under whatever is set before."""
    return lambda *flags, **options: terrazzo("eval", "-m", tiny, "--ids", ids, "--format", "json", *flags, **options)


def bench(terrazzo, model, *flags, prefix=()):
    command = [*prefix, BUILD / "bin" / "terrazzo", "bench", "-m", model, "-p", "0", "-n", "24", "-r", "1", "-c", "64",
               "--format", "json", *flags]
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=terrazzo.environment, timeout=300)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1]), run.stderr


def one_error(result):
    assert len(re.findall(r"^error", result.err, re.M)) == 1, result
    assert "please report" not in result.err, result
    return result.err


def doctor(terrazzo, prefix=(), **environment):
    command = [*prefix, BUILD / "bin" / "terrazzo", "doctor", "--format", "json"]
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True,
                         env={**terrazzo.environment, **environment}, timeout=120)
    return {line["subject"]: line for line in map(json.loads, run.stdout.splitlines())}


def test_no_more_threads_than_cores(terrazzo, smollm2):
    line, said = bench(terrazzo, smollm2, "-t", CORES + 62)
    assert line["threads"] == CORES
    assert f"-t {CORES + 62}" in said and "--threads-force" in said
    line, said = bench(terrazzo, smollm2, "-t", CORES + 2, "--threads-force")
    assert line["threads"] == CORES + 2 and "--threads-force" not in said


def test_threads_force_needs_a_number(terrazzo, smollm2):
    terrazzo("run", "-m", smollm2, "-p", "x", "--threads-force", code=2)
    for count in ("0", "-1", "1025", "4294967297", "two"):
        terrazzo("run", "-m", smollm2, "-p", "x", "-t", count, code=2)


def test_affinity(terrazzo, smollm2):
    one = str(min(os.sched_getaffinity(0)))
    line, _ = bench(terrazzo, smollm2, "-t", 2, prefix=("taskset", "-c", one))
    assert line["threads"] == 1
    assert "1 core usable" in doctor(terrazzo, ("taskset", "-c", one))["processor"]["state"]


def test_too_many_threads_are_no_disaster(terrazzo, smollm2):
    """Spinning at barriers once cost a factor of 50 with one thread too many."""
    best = max(bench(terrazzo, smollm2, "-t", t)[0]["tg"] for t in (1, CORES))
    for count in (CORES + 1, 2 * CORES, 32):
        assert bench(terrazzo, smollm2, "-t", count, "--threads-force")[0]["tg"] > best / 5


class Group:
    """A control group of version 1 or 2 for one test."""

    V1 = {"memory.max": ("memory", "memory.limit_in_bytes"), "cpu.max": ("cpu", "cpu.cfs_quota_us")}

    def __init__(self, name, value):
        controller, old = self.V1[name]
        first = pathlib.Path("/sys/fs/cgroup") / controller
        self.one = (first / old).exists()
        parent = first if self.one else pathlib.Path("/sys/fs/cgroup")
        self.folder = parent / f"terrazzo-test-{os.getpid()}" / "inner"
        try:
            self.folder.mkdir(parents=True)
            # On the outer group: the limit of a group above counts as well.
            (self.folder.parent / (old if self.one else name)).write_text(value)
        except OSError as reason:
            self.remove()
            pytest.skip(f"no control group can be made: {reason}")

    def prefix(self):
        return "sh", "-c", f'echo $$ > {self.folder}/cgroup.procs && exec "$@"', "sh"

    def remove(self):
        for folder in (self.folder, self.folder.parent):
            for _ in range(50):
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.1)


@pytest.fixture
def quota():
    group = Group("cpu.max", "100000" if pathlib.Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").exists() else "100000 100000")
    yield group
    group.remove()


@pytest.mark.skipif(CORES < 2, reason="a quota shows only beside several cores")
def test_quota(terrazzo, smollm2, quota):
    assert bench(terrazzo, smollm2, prefix=quota.prefix())[0]["threads"] == 1
    assert "quota of 1.00" in doctor(terrazzo, quota.prefix())["processor"]["state"]


@pytest.fixture
def little_memory():
    group = Group("memory.max", str(64 << 20))
    yield group
    group.remove()


def test_memory_of_the_group(terrazzo, smollm2, little_memory):
    terrazzo("run", "-m", smollm2, "-p", "Hi", "-n", 1)  # the package is in the cache then
    command = [*little_memory.prefix(), BUILD / "bin" / "terrazzo", "run", "-m", smollm2, "-p", "Hi", "-n", "1", "-c", "64"]
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=terrazzo.environment, timeout=120)
    assert run.returncode == 6, run.stderr
    assert "its control group allows 64 MiB" in run.stderr
    memory = doctor(terrazzo, little_memory.prefix())["memory"]
    assert int(memory["state"].split()[0]) <= 64 and not memory["ok"]


def limited(what, value):
    return {"preexec_fn": lambda: resource.setrlimit(what, (value, value))}


@pytest.mark.parametrize("mebibytes", [40, 100, 200, 400])
def test_address_space(terrazzo, smollm2, mebibytes):
    terrazzo("run", "-m", smollm2, "-p", "Hi", "-n", 1)
    run = subprocess.run([BUILD / "bin" / "terrazzo", "run", "-m", smollm2, "-p", "Hi", "-n", "1"], capture_output=True,
                         text=True, env=terrazzo.environment, timeout=120, **limited(resource.RLIMIT_AS, mebibytes << 20))
    assert run.returncode in (0, 6), (run.returncode, run.stderr)
    assert "please report" not in run.stderr


def test_small_files_only(terrazzo, tiny, ids, tmp_path):
    """ulimit -f: no death by SIGXFSZ, no internal error."""
    for blocks in (0, 4096, 100_000):
        run = subprocess.run([BUILD / "bin" / "terrazzo", "eval", "-m", tiny, "--ids", ids], capture_output=True, text=True,
                             env={**terrazzo.environment, "TERRAZZO_CACHE_DIR": str(tmp_path / f"c{blocks}")}, timeout=120,
                             **limited(resource.RLIMIT_FSIZE, blocks))
        assert run.returncode in (0, 1), (run.returncode, run.stderr)
        assert "please report" not in run.stderr


def test_no_threads_to_be_had(terrazzo, tiny, ids):
    run = subprocess.run([BUILD / "bin" / "terrazzo", "eval", "-m", tiny, "--ids", ids, "--threads-force", "-t", "64"],
                         capture_output=True, text=True, env=terrazzo.environment, timeout=120)
    assert run.returncode == 0, run.stderr


def test_no_home_and_no_cache(answers, terrazzo, tiny, ids):
    environment = {k: v for k, v in terrazzo.environment.items() if k not in ("HOME", "XDG_CACHE_HOME", "TERRAZZO_CACHE_DIR")}
    run = subprocess.run([BUILD / "bin" / "terrazzo", "eval", "-m", tiny, "--ids", ids], capture_output=True, text=True,
                         env=environment, timeout=120)
    assert run.returncode == 0, run.stderr
    answers(TERRAZZO_CACHE_DIR="/proc/none/terrazzo")


def test_no_temporary_folder(answers, terrazzo, tmp_path):
    for folder in ("/nonexistent", str(tmp_path / "file")):
        (tmp_path / "file").write_text("")
        error = one_error(answers("--no-cache", code=1, TMPDIR=folder))
        assert "TZ0437" in error and folder in error and "TMPDIR" in error
        assert not doctor(terrazzo, TMPDIR=folder)["temporary"]["ok"]


@pytest.fixture
def mounted(tmp_path):
    """mounted(options) -> a folder that is a file system of its own."""
    folders = []

    def mount(options):
        folder = tmp_path / f"mount{len(folders)}"
        folder.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True).returncode:
            pytest.skip("nothing can be mounted here")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", folder])


def test_full_temporary_folder(answers, mounted):
    for size in ("4k", "8k", "64k"):
        folder = mounted(f"size={size}")
        result = answers("--no-cache", code=(0, 1), TMPDIR=str(folder))
        if result.code:
            error = one_error(result)
            assert re.search("TZ0437|TZ0701", error) and str(folder) in error


def test_full_cache(answers, mounted):
    for size in ("4k", "64k", "256k"):
        answers(TERRAZZO_CACHE_DIR=str(mounted(f"size={size}") / "c"))


def test_noexec(answers, terrazzo, mounted):
    folder = mounted("noexec,size=60m")
    first = answers(TERRAZZO_CACHE_DIR=str(folder / "c")).out
    assert answers(TERRAZZO_CACHE_DIR=str(folder / "c")).lines()[-1]["nll"] == json.loads(first.splitlines()[-1])["nll"]
    answers("--no-cache", TMPDIR=str(folder))
    cache = doctor(terrazzo, TERRAZZO_CACHE_DIR=str(folder / "c"))["cache"]
    assert "noexec" in cache["state"] and not cache["ok"]
