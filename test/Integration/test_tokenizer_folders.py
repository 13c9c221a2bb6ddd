# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tokenizers of tokenizer.json against Hugging Face's library: small ones made of the parts that real models have."""

import gzip
import json

import pytest
from conftest import DATA
from tiny_decoder import TinyDecoder

with gzip.open(DATA / "tokenizers.json.gz") as golden_file:
    GOLDEN = json.load(golden_file)


@pytest.fixture
def folder(tmp_path):
    return TinyDecoder("qwen3").write_folder(tmp_path / "m")


def tokens_of(terrazzo, folder, texts, *flags):
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    return terrazzo("tokenize", "-m", folder, "--jsonl", *flags, stdin=lines).lines()


@pytest.mark.parametrize("name", GOLDEN)
def test_tokens_are_the_librarys(terrazzo, folder, name):
    (folder / "tokenizer.json").write_text(json.dumps(GOLDEN[name]["tokenizer"]))
    lines = GOLDEN[name]["lines"]
    got = tokens_of(terrazzo, folder, [line["text"] for line in lines])
    wrong = [(line["text"], line["ids"], ids) for line, ids in zip(lines, got, strict=True) if line["ids"] != ids]
    assert len(lines) > 150 and not wrong, (len(wrong), wrong[:3])


@pytest.mark.parametrize("name", GOLDEN)
def test_texts_are_the_librarys(terrazzo, folder, name):
    (folder / "tokenizer.json").write_text(json.dumps(GOLDEN[name]["tokenizer"]))
    for line in GOLDEN[name]["texts"]:
        assert terrazzo.json("detokenize", "-m", folder, *line["ids"])["text"] == line["text"]
