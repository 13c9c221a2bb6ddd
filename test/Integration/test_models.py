# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole models of several kinds, small and random, written in tz and run by `terrazzo call`, against transformers in
float64 (data/README.md). A vision transformer, a decoder with learned positions, speech with convolutions and both
caches, relative positions, experts."""

import json
import os

import numpy as np
import pytest
import terrazzo as tz
from conftest import DATA
from random_weights import weight_of
from tz_graph import Graph

ALL_DEVICES = "TERRAZZO_ALL_DEVICES" in os.environ
# Products on the chips' matrix units take halves.
DEVICES = [("cpu", 1e-5), ("cpu:x86-64-v3", 1e-5), ("emu:sm_80", 1e-2)] + [("emu:sm_90a", 1e-2)] * ALL_DEVICES


class Golden:
    def __init__(self, name):
        self.name, self.data = name, np.load(DATA / "models.npz")
        self.shapes = json.loads(str(self.data[f"{name}.shapes"]))

    def __getitem__(self, key):
        return self.data[f"{self.name}.{key}"]

    def weight(self, key):
        return weight_of(self.name, key, self.shapes[key]) if key in self.shapes else None

    def linear(self, key):
        return self.weight(f"{key}.weight"), self.weight(f"{key}.bias")


class Runner:
    """Calls a module's functions; counts the packages that it had to make."""

    def __init__(self, terrazzo, folder, graph, device):
        self.terrazzo, self.folder, self.device = terrazzo, folder, device
        self.module, self.weights = graph.write(folder, "m")
        self.cache = {"TERRAZZO_CACHE_DIR": str(folder / "cache")}

    def __call__(self, function, result, **arrays):
        words = []
        for name, array in arrays.items():
            array = np.asarray(array)
            np.save(self.folder / f"{name}.npy", array.astype("i4") if array.dtype.kind == "i" else array.astype("f4"))
            words += ["--input", f"{name}={self.folder}/{name}.npy"]
        out = self.folder / "out.npy"
        self.terrazzo("call", "-m", self.module, "--weights", self.weights, "--device", self.device, "--function", function,
                      *words, "--output", f"{result}={out}", **self.cache)
        return np.load(out)

    def packages(self):
        return len(list((self.folder / "cache").rglob("*.tzp")))


@pytest.fixture(params=DEVICES, ids=[name for name, _ in DEVICES])
def place(request):
    return request.param


def close(got, want, budget):
    assert got.shape == want.shape
    assert np.abs(got - want).max() <= budget * max(1, np.abs(want).max()), np.abs(got - want).max()


SIZES = [1, 8, 64]


def gpt2(f, golden, attend):
    """Logits of tokens and positions; `attend` takes a layer's number, queries, keys and values."""
    get = golden.weight
    x = f.add(f.embedding(get("transformer.wte.weight"), f.tokens), f.embedding(get("transformer.wpe.weight"), f.positions))
    for layer in range(2):
        key = f"transformer.h.{layer}."

        def conv1d(x, name, key=key):  # weights as [in, out]
            weight, bias = golden.linear(key + name)
            return f.linear(x, np.ascontiguousarray(weight.T), bias)

        h = conv1d(f.layer_norm(x, get(key + "ln_1.weight"), get(key + "ln_1.bias"), 1e-5), "attn.c_attn")
        q, k, v = (f.heads(f.slice(h, [0, 48 * i], ["?", 48]), 16) for i in range(3))
        x = f.add(x, conv1d(f.flat(attend(layer, q, k, v)), "attn.c_proj"))
        h = f.layer_norm(x, get(key + "ln_2.weight"), get(key + "ln_2.bias"), 1e-5)
        x = f.add(x, conv1d(f.apply("gelu_tanh", conv1d(h, "mlp.c_fc")), "mlp.c_proj"))
    x = f.layer_norm(x, get("transformer.ln_f.weight"), get("transformer.ln_f.bias"), 1e-5)
    f.result("logits", f.linear(x, get("transformer.wte.weight")))


def test_gpt2(terrazzo, tmp_path, place):
    golden, graph = Golden("gpt2"), Graph()
    with graph.function("step", SIZES, tokens=("i32", "?"), positions=("i32", "?"), position=("i32",)) as f:

        def attend(layer, q, k, v):
            k, v = (f.append(f"{word}{layer}", part, f.position) for word, part in (("k", k), ("v", v)))
            return f.attention(q, k, v, 0.25, f.position)

        gpt2(f, golden, attend)
    run = Runner(terrazzo, tmp_path, graph, place[0])
    for length in (1, 5, 33):
        got = run("step", "logits", tokens=golden[f"tokens{length}"], positions=np.arange(length), position=np.array(0))
        close(got, golden[f"logits{length}"], place[1])
    assert run.packages() == 1


def test_gpt2_of_several_texts(terrazzo, tmp_path, place):
    """Rows of texts of any lengths, one behind the other: each row sees its own text's up to itself."""
    golden, graph = Golden("gpt2"), Graph()
    with graph.function("read", SIZES, tokens=("i32", "?"), positions=("i32", "?"), first=("i32", "?"), end=("i32", "?")) as f:
        gpt2(f, golden, lambda _, q, k, v: f.attention(q, k, v, 0.25, first=f.first, end=f.end))
    run = Runner(terrazzo, tmp_path, graph, place[0])
    for lengths in ((5,), (1, 33, 5), (5, 5, 1, 33, 1)):
        starts = np.repeat(np.cumsum([0, *lengths[:-1]]), lengths)
        got = run("read", "logits", tokens=np.concatenate([golden[f"tokens{length}"] for length in lengths]),
                  positions=np.arange(sum(lengths)) - starts, first=starts, end=np.arange(sum(lengths)) + 1)
        for length, rows in zip(lengths, np.split(got, np.cumsum(lengths)[:-1])):
            close(rows, golden[f"logits{length}"], place[1])
    assert run.packages() == 1


def test_vit(terrazzo, tmp_path, place):
    """Images [images, 3, rows, columns] of any number and size; what does not fill a patch is left out. A position for each
    patch of an image that is as large comes from the caller, as `transformers` interpolates them."""
    golden, graph = Golden("vit"), Graph()
    patches = "(H floordiv 8) * (W floordiv 8)"
    with graph.function("see", {"B": [1, 4], "H": [48], "W": [48]}, pixels=("f32", "B", 3, "H", "W"),
                        positions=("f32", f"{patches} + 1", 48)) as f:
        # A convolution over images, rows and columns, whose kernel has one image.
        weight, bias = golden.linear("embeddings.patch_embeddings.projection")
        x = f.conv(f.transpose(f.pixels, 1, 0, 2, 3), weight[:, :, None], bias, stride=(1, 8, 8))
        x = f.pad(f.reshape(x, "?", "?", 48, sizes=["B", patches]), [0, 1, 0], [0, 0, 0])
        first = f.add(f.slice(f.positions, [0, 0], [1, 48]), golden.weight("embeddings.cls_token")[0])
        x = f.reshape(f.add(x, f.concat(0, first, f.slice(f.positions, [1, 0], ["?", 48]))), "?", 48)
        for layer in range(2):
            key = f"layers.{layer}."
            h = f.layer_norm(x, *golden.linear(key + "layernorm_before"), 1e-12)
            q, k, v = (f.reshape(f.linear(h, *golden.linear(f"{key}attention.{part}_proj")), "?", "?", 3, 16,
                                 sizes=["B", f"{patches} + 1"]) for part in "qkv")
            shares = f.softmax(f.mul(f.contract("bthd,bshd->bhts", q, k, ["?", 3, "?", "?"]), 0.25), 3)
            h = f.reshape(f.contract("bhts,bshd->bthd", shares, v, ["?", "?", 3, 16]), "?", 48)
            x = f.add(x, f.linear(h, *golden.linear(key + "attention.o_proj")))
            h = f.layer_norm(x, *golden.linear(key + "layernorm_after"), 1e-12)
            h = f.apply("gelu", f.linear(h, *golden.linear(key + "mlp.fc1")))
            x = f.add(x, f.linear(h, *golden.linear(key + "mlp.fc2")))
        x = f.layer_norm(x, *golden.linear("layernorm"), 1e-12)
        f.result("hidden", f.reshape(x, "?", "?", 48, sizes=["B", f"{patches} + 1"]))
    run = Runner(terrazzo, tmp_path, graph, place[0])
    for count, height, width in ((1, 32, 32), (3, 45, 27), (2, 16, 40)):
        size = f"{height}x{width}"
        got = run("see", "hidden", pixels=golden["pixels"][:count, :, :height, :width], positions=golden[f"positions{size}"])
        close(got, golden[f"hidden{size}"], place[1])
    assert run.packages() == 1


def cross_attention(f, golden, key, h, encoded, out="out_proj"):
    q = f.heads(f.linear(h, *golden.linear(key + "q_proj")), 16)
    k, v = (f.heads(f.linear(encoded, *golden.linear(f"{key}{part}_proj")), 16) for part in "kv")
    return f.linear(f.flat(f.attention(q, k, v, 0.25)), *golden.linear(key + out))


def cross_caches(f, golden, layers, rows):
    """The encoder's keys and values, once for all of the decoder's calls."""
    for layer in range(layers):
        for part in "kv":
            linear = golden.linear(f"model.decoder.layers.{layer}.encoder_attn.{part}_proj")
            f.append(f"cross_{part}{layer}", f.heads(f.linear(f.encoded, *linear), 16), f.position, rows=rows)


def cached_cross_attention(f, golden, layer, h, rows, out, end):
    key = f"model.decoder.layers.{layer}.encoder_attn."
    q = f.heads(f.linear(h, *golden.linear(key + "q_proj")), 16)
    k, v = (f.state(f"cross_{part}{layer}", 3, 16, rows) for part in "kv")
    return f.linear(f.flat(f.attention(q, k, v, 0.25, end=end)), *golden.linear(key + out))


def opened(terrazzo, tmp_path, graph, place):
    """The module's functions with their states, compiled once."""
    module, weights = graph.write(tmp_path, "m")
    terrazzo("compile", "-m", module, "-o", tmp_path / "m.tzp", "--target", place.replace("emu", "nvidia"))
    return tz.load(tmp_path / "m.tzp", weights=weights, device=place if place.startswith("emu") else "cpu", cache_rows=64)


def words(numbers):
    return np.array(numbers, "i4")


def by_steps(count):
    """Calls that a decoder's tokens may come in: all, or a first few and then one by one."""
    yield [range(count)]
    yield [range(count // 2), *([t] for t in range(count // 2, count))]


def test_whisper(terrazzo, tmp_path, place):
    """Sound of any number of frames, of which the second convolution leaves half, rounded up."""
    golden, graph = Golden("whisper"), Graph()
    norm = lambda f, x, key: f.layer_norm(x, *golden.linear(key), 1e-5)  # noqa: E731

    def feed_forward(f, x, key):
        h = f.apply("gelu", f.linear(norm(f, x, key + "final_layer_norm"), *golden.linear(key + "fc1")))
        return f.add(x, f.linear(h, *golden.linear(key + "fc2")))

    most = 20
    places = "(F - 1) floordiv 2 + 1"
    with graph.function("encode", {"F": [40]}, mel=("f32", 10, "F")) as f:
        x = f.apply("gelu", f.conv(f.mel, *golden.linear("model.encoder.conv1"), padding=1))
        x = f.apply("gelu", f.conv(f.transpose(x, 1, 0), *golden.linear("model.encoder.conv2"), stride=2, padding=1))
        x = f.add(x, f.embedding(golden.weight("model.encoder.embed_positions.weight"), f.iota(places)))
        for layer in range(2):
            key = f"model.encoder.layers.{layer}."
            h = norm(f, x, key + "self_attn_layer_norm")
            x = f.add(x, cross_attention(f, golden, key + "self_attn.", h, h))
            x = feed_forward(f, x, key)
        f.result("encoded", norm(f, x, "model.encoder.layer_norm"))
    with graph.function("cross", [most], encoded=("f32", "?", 48), position=("i32",)) as f:
        cross_caches(f, golden, 2, most)
    # Of the encoder's rows, as many as there may be, all before `heard` are there.
    with graph.function("decode", SIZES, tokens=("i32", "?"), positions=("i32", "?"), position=("i32",), heard=("i32", "?")) as f:
        x = f.add(f.embedding(golden.weight("model.decoder.embed_tokens.weight"), f.tokens),
                  f.embedding(golden.weight("model.decoder.embed_positions.weight"), f.positions))
        for layer in range(2):
            key = f"model.decoder.layers.{layer}."
            h = norm(f, x, key + "self_attn_layer_norm")
            q, k, v = (f.heads(f.linear(h, *golden.linear(f"{key}self_attn.{part}_proj")), 16) for part in "qkv")
            k, v = (f.append(f"{word}{layer}", part, f.position) for word, part in (("k", k), ("v", v)))
            h = f.flat(f.attention(q, k, v, 0.25, f.position))
            x = f.add(x, f.linear(h, *golden.linear(key + "self_attn.out_proj")))
            h = norm(f, x, key + "encoder_attn_layer_norm")
            x = f.add(x, cached_cross_attention(f, golden, layer, h, most, "out_proj", f.heard))
            x = feed_forward(f, x, key)
        x = norm(f, x, "model.decoder.layer_norm")
        f.result("logits", f.linear(x, golden.weight("model.decoder.embed_tokens.weight")))
    program = opened(terrazzo, tmp_path, graph, place[0])
    for frames in (40, 26, 31):
        encoded = program.encode(mel=golden["mel"][:, :frames])
        close(encoded, golden[f"encoded{frames}"], place[1])
        program.cross(encoded=encoded, position=0)
        for length in (1, 4, 11):
            for steps in by_steps(length):
                rows = [program.decode(tokens=words(golden[f"tokens{length}"][list(step)]), positions=words(step), position=step[0],
                                heard=words([len(encoded)] * len(step))) for step in steps if len(step)]
                close(np.concatenate(rows), golden[f"logits{frames}_{length}"], place[1])
    program.close()


def test_moonshine(terrazzo, tmp_path, place):
    golden, graph = Golden("moonshine"), Graph()
    norm = lambda f, x, key: f.layer_norm(x, *golden.linear(key), 1e-5)  # noqa: E731
    turn = lambda f, x, position: f.rope(x, position, "interleaved", 14)  # noqa: E731
    most = 24
    with graph.function("encode", [3000, 8000], audio=("f32", 1, "?"), position=("i32",)) as f:
        x = f.apply("tanh", f.conv(f.audio, golden.weight("model.encoder.conv1.weight"), stride=64))
        # One group: mean and variance of everything.
        x = f.apply("sub", x, f.reduce("mean", x, 0, 1))
        spread = f.apply("rsqrt", f.add(f.reduce("mean", f.mul(x, x), 0, 1), 1e-5))
        weight, bias = golden.linear("model.encoder.groupnorm")
        x = f.add(f.mul(f.mul(x, spread), weight), bias)
        x = f.apply("gelu", f.conv(f.transpose(x, 1, 0), *golden.linear("model.encoder.conv2"), stride=3))
        x = f.apply("gelu", f.conv(f.transpose(x, 1, 0), *golden.linear("model.encoder.conv3"), stride=2))
        for layer in range(2):
            key = f"model.encoder.layers.{layer}."
            h = norm(f, x, key + "input_layernorm")
            q, k, v = (f.heads(f.linear(h, golden.weight(f"{key}self_attn.{part}_proj.weight")), 16) for part in "qkv")
            h = f.attention(turn(f, q, f.position), turn(f, k, f.position), v, 0.25)
            x = f.add(x, f.linear(f.flat(h), golden.weight(key + "self_attn.o_proj.weight")))
            h = f.apply("gelu", f.linear(norm(f, x, key + "post_attention_layernorm"), *golden.linear(key + "mlp.fc1")))
            x = f.add(x, f.linear(h, *golden.linear(key + "mlp.fc2")))
        f.result("encoded", norm(f, x, "model.encoder.layer_norm"))
    with graph.function("cross", [most], encoded=("f32", "?", 48), position=("i32",)) as f:
        cross_caches(f, golden, 2, most)
    # Of the encoder's rows, as many as there may be, all before `frames` are there.
    with graph.function("decode", SIZES, tokens=("i32", "?"), position=("i32",), frames=("i32", "?")) as f:
        x = f.embedding(golden.weight("model.decoder.embed_tokens.weight"), f.tokens)
        for layer in range(2):
            key = f"model.decoder.layers.{layer}."
            h = norm(f, x, key + "input_layernorm")
            q, k, v = (f.heads(f.linear(h, golden.weight(f"{key}self_attn.{part}_proj.weight")), 16) for part in "qkv")
            k, v = (f.append(f"{word}{layer}", part, f.position) for word, part in (("k", turn(f, k, f.position)), ("v", v)))
            h = f.flat(f.attention(turn(f, q, f.position), k, v, 0.25, f.position))
            x = f.add(x, f.linear(h, golden.weight(key + "self_attn.o_proj.weight")))
            h = norm(f, x, key + "post_attention_layernorm")
            x = f.add(x, cached_cross_attention(f, golden, layer, h, most, "o_proj", f.frames))
            h = f.linear(norm(f, x, key + "final_layernorm"), *golden.linear(key + "mlp.fc1"))
            up, gate = f.slice(h, [0, 0], ["?", 64]), f.slice(h, [0, 64], ["?", 64])
            x = f.add(x, f.linear(f.mul(f.apply("silu", gate), up), *golden.linear(key + "mlp.fc2")))
        f.result("logits", f.linear(norm(f, x, "model.decoder.norm"), golden.weight("model.decoder.embed_tokens.weight")))
    program = opened(terrazzo, tmp_path, graph, place[0])
    for heard in (6000, 2600, 7777):
        encoded = program.encode(audio=golden["audio"][None, :heard], position=0)
        close(encoded, golden[f"encoded{heard}"], place[1])
        program.cross(encoded=encoded, position=0)
        for length in (1, 6):
            for steps in by_steps(length):
                rows = [program.decode(tokens=words(golden[f"tokens{length}"][list(step)]), position=step[0],
                                frames=words([len(encoded)] * len(step))) for step in steps if len(step)]
                close(np.concatenate(rows), golden[f"logits{heard}_{length}"], place[1])
    program.close()


def t5_attention(f, golden, key, h, keys, position=None, bias=None):
    """Without a scale, with what is added to scores."""
    get = lambda part: golden.weight(f"{key}.{part}.weight")  # noqa: E731
    q = f.heads(f.linear(h, get("q")), 16)
    k, v = (f.heads(f.linear(keys, get(part)), 16) for part in "kv")
    return f.linear(f.flat(f.attention(q, k, v, 1.0, position, bias)), get("o"))


def test_t5(terrazzo, tmp_path, place):
    """Encoder and decoder of any lengths, which compute how far apart their tokens stand."""
    golden, graph = Golden("t5"), Graph()
    get = golden.weight

    def relative(f, size, buckets, key):
        """[heads, size, size]; distances further than 20 are in the buckets of 20."""
        table = get(f"{key}.block.0.layer.0.SelfAttention.relative_attention_bias.weight")
        places = f.iota(size)
        distances = f.apply("sub", places, f.reshape(places, "?", 1))
        near = f.add(f.apply("min", f.apply("max", distances, -20), 20), 20)
        return f.transpose(f.gather(table, f.gather(f.constant(golden[buckets]), near, 0), 0), 2, 0, 1)

    def feed_forward(f, x, key):
        h = f.rms_norm(x, get(key + ".layer_norm.weight"), 1e-6)
        h = f.apply("relu", f.linear(h, get(key + ".DenseReluDense.wi.weight")))
        return f.add(x, f.linear(h, get(key + ".DenseReluDense.wo.weight")))

    with graph.function("encode", {"S": [8, 32]}, tokens=("i32", "S")) as f:
        x, bias = f.embedding(get("shared.weight"), f.tokens), relative(f, "S", "source_buckets", "encoder")
        for layer in range(2):
            key = f"encoder.block.{layer}.layer."
            h = f.rms_norm(x, get(key + "0.layer_norm.weight"), 1e-6)
            x = f.add(x, t5_attention(f, golden, key + "0.SelfAttention", h, h, bias=bias))
            x = feed_forward(f, x, key + "1")
        f.result("encoded", f.rms_norm(x, get("encoder.final_layer_norm.weight"), 1e-6))
    with graph.function("decode", {"T": [1, 32], "S": [8, 32]}, tokens=("i32", "T"), encoded=("f32", "S", 48)) as f:
        x, bias = f.embedding(get("shared.weight"), f.tokens), relative(f, "T", "target_buckets", "decoder")
        for layer in range(2):
            key = f"decoder.block.{layer}.layer."
            h = f.rms_norm(x, get(key + "0.layer_norm.weight"), 1e-6)
            x = f.add(x, t5_attention(f, golden, key + "0.SelfAttention", h, h, f.scalar(0, "i32"), bias))
            h = f.rms_norm(x, get(key + "1.layer_norm.weight"), 1e-6)
            x = f.add(x, t5_attention(f, golden, key + "1.EncDecAttention", h, f.encoded))
            x = feed_forward(f, x, key + "2")
        x = f.rms_norm(x, get("decoder.final_layer_norm.weight"), 1e-6)
        f.result("logits", f.linear(f.mul(x, 48**-0.5), get("shared.weight")))
    run = Runner(terrazzo, tmp_path, graph, place[0])
    for count, length in ((12, 7), (29, 1), (1, 23)):
        encoded = run("encode", "encoded", tokens=golden[f"source{count}"])
        close(encoded, golden[f"encoded{count}"], place[1])
        got = run("decode", "logits", tokens=golden[f"target{length}"], encoded=encoded)
        close(got, golden[f"logits{count}_{length}"], place[1])
    assert run.packages() == 1


def experts(f, golden, key, x):
    """The two best of six for each row, their shares made to add up to 1; each row meets its own two experts alone."""
    scores = f.softmax(f.linear(x, golden.weight(key + "gate.weight")), 1)
    chosen = f.top_k(scores, 2)
    shares = f.gather_each(scores, chosen, 1)
    shares = f.apply("div", shares, f.reduce("sum", shares, 1))
    gate_up, down = (f.gather(golden.weight(f"{key}experts.{part}_proj"), chosen, 0) for part in ("gate_up", "down"))
    h = f.contract("ti,tkoi->tko", x, gate_up, ["?", 2, 64])
    gate, up = (f.slice(h, [0, 0, start], ["?", 2, 32]) for start in (0, 32))
    y = f.contract("tki,tkoi->tko", f.mul(f.apply("silu", gate), up), down, ["?", 2, 48])
    return f.contract("tko,tk->to", y, shares, ["?", 48])


def test_qwen3_with_experts(terrazzo, tmp_path, place):
    golden, graph = Golden("qwen3_moe"), Graph()
    get = golden.weight
    with graph.function("step", SIZES, tokens=("i32", "?"), position=("i32",)) as f:
        x = f.embedding(get("model.embed_tokens.weight"), f.tokens)
        for layer in range(2):
            key = f"model.layers.{layer}."
            h = f.rms_norm(x, get(key + "input_layernorm.weight"), 1e-6)
            q, k, v = (f.heads(f.linear(h, get(f"{key}self_attn.{part}_proj.weight")), 16) for part in "qkv")
            q, k = (f.rope(f.rms_norm(part, get(f"{key}self_attn.{word}_norm.weight"), 1e-6), f.position, "neox", 16)
                    for word, part in (("q", q), ("k", k)))
            k, v = (f.append(f"{word}{layer}", part, f.position) for word, part in (("k", k), ("v", v)))
            h = f.flat(f.attention(q, k, v, 0.25, f.position))
            x = f.add(x, f.linear(h, get(key + "self_attn.o_proj.weight")))
            x = f.add(x, experts(f, golden, key + "mlp.", f.rms_norm(x, get(key + "post_attention_layernorm.weight"), 1e-6)))
        f.result("logits", f.linear(f.rms_norm(x, get("model.norm.weight"), 1e-6), get("lm_head.weight")))
    run = Runner(terrazzo, tmp_path, graph, place[0])
    for length in (1, 9, 40):
        ids = golden[f"tokens{length}"]
        close(run("step", "logits", tokens=ids, position=np.array(0)), golden[f"logits{length}"], place[1])
    assert run.packages() == 1
