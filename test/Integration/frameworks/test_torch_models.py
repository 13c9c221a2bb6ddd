# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models of transformers through torch.compile and torch.export, against torch itself: all operations placed, no graph breaks, three
graphs for the six calls that frameworks' users are told of, one by export."""

import copy
import os

import pytest
import terrazzo.torch
import torch
from frameworks import models
from torch._dynamo.utils import counters

ALL = "TERRAZZO_ALL_DEVICES" in os.environ
BUDGET = 1e-5
CALLS = [(2, 7), (2, 9), (3, 11), (1, 5), (1, 1), (2, 12)]
# The others differ in what export shows as well.
COMPILED = list(models.MODELS) if ALL else ["llama", "gemma3", "gpt_oss", "bert", "whisper"]


@pytest.mark.parametrize("name", COMPILED)
def test_compile(name, monkeypatch):
    torch._dynamo.reset()
    counters.clear()
    graphs, build = [], terrazzo.torch.build_graph
    monkeypatch.setattr(terrazzo.torch, "build_graph", lambda gm, options: graphs.append(gm) or build(gm, options))
    model, inputs = models.made(name)
    fast = torch.compile(model, backend=terrazzo.torch.backend, dynamic=True, options={"fallback": "error"})
    with torch.no_grad():
        for call in CALLS:
            given = inputs(call)
            assert models.worst(fast(**given), model(**given)) <= BUDGET
    assert not counters["graph_break"]
    assert len(graphs) <= 3


@pytest.mark.parametrize("name", models.MODELS)
def test_export(name, monkeypatch):
    packages, compile_ = [], terrazzo.compile
    monkeypatch.setattr(terrazzo, "compile", lambda *a, **k: packages.append(1) or compile_(*a, **k))
    model, inputs = models.made(name)
    fast = terrazzo.torch.compile(model, (), inputs((2, 7)), dynamic=models.SIZES.get(name, models.TWO))
    with torch.no_grad():
        for call in CALLS:
            given = inputs(call)
            assert models.worst(fast(**given), model(**given)) <= BUDGET
    assert len(packages) == 1


def test_bfloat16():
    """Rounded to eight bits after each operation, by torch and by us at other places."""
    model, inputs = models.made("llama")
    model, given = model.to(torch.bfloat16), inputs((2, 9))
    fast = terrazzo.torch.compile(model, (), given, dynamic=models.TWO)
    with torch.no_grad():
        want = copy.deepcopy(model).float()(**given)
        assert models.worst(fast(**given), want) <= 2.5e-2


def test_loops_over_time_are_refused():
    """Mamba's steps are unrolled when it is traced, so a graph is of one length."""
    import transformers

    config = transformers.MambaConfig(vocab_size=100, hidden_size=32, num_hidden_layers=2, state_size=8)
    model = transformers.MambaForCausalLM(config).eval()
    with pytest.raises(Exception, match="specialized it to be a constant"):
        terrazzo.torch.compile(model, (), {"input_ids": models.ids((2, 7)), "use_cache": False}, dynamic=models.TWO)
