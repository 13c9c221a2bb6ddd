# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the integration tests share: the built programs, the models, a cache of their own, the golden data."""

import functools
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TERRAZZO_BUILD", ROOT / "build"))
DATA = pathlib.Path(__file__).parent / "data"
# What `import terrazzo` finds, in these tests and in what they start.
sys.path.insert(0, str(ROOT / "python"))
os.environ["TERRAZZO_RUNTIME"] = str(BUILD / "lib/libTerrazzoRuntime.so")
MODELS = {name: ROOT / ".models" / f"{name}.gguf" for name in ("smollm2", "gemma3")}


class Result:
    """Of one run. A death by signal or a hang is a bug whatever the input, so both raise here."""

    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines() if line.strip()]

    def __repr__(self):
        return f"{' '.join(map(str, self.command))}\nexit {self.code}\n{self.out[-2000:]}\n{self.err[-2000:]}"


class Tool:
    def __init__(self, cache):
        self.environment = dict(os.environ, TERRAZZO_CACHE_DIR=str(cache))
        self.environment.pop("TERRAZZO_PLUGIN_PATH", None)

    def __call__(self, *arguments, program="terrazzo", stdin=None, code=0, timeout=600, **environment):
        command = [BUILD / "bin" / program, *map(str, arguments)]
        run = subprocess.run(command, input=stdin if stdin is not None else "", capture_output=True, text=True,
                             timeout=timeout, env={**self.environment, **environment})
        result = Result(command, run.returncode, run.stdout, run.stderr)
        assert 0 <= run.returncode < 128 or run.returncode == 130, f"died: {result}"
        if code is not None:
            codes = code if isinstance(code, tuple) else (code,)
            assert run.returncode in codes, f"expected exit {codes}: {result}"
        return result

    def json(self, *arguments, **options):
        """The last line of a --format json call."""
        return self(*arguments, "--format", "json", **options).lines()[-1]


@pytest.fixture(scope="session")
def terrazzo(tmp_path_factory):
    """Runs terrazzo with a cache that is empty when the tests begin and shared by all of them."""
    return Tool(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def smollm2():
    return MODELS["smollm2"]


@pytest.fixture(scope="session", params=sorted(MODELS))
def model(request):
    """Each test model in turn."""
    return request.param


class Golden:
    """The reference's results for one model (data/README.md)."""

    def __init__(self, name):
        self.name, self.path = name, MODELS[name]
        self.data = np.load(DATA / f"{name}.npz")
        self.texts = range(len(self.data["names"]))
        self.llama_kl = float(self.data["llama_kl"])

    def ids(self, k):
        return self.data[f"ids_{k}"]

    def divergence(self, k, logits):
        """KL divergence per position, over the stored tokens and one bucket for the rest."""
        top, lse = self.data[f"top_{k}"], self.data[f"lse_{k}"][:, None]
        log_p = self.data[f"logit_{k}"].astype(np.float64) - lse
        chosen = np.take_along_axis(logits, top, axis=1).astype(np.float64)
        log_q = chosen - log_sum_exp(logits)[:, None]
        p, q = np.exp(log_p), np.exp(log_q)
        rest_p, rest_q = np.clip(1 - p.sum(1), 1e-12, 1), np.clip(1 - q.sum(1), 1e-12, 1)
        return (p * (log_p - log_q)).sum(1) + rest_p * np.log(rest_p / rest_q)

    def wrong_tops(self, k, logits):
        """Positions where the reference is sure (margin > 0.5) and the top token is another."""
        top, logit = self.data[f"top_{k}"], self.data[f"logit_{k}"]
        sure = logit[:, 0] - logit[:, 1] > 0.5
        return int((sure & (logits.argmax(1) != top[:, 0])).sum())


def log_sum_exp(logits):
    out = np.empty(len(logits))
    for i, row in enumerate(logits):  # a row at a time: the whole in float64 would be 1.5 GB
        row = row.astype(np.float64)
        out[i] = row.max() + np.log(np.exp(row - row.max()).sum())
    return out


@functools.lru_cache(None)
def golden(name):
    return Golden(name)


@pytest.fixture
def evaluate(terrazzo, tmp_path):
    """evaluate(golden, text, *flags) -> (logits [tokens, vocabulary], the JSON line)."""

    def run(reference, k, *flags):
        ids, out = tmp_path / "ids", tmp_path / "logits.npy"
        ids.write_text(" ".join(map(str, reference.ids(k))))
        line = terrazzo.json("eval", "-m", reference.path, "--ids", ids, "--logits", out, "--quiet", *flags)
        logits = np.load(out)
        out.unlink()
        assert logits.dtype == np.float32 and logits.shape[0] == len(reference.ids(k))
        assert np.isfinite(logits).all()
        return logits, line

    return run
