# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sentence vectors: the real MiniLM against transformers, and tiny encoders of each family against NumPy."""

import json
import os
import shutil

import numpy as np
import pytest
from conftest import DATA, ROOT
from encoder_texts import texts
from tiny_encoder import TinyEncoder, write_safetensors

MINILM = ROOT / ".models" / "minilm"
ALL_DEVICES = "TERRAZZO_ALL_DEVICES" in os.environ


@pytest.fixture(scope="module")
def golden():
    return np.load(DATA / "minilm.npz")


def embed(terrazzo, model, lines, *flags, **options):
    out = terrazzo("embed", "-m", model, "--jsonl", "--quiet", *flags, stdin="".join(json.dumps(t) + "\n" for t in lines), **options)
    return np.array([line["embedding"] for line in out.lines()])


def cosines(a, b):
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


# --- MiniLM --------------------------------------------------------------------


def test_wordpiece_gives_the_reference_ids(terrazzo):
    golden = [json.loads(line) for line in (DATA / "minilm.tokenizer.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(golden) > 600
    stdin = "".join(json.dumps(line["text"]) + "\n" for line in golden)
    out = terrazzo("tokenize", "-m", MINILM, "--jsonl", stdin=stdin).lines()
    wrong = [(line["text"], line["ids"], ids) for line, ids in zip(golden, out, strict=True) if line["ids"] != ids]
    assert not wrong, wrong[:3]


def test_words_come_back(terrazzo):
    ids = terrazzo.json("tokenize", "-m", MINILM, "-p", "Unaffable herons!")["ids"]
    assert terrazzo.json("detokenize", "-m", MINILM, *ids)["text"] == "unaffable herons!"


@pytest.mark.parametrize("flags", [[], ["-b", "40"], ["-t", "1"]], ids=["full calls", "small calls", "one thread"])
def test_vectors_are_the_reference(terrazzo, golden, flags):
    """200 texts of 3 to 512 tokens, many to a call."""
    assert golden["tokens"].min() == 3 and golden["tokens"].max() == 512
    got = embed(terrazzo, MINILM, texts(), "--max-tokens", 512, *flags)
    assert cosines(got, golden["vectors"]).min() >= 0.999999
    np.testing.assert_allclose(np.linalg.norm(got, axis=1), 1, atol=1e-6)


def test_a_text_alone_is_as_among_others(terrazzo, golden):
    got = embed(terrazzo, MINILM, texts(), "--max-tokens", 512, "-b", 1)
    assert cosines(got, golden["vectors"]).min() >= 0.999999
    for k in (0, 60, 199):
        alone = np.array(terrazzo.json("embed", "-m", MINILM, "-p", texts()[k], "--max-tokens", 512)["embedding"])
        np.testing.assert_array_equal(alone.astype("f4"), got[k])
    words = terrazzo("embed", "-m", MINILM, "-p", texts()[0], "--quiet").out.split()
    assert np.allclose([float(w) for w in words], golden["vectors"][0], atol=1e-6)


@pytest.mark.parametrize("device", ["emu:sm_80", "emu:sm_90a"] if ALL_DEVICES else ["emu:sm_80"])
def test_vectors_on_an_emulated_device(terrazzo, golden, device):
    chosen = range(200) if ALL_DEVICES else [0, 25, 61, 102]
    got = embed(terrazzo, MINILM, [texts()[k] for k in chosen], "--max-tokens", 512, "--device", device)
    assert cosines(got, golden["vectors"][list(chosen)]).min() >= 0.999999


def test_texts_are_cut_as_the_files_say(terrazzo):
    long = max(texts(), key=len)
    result = terrazzo("embed", "-m", MINILM, "-p", long)
    assert "1 text was cut to 256 tokens" in result.err
    terrazzo("embed", "-m", MINILM, "-p", long, "--max-tokens", 513, code=2)


def test_one_package_serves_all_lengths(terrazzo, tmp_path):
    """Nothing is compiled because a length or a batch changed."""
    cache = {"TERRAZZO_CACHE_DIR": str(tmp_path)}
    first = terrazzo("embed", "-m", MINILM, "-p", "a", **cache)
    assert "compil" in first.err or list((tmp_path / "packages").glob("*"))
    packages = sorted(p.name for p in tmp_path.rglob("*.tzp"))
    for lines in (texts()[:3], texts()[150:153], texts()[:60]):
        result = embed(terrazzo, MINILM, lines, **cache)
        assert len(result) == len(lines)
    assert sorted(p.name for p in tmp_path.rglob("*.tzp")) == packages and len(packages) == 1


# --- families ------------------------------------------------------------------

LINES = ["abc", "the ab cab!", "a b c 1 11 abcab the the", "", "unknownword a"]


def ids_of(terrazzo, model, line, encoder):
    ids = terrazzo.json("tokenize", "-m", model, "-p", line)["ids"]
    frame = (0, 2) if encoder.family == "roberta" else (2, 3)
    return [frame[0], *ids, frame[1]]


def check(terrazzo, model, encoder, *flags, budget=2e-6, **how):
    want = np.array([encoder.vector(ids_of(terrazzo, model, line, encoder), **how) for line in LINES])
    np.testing.assert_allclose(embed(terrazzo, model, LINES, *flags), want, atol=budget)


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
@pytest.mark.parametrize("shards", [1, 3])
def test_families(terrazzo, tmp_path, family, shards):
    encoder = TinyEncoder(family, seed=shards)
    check(terrazzo, encoder.write_folder(tmp_path / "m", shards), encoder)


def test_with_a_head_of_another_task(terrazzo, tmp_path):
    """The encoder under its own name, and tensors that vectors do not need."""
    encoder = TinyEncoder("bert")
    folder = encoder.write_folder(tmp_path / "m", prefix="bert.")
    extra = {"cls.predictions.bias": np.ones(3, "f4"), "bert.pooler.dense.weight": np.ones((48, 48), "f4")}
    write_safetensors(folder / "model.safetensors", encoder.tensors("bert.") | extra)
    check(terrazzo, folder, encoder)


@pytest.mark.parametrize("settings", [{"activation": "relu"}, {"activation": "gelu_new"}, {"heads": 2, "hidden": 40},
                                      {"heads": 1, "hidden": 23, "feed_forward": 7}, {"dtype": "f2"}], ids=str)
def test_settings(terrazzo, tmp_path, settings):
    encoder = TinyEncoder("bert", **settings)
    check(terrazzo, encoder.write_folder(tmp_path / "m"), encoder)


def is_vector(part, kind):
    return kind == "bias" or part.endswith("_norm")


# What each weight is kept as. Halved models keep all in one type; others keep vectors, layers or parts of a layer in f32.
HALVES = {
    "f16": lambda part, kind: "f2",
    "bf16": lambda part, kind: "bf16",
    "f16 and vectors of f32": lambda part, kind: "f4" if is_vector(part, kind) else "f2",
    "bf16 and vectors of f32": lambda part, kind: "f4" if is_vector(part, kind) else "bf16",
    "f32 and vectors of bf16": lambda part, kind: "bf16" if is_vector(part, kind) else "f4",
    "f32 and tables of bf16": lambda part, kind: "bf16" if part in ("token_embd", "position_embd", "token_types") else "f4",
    "f32 and a layer of bf16": lambda part, kind: "bf16" if part.startswith("blk.1.") and not is_vector(part, kind) else "f4",
    "three in a layer": lambda part, kind: {"q": "f4", "v": "f2"}.get(part[-1], "f4" if is_vector(part, kind) else "bf16")
    if kind == "weight" else "f4",
}


@pytest.mark.parametrize("family,device,budget", [("bert", "cpu", 2e-6), ("roberta", "cpu", 2e-6), ("distilbert", "cpu", 2e-6),
                                                  ("bert", "emu:sm_80", 5e-3)])
@pytest.mark.parametrize("kept", HALVES)
def test_weights_of_half_the_bytes(terrazzo, tmp_path, kept, family, device, budget):
    """The reference counts with the rounded weights."""
    encoder = TinyEncoder(family, seed=7).round_to(HALVES[kept])
    model = encoder.write_folder(tmp_path / "m", shards=2)
    types = {"f4": "f32", "f2": "f16", "bf16": "bf16"}
    want = {types[HALVES[kept](part, kind)] for part, kinds in encoder.parts.items() for kind in kinds}
    assert set(terrazzo.json("inspect", model)["bytes_per_type"]) == want
    check(terrazzo, model, encoder, "--device", device, budget=budget)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("normalize", [True, False])
def test_pooling_is_the_models(terrazzo, tmp_path, pooling, normalize):
    encoder = TinyEncoder("bert")
    folder = encoder.write_folder(tmp_path / "m", pooling=pooling, normalize=normalize)
    check(terrazzo, folder, encoder, pooling=pooling, normalize=normalize)


def test_gguf_and_folder_are_one_graph(terrazzo, tmp_path):
    encoder = TinyEncoder("bert")
    folder, gguf = encoder.write_folder(tmp_path / "m"), encoder.write_gguf(tmp_path / "m.gguf")
    check(terrazzo, gguf, encoder)

    def graph(model):
        text = terrazzo("-m", model, "--emit", "tz", program="terrazzo-compile").out
        body = text[text.index("tz.func") :].split("\n#loc")[0]
        return [line.split(" loc(")[0] for line in body.splitlines()]

    assert graph(folder) == graph(gguf)


def test_the_function_itself(terrazzo, tmp_path):
    """Rows of two texts through `call`, from a package and a folder of weights."""
    encoder = TinyEncoder("bert")
    folder = encoder.write_folder(tmp_path / "m")
    terrazzo("compile", "-m", folder, "-o", tmp_path / "m.tzp")
    parts = [[2, 5, 6, 3], [2, 7, 3]]
    arrays = {"tokens": sum(parts, []), "positions": [0, 1, 2, 3, 0, 1, 2], "first": [0] * 4 + [4] * 3,
              "end": [4] * 4 + [7] * 3, "types": [0] * 7}
    words = []
    for name, values in arrays.items():
        np.save(tmp_path / f"{name}.npy", np.array(values, "i4"))
        words += ["--input", f"{name}={tmp_path}/{name}.npy"]
    terrazzo("call", tmp_path / "m.tzp", "-m", folder, *words, "--output", f"hidden={tmp_path}/h.npy")
    want = np.concatenate([encoder.rows(np.array(ids)) for ids in parts])
    np.testing.assert_allclose(np.load(tmp_path / "h.npy"), want, atol=1e-5)


# --- refusals ------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    return TinyEncoder("bert").write_folder(tmp_path / "m")


def refused(terrazzo, folder, *said, code=3):
    result = terrazzo("embed", "-m", folder, "-p", "a", code=code)
    for word in said:
        assert word in result.err, result
    assert result.err.count("error[") == 1 and not result.out
    return result


def edit(path, **changes):
    document = json.loads(path.read_text())
    for key, value in changes.items():
        if value is None:
            document.pop(key)
        else:
            document[key] = value
    path.write_text(json.dumps(document))


def test_settings_that_are_not_supported(terrazzo, folder):
    config = folder / "config.json"
    original = config.read_text()
    for changes, said in [({"model_type": "mamba"}, "bert, roberta, distilbert"), ({"hidden_act": "mish"}, "mish"),
                          ({"position_embedding_type": "relative_key"}, "absolute"), ({"is_decoder": True}, "is_decoder"),
                          ({"hidden_size": None}, "hidden_size"), ({"hidden_size": -3}, "hidden_size"),
                          ({"num_attention_heads": 5}, "multiple"), ({"num_hidden_layers": 3}, "blk.2"),
                          ({"num_hidden_layers": 1}, "not used"), ({"quantization_config": {}}, "quantization_config"),
                          ({"vocab_size": 7}, "token_embd.weight")]:
        config.write_text(original)
        edit(config, **changes)
        refused(terrazzo, folder, said)


def test_ways_of_pooling_that_are_not_supported(terrazzo, folder):
    edit(folder / "1_Pooling" / "config.json", pooling_mode_mean_tokens=False, pooling_mode_max_tokens=True)
    refused(terrazzo, folder, "TZ0715", "max_tokens")
    (folder / "modules.json").write_text(json.dumps([{"type": "sentence_transformers.models.Dense"}]))
    refused(terrazzo, folder, "TZ0715", "Dense")


def test_tokenizers_that_are_not_supported(terrazzo, folder):
    """Their models still run on ids."""
    edit(folder / "tokenizer.json", model={"type": "Morphemes", "vocab": {}})
    refused(terrazzo, folder, "TZ0201", "Morphemes")
    terrazzo("call", "-m", folder, "--size", "T=3", "--random", "1")
    (folder / "tokenizer.json").unlink()
    refused(terrazzo, folder, "TZ0201", "tokenizer.json")


def test_decoders_are_no_encoders(terrazzo, smollm2, folder):
    refused(terrazzo, smollm2, "TZ0708", "encode", code=7)
    result = terrazzo("run", "-m", folder, "-p", "a", code=7)
    assert "TZ0708" in result.err and "trunk" in result.err


def test_pickles_are_refused(terrazzo, folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    refused(terrazzo, folder, "TZ0117", "pickled", "safe_serialization")


def test_folders_without_a_model(terrazzo, folder):
    (folder / "model.safetensors").unlink()
    refused(terrazzo, folder, "TZ0117", "model.safetensors")
    (folder / "config.json").unlink()
    refused(terrazzo, folder, "TZ0117", "config.json")


def test_tensors_that_do_not_fit(terrazzo, folder):
    encoder = TinyEncoder("bert")
    good = encoder.tensors()
    for change, said in [({"encoder.layer.0.strange.weight": np.ones(3, "f4")}, "strange"),
                         ({"embeddings.LayerNorm.gamma": np.ones(48, "f4")}, "token_embd_norm.weight"),
                         ({"embeddings.LayerNorm.weight": np.ones(47, "f4")}, "47"),
                         ({"encoder.layer.1.output.dense.weight": np.ones((48, 80), "i8")}, "I64")]:
        write_safetensors(folder / "model.safetensors", good | change)
        refused(terrazzo, folder, said)


def test_a_folder_that_changes(terrazzo, folder):
    """Its vectors are those of the new content, whatever is in the cache."""
    before = embed(terrazzo, folder, ["abc"])
    other = TinyEncoder("bert", seed=5).write_folder(folder.parent / "other")
    shutil.copy(other / "model.safetensors", folder / "model.safetensors")
    after = embed(terrazzo, folder, ["abc"])
    assert np.abs(before - after).max() > 1e-2
    np.testing.assert_array_equal(after, embed(terrazzo, other, ["abc"]))
