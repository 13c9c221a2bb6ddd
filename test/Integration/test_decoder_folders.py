# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Decoders as Hugging Face's folders: tiny ones of each family against transformers, and against GGUF files of the same
weights."""

import json

import numpy as np
import pytest
from conftest import DATA
from test_encoders import edit
from tiny import divergence
from tiny_decoder import CONFIGS, TOKENS, TinyDecoder


@pytest.fixture(scope="module")
def golden():
    return np.load(DATA / "decoders.npz")


def logits(terrazzo, model, ids, tmp_path, *flags):
    (tmp_path / "ids").write_text(" ".join(map(str, ids)))
    terrazzo("eval", "-m", model, "--ids", tmp_path / "ids", "--logits", tmp_path / "logits.npy", "--quiet", *flags)
    return np.load(tmp_path / "logits.npy")


def graph(terrazzo, model):
    text = terrazzo("-m", model, "--emit", "tz", program="terrazzo-compile").out
    body = text[text.index("tz.func") :].split("\n#loc")[0]
    return [line.split(" loc(")[0] for line in body.splitlines()]


# --- numbers -------------------------------------------------------------------


@pytest.mark.parametrize("name", [*CONFIGS, "llama_bf16", "gemma3_bf16"])
@pytest.mark.parametrize("shards", [1, 3])
def test_logits_are_transformers(terrazzo, golden, tmp_path, name, shards):
    family, _, dtype = name.partition("_bf")
    model = TinyDecoder(family, dtype="bf16" if dtype else "f4").write_folder(tmp_path / "m", shards)
    want = golden[name]
    np.testing.assert_allclose(logits(terrazzo, model, golden["ids"], tmp_path, "--reference"), want, atol=2e-4)
    for chunk in (1, 512):
        assert divergence(want, logits(terrazzo, model, golden["ids"], tmp_path, "-b", chunk)) < 2e-5


@pytest.mark.parametrize("family,dtype", [(family, "f4") for family in CONFIGS] + [("llama", "f2"), ("gemma3", "bf16")])
def test_gguf_and_folder_are_one_graph(terrazzo, golden, tmp_path, family, dtype):
    """But for the order of the rows of Llama's queries and keys, which the rotation says."""
    decoder = TinyDecoder(family, dtype=dtype)
    folder, gguf = decoder.write_folder(tmp_path / "m"), decoder.write_gguf(tmp_path / "m.gguf")
    mine, other = graph(terrazzo, folder), graph(terrazzo, gguf)
    if family in ("llama", "llama_biases", "mistral"):
        assert any(" neox " in line for line in mine) and not any(" interleaved " in line for line in mine)
        other = [line.replace(" interleaved ", " neox ") for line in other]
    if dtype != "f4":  # vectors of GGUF are of f32, whatever the matrices are

        def without(lines):
            return [line.replace("xf16", "xf32").replace("xbf16", "xf32") for line in lines]

        mine, other = without(mine), without(other)
    assert mine == other
    first, second = (logits(terrazzo, model, golden["ids"], tmp_path) for model in (folder, gguf))
    assert divergence(first, second) < 1e-5


@pytest.mark.parametrize("prefix", ["language_model.model.", "model.language_model."])
def test_a_model_beside_an_encoder_of_images(terrazzo, golden, tmp_path, prefix):
    decoder = TinyDecoder("gemma3")
    folder = decoder.write_folder(tmp_path / "m", rename=lambda name: prefix + name.removeprefix("model."))
    text = decoder.config | {"model_type": "gemma3_text"}
    (folder / "config.json").write_text(json.dumps({"model_type": "gemma3", "text_config": text, "vision_config": {"a": 1}}))
    np.testing.assert_allclose(logits(terrazzo, folder, golden["ids"], tmp_path, "--reference"), golden["gemma3"], atol=2e-4)


def test_settings_of_older_folders(terrazzo, golden, tmp_path):
    decoder = TinyDecoder("gemma3")
    folder = decoder.write_folder(tmp_path / "m")
    edit(folder / "config.json", layer_types=None, rope_parameters=None)
    edit(folder / "config.json", rope_theta=1000000.0, rope_local_base_freq=10000.0, sliding_window_pattern=2,
         rope_scaling={"rope_type": "linear", "factor": 8.0})
    np.testing.assert_allclose(logits(terrazzo, folder, golden["ids"], tmp_path, "--reference"), golden["gemma3"], atol=2e-4)
    folder = TinyDecoder("qwen3").write_folder(tmp_path / "q")
    edit(folder / "config.json", rope_parameters=None, layer_types=None)
    edit(folder / "config.json", rope_theta=1000000.0)
    np.testing.assert_allclose(logits(terrazzo, folder, golden["ids"], tmp_path, "--reference"), golden["qwen3"], atol=2e-4)


def test_a_tied_table_that_is_there_twice(terrazzo, golden, tmp_path):
    decoder = TinyDecoder("llama")
    decoder.weights["lm_head.weight"] = decoder.weights["model.embed_tokens.weight"]
    folder = decoder.write_folder(tmp_path / "m")
    np.testing.assert_allclose(logits(terrazzo, folder, golden["ids"], tmp_path, "--reference"), golden["llama"], atol=2e-4)


# --- refusals ------------------------------------------------------------------


def refused(terrazzo, folder, *said, code=3):
    result = terrazzo("compile", "-m", folder, "-o", folder / "m.tzp", "--quiet", code=code)
    for word in said:
        assert word in result.err, result
    assert result.err.count("error[") == 1 and not result.out


LONG = {"rope_type": "longrope", "factor": 2.0}
CHANGES = {
    "llama": [({"hidden_act": "gelu"}, "hidden_act"), ({"partial_rotary_factor": 0.5}, "partial_rotary_factor"),
              ({"rope_scaling": LONG}, "rope_scaling"), ({"rope_scaling": {"rope_type": "llama3"}}, "factor"),
              ({"rope_scaling": {"rope_type": "linear", "factor": 2.0, "beta_fast": 3}}, "beta_fast"),
              ({"rope_theta": 0.5}, "rope_theta"), ({"head_dim": 12}, "attn_q"), ({"no_rope_layers": [0, 1]}, "no_rope_layers"),
              ({"num_key_value_heads": 3}, "multiple"), ({"tie_word_embeddings": False}, "lm_head.weight"),
              ({"head_dim": 2**30}, "rope_scaling"), ({"model_type": "smollm3"}, "llama, mistral, qwen2, qwen3, gemma3_text"),
              ({"quantization_config": {"bits": 4}}, "quantization_config"), ({"vocab_size": 100}, "token_embd.weight")],
    "mistral": [({"sliding_window": 64}, "sliding_window"), ({"sliding_window": "x"}, "sliding_window")],
    "qwen2": [({"use_sliding_window": True}, "sliding_window")],
    "qwen3": [({"layer_types": ["full_attention", "sliding_attention"]}, "layer_types"), ({"num_experts": 8}, "num_experts")],
    "gemma3": [({"final_logit_softcapping": 30.0}, "final_logit_softcapping"), ({"use_bidirectional_attention": True}, "bidirect"),
               ({"layer_types": ["full_attention", "sliding_attention", "sliding_attention", "full_attention"]}, "layer_types"),
               ({"rope_parameters": {"full_attention": {}}}, "sliding_attention"), ({"query_pre_attn_scalar": 0}, "query_pre")],
}


@pytest.mark.parametrize("family,changes,said", [(family, *case) for family, cases in CHANGES.items() for case in cases], ids=str)
def test_settings_that_are_not_supported(terrazzo, tmp_path, family, changes, said):
    folder = TinyDecoder(family).write_folder(tmp_path / "m")
    edit(folder / "config.json", **changes)
    refused(terrazzo, folder, said)


# --- prompts and answers -------------------------------------------------------

TEMPLATE = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
CHAT = json.dumps([{"role": "user", "content": "ab"}])


@pytest.fixture
def chat_folder(tmp_path):
    return TinyDecoder("qwen3").write_folder(tmp_path / "m")


def write(folder, name, content):
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))


def rendered(terrazzo, folder):
    return terrazzo.json("chat-template", "-m", folder, stdin=CHAT)["text"]


def test_templates_of_a_folder(terrazzo, chat_folder):
    assert "TZ0210" in terrazzo("chat-template", "-m", chat_folder, stdin=CHAT, code=3).err
    named = [{"name": "tool_use", "template": "no"}, {"name": "default", "template": "D" + TEMPLATE}]
    write(chat_folder, "tokenizer_config.json", {"chat_template": named})
    assert rendered(terrazzo, chat_folder) == "D<user>ab<assistant>"
    write(chat_folder, "tokenizer_config.json", {"chat_template": "{{ bos_token }}|{{ eos_token }}" + TEMPLATE,
                                                 "bos_token": {"content": "<|begin|>"}, "eos_token": "<|end|>"})
    assert rendered(terrazzo, chat_folder) == "<|begin|>|<|end|><user>ab<assistant>"
    write(chat_folder, "chat_template.jinja", "F" + TEMPLATE)
    assert rendered(terrazzo, chat_folder) == "F<user>ab<assistant>"


def test_the_tokens_before_a_text(terrazzo, chat_folder):
    """As its post-processor says."""
    begin = TOKENS.index("<|begin|>")
    line = terrazzo.json("run", "-m", chat_folder, "-p", "ab", "-n", 1, "--no-chat", "--ignore-eos")
    assert line["prompt_tokens"] == 2
    edit(chat_folder / "tokenizer.json", post_processor=None)
    line = terrazzo.json("run", "-m", chat_folder, "-p", "ab", "-n", 1, "--no-chat", "--ignore-eos")
    assert line["prompt_tokens"] == 1
    assert terrazzo.json("tokenize", "-m", chat_folder, "-p", "ab", "--add-bos")["ids"][0] == begin


def test_where_an_answer_ends(terrazzo, chat_folder):
    """At any id of generation_config.json's."""
    ask = ["run", "-m", chat_folder, "-p", "ab", "-n", 8, "--no-chat", "--temp", 0]
    ids = terrazzo.json(*ask, "--ignore-eos")["ids"]
    assert len(ids) == 8
    stop = next(i for i, token in enumerate(ids) if token not in ids[:i] and i > 0)
    write(chat_folder, "generation_config.json", {"eos_token_id": [TOKENS.index("<|end|>"), ids[stop]]})
    line = terrazzo.json(*ask)
    assert line["stop"] == "eog" and line["generated_tokens"] <= stop + 1


def test_sampling_is_the_folders(terrazzo, chat_folder):
    write(chat_folder, "generation_config.json", {"do_sample": True, "temperature": 0.25, "top_k": 3, "top_p": 0.5})
    said = terrazzo("run", "-m", chat_folder, "-p", "ab", "-n", 1).err
    assert "temp 0.25" in said and "top_k 3" in said and "top_p 0.5" in said
    write(chat_folder, "generation_config.json", {"do_sample": True, "temperature": -1})
    assert "TZ0221" in terrazzo("run", "-m", chat_folder, "-p", "ab", code=3).err
    write(chat_folder, "generation_config.json", {"do_sample": True, "temperature": "hot"})
    assert "TZ0118" in terrazzo("run", "-m", chat_folder, "-p", "ab", code=3).err


# --- hostile folders -----------------------------------------------------------


def mutated(value, generator):
    """A JSON document with one part of it other than it was."""
    places = []

    def walk(node, put):
        places.append(put)
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
            walk(inner, (node, key))

    walk(value, None)
    parent, key = places[1 + int(generator.integers(len(places) - 1))]
    odd = [None, True, -1, 0, 1, 2**31, 2**63, 1e300, "", "x", "\u2581" * 9, [], [[]], {}, {"type": "Sequence"}, [0, 1], "<|end|>",
           {"Regex": "(a*)*b"}, {"Regex": "("}, {"String": ""}, 4294967295, "a" * 5000]
    choice = int(generator.integers(len(odd) + 1))
    if choice == len(odd):
        if isinstance(parent, list):
            parent.append(parent[key])
        else:
            del parent[key]
    else:
        parent[key] = odd[choice]
    return value


def document_of(name, folder):
    if name != "tokenizer.json":
        return json.loads((folder / name).read_text())
    document = json.loads((folder / name).read_text())
    document["normalizer"] = {"type": "Sequence", "normalizers": [
        {"type": "NFKC"}, {"type": "Replace", "pattern": {"Regex": " +"}, "content": " "}, {"type": "Prepend", "prepend": "\u2581"},
        {"type": "Precompiled", "precompiled_charsmap": "CAAAAAAEAAAAAAAAYQA="}, {"type": "Strip", "strip_left": True}]}
    document["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": "\\d+"}, "behavior": "Isolated", "invert": False},
        {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": True}, {"type": "Digits"},
        {"type": "Punctuation", "behavior": "Contiguous"}, document["pre_tokenizer"]]}
    return document


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "unigram"])
def test_hostile_documents(terrazzo, tmp_path, name):
    """Whatever stands in them: an answer or one error, soon, and without much memory."""
    folder = TinyDecoder("llama").write_folder(tmp_path / "m")
    write(folder, "tokenizer_config.json", {"chat_template": TEMPLATE, "bos_token": {"content": "<|begin|>"}, "eos_token": "<|end|>"})
    write(folder, "generation_config.json", {"do_sample": True, "temperature": 0.5, "top_k": 3, "eos_token_id": [1, 2]})
    file = "tokenizer.json" if name == "unigram" else name
    document = document_of(file, folder)
    if name == "unigram":
        vocabulary = [[token, -float(i)] for i, token in enumerate(TOKENS)]
        document["model"] = {"type": "Unigram", "vocab": vocabulary, "unk_id": 3, "byte_fallback": True}
    generator, codes = np.random.default_rng(3), set()
    for _ in range(60):
        write(folder, file, mutated(json.loads(json.dumps(document)), generator))
        result = terrazzo("tokenize", "-m", folder, "-p", "ab the 12, x\u00e9 <|end|>", code=(0, 1, 2, 3), timeout=30)
        codes.add(result.code)
        assert (result.code == 0) != bool(result.err.count("error[") == 1), result
    assert codes <= {0, 1, 2, 3} and 0 in codes and 3 in codes


def test_an_expression_that_never_ends(terrazzo, tmp_path):
    folder = TinyDecoder("llama").write_folder(tmp_path / "m")
    edit(folder / "tokenizer.json", pre_tokenizer={"type": "Split", "pattern": {"Regex": "(a*)*[bc]"}, "behavior": "Isolated"})
    result = terrazzo("tokenize", "-m", folder, "-p", "a" * 5000, code=1, timeout=60)
    assert "TZ0204" in result.err


def test_a_normalizer_without_end(terrazzo, tmp_path):
    double = {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}
    folder = TinyDecoder("llama").write_folder(tmp_path / "m")
    edit(folder / "tokenizer.json", normalizer={"type": "Sequence", "normalizers": [double] * 60})
    assert "TZ0204" in terrazzo("tokenize", "-m", folder, "-p", "a", code=2, timeout=60).err


def test_vectors_that_are_none(terrazzo, tmp_path):
    """Norms that are made anew when a folder is opened."""
    decoder = TinyDecoder("gemma3")
    decoder.weights["model.norm.weight"] = np.zeros((4, 16), "f4")
    refused(terrazzo, decoder.write_folder(tmp_path / "m"), "TZ0120", "model.norm.weight")


def test_parts_that_are_not_known(terrazzo, tmp_path):
    folder = TinyDecoder("llama").write_folder(tmp_path / "m")
    for part, kind in [("normalizer", "Odd"), ("pre_tokenizer", "UnicodeScripts"), ("post_processor", "Odd"), ("decoder", "CTC")]:
        before = (folder / "tokenizer.json").read_text()
        edit(folder / "tokenizer.json", **{part: {"type": kind}})
        result = terrazzo("tokenize", "-m", folder, "-p", "a", code=3)
        assert "TZ0201" in result.err and kind in result.err and part in result.err
        (folder / "tokenizer.json").write_text(before)
