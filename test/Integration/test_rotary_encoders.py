# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Folders of ModernBERT and Nomic Embed (rotary positions; windows in layers between) against NumPy, and NumPy against
transformers."""

import json

import numpy as np
import pytest
from conftest import DATA
from test_encoders import cosines, edit, embed, refused
from tiny_encoder import write_safetensors
from tiny_modern_encoder import EDGES, TinyModernEncoder
from tiny_nomic_encoder import TinyNomicEncoder

LINES = ["abc", "the  ab   cab!", "", "a longer text than any window: " * 4, "e\u0301t\u00e9"]


def ids_of(terrazzo, model, lines):
    out = terrazzo("tokenize", "-m", model, "--jsonl", stdin="".join(json.dumps(line) + "\n" for line in lines))
    return [[2, *ids, 3] for ids in out.lines()]


def check(terrazzo, tmp_path, encoder, *flags, lines=LINES, budget=3e-6):
    model = encoder.write_folder(tmp_path / "m")
    want = np.array([encoder.vector(ids) for ids in ids_of(terrazzo, model, lines)])
    got = embed(terrazzo, model, lines, *flags)
    np.testing.assert_allclose(got, want, atol=budget)
    assert cosines(got, want).min() >= 1 - budget / 3


@pytest.mark.parametrize("name,settings", [("plain", {}), ("lists", {"lists": True, "every": 2, "window": 5})])
def test_the_reference_is_transformers(name, settings):
    """It computes angles in float32."""
    golden = np.load(DATA / "modernbert.npz")
    np.testing.assert_allclose(TinyModernEncoder(**settings).rows(golden[name + "_ids"]), golden[name], atol=5e-5)


@pytest.mark.parametrize("settings", [{}, {"lists": True, "every": 2, "window": 5}, {"layers": 3, "every": 3, "lists": True},
                                      {"biases": True}, {"window": 1}, {"every": 1}, {"heads": 2, "hidden": 28, "feed_forward": 7},
                                      {"activation": "gelu_new", "window": 1000}], ids=str)
def test_settings(terrazzo, tmp_path, settings):
    check(terrazzo, tmp_path, TinyModernEncoder(seed=3, **settings))


def test_on_an_emulated_device(terrazzo, tmp_path):
    check(terrazzo, tmp_path, TinyModernEncoder(hidden=64, heads=2, feed_forward=64), "--device", "emu:sm_80", budget=5e-3)


def test_long_texts(terrazzo, tmp_path):
    """Longer than 512 tokens, the most that BERT's tables have positions for; alone and in calls with others."""
    encoder = TinyModernEncoder(layers=2, every=2)
    lines = ["x" * 690, "abc", "ab" * 300, "", "c" * 40]
    check(terrazzo, tmp_path, encoder, lines=lines)
    check(terrazzo, tmp_path, encoder, "--max-tokens", 700, lines=lines[:1])
    result = terrazzo("embed", "-m", tmp_path / "m", "-p", "x" * 800)
    assert "1 text was cut to 700 tokens" in result.err


@pytest.mark.parametrize("name,edges", [("modernbert", ()), ("added_tokens", EDGES)], ids=["modernbert", "added_tokens"])
def test_tokens_are_the_references(terrazzo, tmp_path, name, edges):
    """Added tokens may take in the spaces around them, or count only where no word touches them."""
    golden = [json.loads(line) for line in (DATA / f"{name}.tokenizer.jsonl").read_text(encoding="utf-8").splitlines()]
    model = TinyModernEncoder(edges=edges).write_folder(tmp_path / "m")
    got = ids_of(terrazzo, model, [line["text"] for line in golden])
    assert len(golden) == 300
    wrong = [(line, ids) for line, ids in zip(golden, got, strict=True) if [2, *line["ids"], 3] != ids]
    assert not wrong, wrong[:3]


def test_text_is_composed(terrazzo, tmp_path):
    """As NFC has it: a letter and its accent are the letter that has it; runs of spaces are tokens."""
    encoder = TinyModernEncoder()
    model = encoder.write_folder(tmp_path / "m")
    apart, composed, other = ids_of(terrazzo, model, ["e\u0301  x", "\u00e9  x", "e\u0300"])
    letter, run = len(encoder.tokens) - 3, len(encoder.tokens) - 2
    assert apart == composed == [2, letter, run, encoder.tokens.index("x"), 3]
    assert letter not in other


def test_with_a_head_of_another_task(terrazzo, tmp_path):
    encoder = TinyModernEncoder()
    model = encoder.write_folder(tmp_path / "m")
    want = embed(terrazzo, model, LINES)
    extra = {"head.dense.weight": np.ones((48, 48), "f4"), "decoder.bias": np.ones(3, "f4")}
    write_safetensors(model / "model.safetensors", encoder.tensors("model.") | extra)
    np.testing.assert_array_equal(embed(terrazzo, model, LINES), want)


def test_what_is_not_supported(terrazzo, tmp_path):
    model = TinyModernEncoder(lists=True).write_folder(tmp_path / "m")
    config, original = model / "config.json", (model / "config.json").read_text()
    full, sliding = "full_attention", "sliding_attention"
    base = {"rope_type": "default", "rope_theta": 10.0}
    for changes, said in [({"layer_types": [full, sliding, sliding, sliding][::-1]}, "layer_types"),
                          ({"layer_types": [full, full, sliding, full]}, "layer_types"),
                          ({"layer_types": [full, "other", sliding, full]}, "layer_types"),
                          ({"layer_types": [full]}, "layer_types"), ({"layer_types": 3}, "layer_types"),
                          ({"layer_types": [full, sliding, 1, {}]}, "layer_types"),
                          ({"rope_parameters": {full: base}}, "sliding_attention"), ({"rope_parameters": 3}, "rope_parameters"),
                          ({"rope_scaling": {"factor": 2.0}}, "rope_scaling"),
                          ({"rope_parameters": {full: base | {"rope_type": "yarn"}, sliding: base}}, "yarn"),
                          ({"rope_parameters": {full: base | {"rope_theta": -1}, sliding: base}}, "rope_theta"),
                          ({"rope_parameters": {full: base | {"rope_theta": "1"}, sliding: base}}, "rope_theta"),
                          ({"num_attention_heads": 16}, "even"), ({"local_attention": 0}, "local_attention"),
                          ({"hidden_activation": "mish"}, "mish"), ({"intermediate_size": 41}, "ffn_gate")]:
        config.write_text(original)
        edit(config, **changes)
        refused(terrazzo, model, said)


def test_rows_that_are_no_three_parts(terrazzo, tmp_path):
    encoder = TinyModernEncoder()
    model = encoder.write_folder(tmp_path / "m")
    name = "layers.1.attn.Wqkv.weight"
    write_safetensors(model / "model.safetensors", encoder.tensors() | {name: np.ones((143, 48), "f4")})
    refused(terrazzo, model, name, "143 rows", "3 equal parts")


# --- Nomic Embed -----------------------------------------------------------------

WORDS = ["abc", "the ab cab!", "a b c 1 11 abcab the the", "", "unknownword a"]


def test_the_reference_of_nomic_is_transformers():
    golden = np.load(DATA / "nomic_bert.npz")
    np.testing.assert_allclose(TinyNomicEncoder().rows(golden["ids"]), golden["hidden"], atol=5e-5)


@pytest.mark.parametrize("settings", [{}, {"old": True}, {"old": True, "hidden": 28, "heads": 2, "feed_forward": 7}], ids=str)
def test_nomic(terrazzo, tmp_path, settings):
    encoder = TinyNomicEncoder(seed=2, **settings)
    check(terrazzo, tmp_path, encoder, lines=[*WORDS, "the ab " * 280])


def test_nomic_on_an_emulated_device(terrazzo, tmp_path):
    check(terrazzo, tmp_path, TinyNomicEncoder(hidden=64, heads=2, old=True), "--device", "emu:sm_80", lines=WORDS, budget=5e-3)


def test_nomic_is_one_graph_in_both_names(terrazzo, tmp_path):
    vectors = [embed(terrazzo, TinyNomicEncoder(old=old).write_folder(tmp_path / str(old)), WORDS) for old in (False, True)]
    np.testing.assert_array_equal(*vectors)


def test_variants_of_nomic_that_are_not_supported(terrazzo, tmp_path):
    model = TinyNomicEncoder(old=True).write_folder(tmp_path / "m")
    config, original = model / "config.json", (model / "config.json").read_text()
    for changes in [{"prenorm": True}, {"parallel_block": True}, {"use_rms_norm": True}, {"causal": True},
                    {"rotary_emb_interleaved": True}, {"rotary_emb_fraction": 0.5}, {"rotary_emb_scale_base": 512},
                    {"activation_function": "gelu"}, {"scale_attn_weights": False}, {"n_embd": 0}, {"rope_scaling": {}},
                    {"rope_parameters": {"rope_type": "dynamic"}}]:
        config.write_text(original)
        edit(config, **changes)
        refused(terrazzo, model, next(iter(changes)))


# --- GGUF, where tensors stand joined ----------------------------------------------


@pytest.mark.parametrize("encoder", [TinyNomicEncoder(seed=4), TinyNomicEncoder(seed=4, hidden=28, heads=2, feed_forward=7),
                                     TinyModernEncoder(seed=5), TinyModernEncoder(seed=5, every=2, window=5, biases=True),
                                     TinyModernEncoder(seed=5, activation="silu")], ids=lambda e: type(e).__name__)
def test_gguf_gives_the_folders_vectors(terrazzo, tmp_path, encoder):
    """The same rows of the same weights: the same bits."""
    folder, file = encoder.write_folder(tmp_path / "m"), encoder.write_gguf(tmp_path / "m.gguf")
    assert ids_of(terrazzo, folder, [*LINES, *WORDS]) == ids_of(terrazzo, file, [*LINES, *WORDS])
    np.testing.assert_array_equal(embed(terrazzo, folder, WORDS), embed(terrazzo, file, WORDS))


def test_joined_tensors_that_cannot_be_taken_apart(terrazzo, tmp_path):
    for encoder, part, rows in [(TinyModernEncoder(), "layers.1.attn.Wqkv", 143), (TinyModernEncoder(), "layers.0.mlp.Wi", 79)]:
        encoder.parts[part] = {"weight": np.ones((rows, 48), "f4")}
        refused(terrazzo, encoder.write_gguf(tmp_path / "m.gguf"), f"its {rows} rows are no")
    encoder = TinyNomicEncoder()
    encoder.parts["blk.0.attn_qkv"] = {"weight": np.ones((144, 48), "f4")}
    path = encoder.write_gguf_of(tmp_path / "twice.gguf", "nomic-bert", encoder.parts, {"rope.freq_base": 100.0})
    refused(terrazzo, path, "attn_q.weight", "twice")


def test_positions_that_are_scaled(terrazzo, tmp_path):
    encoder = TinyNomicEncoder()
    settings = {"rope.freq_base": 100.0, "rope.scaling.factor": 4.0}
    refused(terrazzo, encoder.write_gguf_of(tmp_path / "m.gguf", "nomic-bert", encoder.parts, settings), "rope.scaling.factor")
