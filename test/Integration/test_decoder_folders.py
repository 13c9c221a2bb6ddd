# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Decoders as Hugging Face's folders: tiny ones of each family against transformers, and against GGUF files of the same
weights."""

import json

import numpy as np
import pytest
from conftest import DATA
from test_encoders import edit
from tiny import divergence
from tiny_decoder import CONFIGS, TinyDecoder


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
