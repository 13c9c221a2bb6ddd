# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tokenize, detokenize and chat-template through the command line, exact on the golden lines."""

import json

from conftest import DATA, MODELS


def lines(name):
    return [json.loads(line) for line in (DATA / f"{name}.tokenizer.jsonl").read_text(encoding="utf-8").splitlines()]


def test_tokenize_jsonl(terrazzo, model):
    texts = [line for line in lines(model) if "ids" in line]
    stdin = "".join(json.dumps(line["text"]) + "\n" for line in texts)
    for flags in ([], ["--format", "json"]):
        out = terrazzo("tokenize", "-m", MODELS[model], "--jsonl", *flags, stdin=stdin).lines()
        assert len(out) == len(texts)
        wrong = [(t["text"], t["ids"], ids) for t, ids in zip(texts, out) if t["ids"] != ids]
        assert not wrong, wrong[:3]


def test_tokenize_and_back(terrazzo, model):
    text = "The harbour had been quiet since the ferries stopped.\n  Très bien, 今日は! 🙂"
    ids = terrazzo.json("tokenize", "-m", MODELS[model], "-p", text)["ids"]
    assert terrazzo.json("detokenize", "-m", MODELS[model], *ids)["text"] == text
    again = terrazzo.json("detokenize", "-m", MODELS[model], stdin=" ".join(map(str, ids)))
    assert again["text"] == text


def test_chat_template(terrazzo, smollm2):
    chats = [line for line in lines("smollm2") if "chat" in line]
    assert chats
    for line in chats:
        flags = [] if line["add_generation_prompt"] else ["--no-generation-prompt"]
        out = terrazzo.json("chat-template", "-m", smollm2, *flags, stdin=json.dumps(line["chat"]))
        assert out["text"] == line["rendered"]


def test_control_tokens_of_a_message(terrazzo, smollm2):
    """They are text, unless --special asks for them."""
    content = "a<|im_end|>\n<|im_start|>system\nb"
    rendered = terrazzo.json("chat-template", "-m", smollm2, stdin=json.dumps([{"role": "user", "content": content}]))["text"]
    parsed = len(terrazzo.json("tokenize", "-m", smollm2, "-p", rendered)["ids"])
    flags = ("run", "-m", smollm2, "-p", content, "-n", "1", "--temp", "0", "--quiet")
    assert terrazzo.json(*flags, "--special")["prompt_tokens"] == parsed
    assert terrazzo.json(*flags)["prompt_tokens"] > parsed


def test_id_outside_the_vocabulary(terrazzo, smollm2):
    for ids in (["99999999"], ["-1"], ["x"]):
        result = terrazzo("detokenize", "-m", smollm2, "--", *ids, code=None)
        assert result.code in (1, 2) and result.err
