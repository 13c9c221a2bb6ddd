# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""SmolLM2 as a folder, made of its GGUF file: every verb, and the golden data that the file is held to."""

import importlib.util
import json

import numpy as np
import pytest
from conftest import DATA, MODELS, ROOT, golden

_spec = importlib.util.spec_from_file_location("folder_of_gguf", ROOT / "dev-support" / "folder_of_gguf.py")
folder_of_gguf = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(folder_of_gguf)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return folder_of_gguf.convert(MODELS["smollm2"], tmp_path_factory.mktemp("smollm2") / "m")


def test_tokens_are_the_reference(terrazzo, folder):
    lines = [json.loads(line) for line in (DATA / "smollm2.tokenizer.jsonl").read_text(encoding="utf-8").splitlines()]
    texts = [line for line in lines if "text" in line]
    stdin = "".join(json.dumps(line["text"]) + "\n" for line in texts)
    got = terrazzo("tokenize", "-m", folder, "--jsonl", stdin=stdin).lines()
    wrong = [(line, ids) for line, ids in zip(texts, got, strict=True) if line["ids"] != ids]
    assert len(texts) > 300 and not wrong, wrong[:3]


def test_template_is_the_reference(terrazzo, folder):
    lines = [json.loads(line) for line in (DATA / "smollm2.tokenizer.jsonl").read_text(encoding="utf-8").splitlines()]
    chats = [line for line in lines if "chat" in line]
    assert chats
    for line in chats:
        flags = [] if line["add_generation_prompt"] else ["--no-generation-prompt"]
        out = terrazzo.json("chat-template", "-m", folder, *flags, stdin=json.dumps(line["chat"]))
        assert out["text"] == line["rendered"]


def test_logits_are_the_reference(terrazzo, evaluate, folder, tmp_path):
    """The reference counts with the file's own weights; these are rounded to bf16."""
    reference = golden("smollm2")
    (tmp_path / "ids").write_text(" ".join(map(str, reference.ids(0))))
    for chunk in (1, 512):
        terrazzo("eval", "-m", folder, "--ids", tmp_path / "ids", "--logits", tmp_path / "l.npy", "--quiet", "-b", chunk)
        logits = np.load(tmp_path / "l.npy")
        assert float(reference.divergence(0, logits).mean()) <= reference.llama_kl
        assert reference.wrong_tops(0, logits) == 0


def test_it_runs_as_its_file_does(terrazzo, folder):
    say = ["run", "-p", "What is the capital of France?", "-n", 16, "--temp", 0]
    mine, other = (terrazzo.json(*say, "-m", model) for model in (folder, MODELS["smollm2"]))
    assert mine["text"] == other["text"] and mine["stop"] == other["stop"] == "eog"
    assert mine["prompt_tokens"] == other["prompt_tokens"] and mine["ids"] == other["ids"]


def test_other_verbs(terrazzo, folder, tmp_path):
    line = terrazzo.json("bench", "-m", folder, "-p", 16, "-n", 4, "-r", 1)
    assert line["tg"] > 0 and line["n_gen"] == 4
    assert "trunk_1" in terrazzo("explain", "-m", folder).out
    terrazzo("compile", "-m", folder, "-o", tmp_path / "m.tzp")
    out = terrazzo("run", tmp_path / "m.tzp", "-m", folder, "-p", "Hi", "-n", 2, program="terrazzo-run")
    assert out.out
    assert terrazzo.json("inspect", folder)["bytes_per_type"].keys() == {"bf16"}
