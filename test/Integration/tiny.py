# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A llama of a few thousand weights, written as a GGUF file, and what it computes: an independent forward pass in float64.

    model = Tiny(seed=1)
    model.write(path)
    model.logits(ids)      # float64 [tokens, vocabulary]
"""

import importlib.util
import pathlib

import numpy as np

_writer = pathlib.Path(__file__).parents[1] / "Import" / "Inputs" / "write-gguf.py"
_spec = importlib.util.spec_from_file_location("write_gguf", _writer)
gguf = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(gguf)

HIDDEN, FEED_FORWARD, HEADS, KEY_HEADS, DIM, LAYERS, CONTEXT = 64, 128, 4, 2, 16, 2, 256


def byte_tokens():
    """One token for each byte, written as byte-level vocabularies do."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(b) if b in plain else chr(next(others)) for b in range(256)]


TOKENS = byte_tokens() + ["ab", "<|end|>"]
VOCABULARY = len(TOKENS)


class Tiny:
    def __init__(self, seed=1, **settings):
        """`base`, `epsilon`: what the file gives and the forward pass uses; `keys`: further keys of the file, and
        `position_scale` what they do to positions; `sharpness`: of the attention's scores."""
        generator = np.random.default_rng(seed)
        self.base = settings.pop("base", 10000.0)
        self.epsilon = settings.pop("epsilon", 1e-5)
        self.position_scale = settings.pop("position_scale", 1.0)
        self.more_keys = settings.pop("keys", {})
        sharpness = settings.pop("sharpness", 1.0)
        assert not settings
        self.formats = {}

        def matrix(rows, columns, factor=1.0):
            return (generator.standard_normal((rows, columns)) * factor * columns**-0.5).astype("f4")

        def norm(size):
            return (1 + 0.1 * generator.standard_normal(size)).astype("f4")

        self.weights = {"token_embd.weight": generator.standard_normal((VOCABULARY, HIDDEN)).astype("f4")}
        for layer in range(LAYERS):
            blk = f"blk.{layer}."
            self.weights |= {
                blk + "attn_norm.weight": norm(HIDDEN),
                blk + "attn_q.weight": matrix(HEADS * DIM, HIDDEN, sharpness),
                blk + "attn_k.weight": matrix(KEY_HEADS * DIM, HIDDEN, sharpness),
                blk + "attn_v.weight": matrix(KEY_HEADS * DIM, HIDDEN),
                blk + "attn_output.weight": matrix(HIDDEN, HEADS * DIM),
                blk + "ffn_norm.weight": norm(HIDDEN),
                blk + "ffn_gate.weight": matrix(FEED_FORWARD, HIDDEN),
                blk + "ffn_up.weight": matrix(FEED_FORWARD, HIDDEN),
                blk + "ffn_down.weight": matrix(HIDDEN, FEED_FORWARD),
            }
        self.weights["output_norm.weight"] = norm(HIDDEN)

    def quantise(self, *names):
        """These matrices become Q8_0; `weights` keeps what the blocks mean."""
        for name in names or [name for name, weight in self.weights.items() if weight.ndim == 2]:
            blocks = self.weights[name].reshape(-1, 32)
            scale = (np.abs(blocks).max(1) / 127).astype("f2")
            quants = np.round(blocks / scale[:, None].astype("f4")).astype("i1")
            rows = np.concatenate([scale.view("u1").reshape(-1, 2), quants.view("u1")], axis=1)
            self.formats[name] = ("q8_0", bytearray(rows.tobytes()))
            self.weights[name] = (scale[:, None].astype("f4") * quants).reshape(self.weights[name].shape)

    def write(self, path):
        keys = {
            "general.architecture": "llama", "llama.block_count": LAYERS, "llama.context_length": CONTEXT,
            "llama.embedding_length": HIDDEN, "llama.feed_forward_length": FEED_FORWARD,
            "llama.attention.head_count": HEADS, "llama.attention.head_count_kv": KEY_HEADS,
            "llama.attention.layer_norm_rms_epsilon": float(self.epsilon), "llama.rope.freq_base": float(self.base),
            "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "smollm", "tokenizer.ggml.tokens": TOKENS,
            "tokenizer.ggml.token_type": [1] * 257 + [3], "tokenizer.ggml.merges": ["a b"],
            "tokenizer.ggml.bos_token_id": 257, "tokenizer.ggml.eos_token_id": 257, "tokenizer.ggml.add_bos_token": False,
            **self.more_keys,
        }
        tensors = {}
        for name, weight in self.weights.items():
            form, content = self.formats.get(name, ("f32", weight.tobytes()))
            tensors[name] = (form, list(weight.shape), bytes(content))
        gguf.write(path, keys, tensors)
        return path

    def logits(self, ids):
        weights = {name: weight.astype("f8") for name, weight in self.weights.items()}
        x = weights["token_embd.weight"][ids]
        angles = np.arange(len(ids))[:, None] * self.position_scale / self.base ** (np.arange(0, DIM, 2) / DIM)
        cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]

        def norm(x, name):
            return x / np.sqrt((x * x).mean(-1, keepdims=True) + self.epsilon) * weights[name]

        def rotate(heads):
            even, odd = heads[..., 0::2], heads[..., 1::2]
            return np.stack([even * cosine - odd * sine, even * sine + odd * cosine], -1).reshape(heads.shape)

        unseen = np.triu(np.ones((len(ids), len(ids)), bool), 1)
        for layer in range(LAYERS):
            blk = f"blk.{layer}."
            h = norm(x, blk + "attn_norm.weight")
            q, k, v = ((h @ weights[blk + f"attn_{part}.weight"].T).reshape(len(ids), -1, DIM) for part in "qkv")
            q, k = rotate(q), rotate(k)
            k, v = (np.repeat(part, HEADS // KEY_HEADS, axis=1) for part in (k, v))
            scores = np.einsum("thd,shd->hts", q, k) / DIM**0.5
            scores[:, unseen] = -np.inf
            p = np.exp(scores - scores.max(-1, keepdims=True))
            p /= p.sum(-1, keepdims=True)
            mixed = np.einsum("hts,shd->thd", p, v).reshape(len(ids), -1)
            x = x + mixed @ weights[blk + "attn_output.weight"].T
            h = norm(x, blk + "ffn_norm.weight")
            gate = h @ weights[blk + "ffn_gate.weight"].T
            up = h @ weights[blk + "ffn_up.weight"].T
            x = x + (gate / (1 + np.exp(-gate)) * up) @ weights[blk + "ffn_down.weight"].T
        return norm(x, "output_norm.weight") @ weights["token_embd.weight"].T


def divergence(expected, logits):
    """The largest KL divergence of any row."""

    def log_softmax(x):
        x = x.astype("f8") - x.max(-1, keepdims=True)
        return x - np.log(np.exp(x).sum(-1, keepdims=True))

    p, q = log_softmax(expected), log_softmax(logits)
    return (np.exp(p) * (p - q)).sum(-1).max()
