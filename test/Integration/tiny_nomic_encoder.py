# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An encoder of Nomic Embed's shape with random weights, written as its first folders name things or as transformers does
since version 5; and what it computes, in float64 (transformers' NomicBertModel gave data/nomic_bert.npz)."""

import numpy as np
from tiny_encoder import LAYERS, PIECES, SPECIAL, TinyEncoder

NEW = {"token_embd": "embeddings.word_embeddings", "token_types": "embeddings.token_type_embeddings",
       "token_embd_norm": "embeddings.LayerNorm", "attn_q": "layers.#.self_attn.q_proj", "attn_k": "layers.#.self_attn.k_proj",
       "attn_v": "layers.#.self_attn.v_proj", "attn_output": "layers.#.self_attn.o_proj",
       "attn_output_norm": "layers.#.post_attention_layernorm", "ffn_gate": "layers.#.mlp.gate_proj",
       "ffn_up": "layers.#.mlp.up_proj", "ffn_down": "layers.#.mlp.down_proj", "layer_output_norm": "layers.#.post_mlp_layernorm"}
OLD = NEW | {"token_embd_norm": "emb_ln", "attn_output": "encoder.layers.#.attn.out_proj",
             "attn_output_norm": "encoder.layers.#.norm1", "ffn_gate": "encoder.layers.#.mlp.fc12",
             "ffn_up": "encoder.layers.#.mlp.fc11", "ffn_down": "encoder.layers.#.mlp.fc2",
             "layer_output_norm": "encoder.layers.#.norm2"}
BASE = 300.0


class TinyNomicEncoder(TinyEncoder):
    def __init__(self, seed=1, old=False, hidden=48, heads=3, feed_forward=40, positions=600):
        self.family, self.hidden, self.heads, self.feed_forward = "bert", hidden, heads, feed_forward
        self.epsilon, self.old, self.positions = 2.0**-20, old, positions
        self.tokens = SPECIAL["bert"] + PIECES
        generator = np.random.default_rng(seed)

        def weight(*shape):
            return (generator.standard_normal(shape) * (2 * shape[-1] ** -0.5 if len(shape) == 2 else 0.2)).astype("f4")

        def norm():
            return {"weight": 1 + weight(hidden), "bias": weight(hidden)}

        self.parts = {"token_embd": {"weight": weight(len(self.tokens), hidden)}, "token_types": {"weight": weight(2, hidden)},
                      "token_embd_norm": norm()}
        for layer in range(LAYERS):
            blk = f"blk.{layer}."
            self.parts |= {blk + name: {"weight": weight(hidden, hidden)} for name in ("attn_q", "attn_k", "attn_v", "attn_output")}
            self.parts |= {blk + name: {"weight": weight(feed_forward, hidden)} for name in ("ffn_gate", "ffn_up")}
            self.parts |= {blk + "ffn_down": {"weight": weight(hidden, feed_forward)}, blk + "attn_output_norm": norm(),
                           blk + "layer_output_norm": norm()}

    def tensors(self, prefix=""):
        named = {}
        for part, kinds in self.parts.items():
            number, _, name = part.removeprefix("blk.").partition(".") if part.startswith("blk.") else ("", "", part)
            if not (self.old and name in ("attn_q", "attn_k", "attn_v")):
                where = (OLD if self.old else NEW)[name].replace("#", number)
                named |= {f"{prefix}{where}.{kind}": array for kind, array in kinds.items()}
        for layer in range(LAYERS if self.old else 0):
            joined = [self.parts[f"blk.{layer}.attn_{x}"]["weight"] for x in "qkv"]
            named[f"{prefix}encoder.layers.{layer}.attn.Wqkv.weight"] = np.concatenate(joined)
        return named

    def config(self):
        common = {"model_type": "nomic_bert", "vocab_size": len(self.tokens), "type_vocab_size": 2}
        if self.old:
            return common | {"n_embd": self.hidden, "n_head": self.heads, "n_layer": LAYERS, "n_inner": self.feed_forward,
                             "n_positions": 4 * self.positions, "max_trained_positions": self.positions,
                             "layer_norm_epsilon": self.epsilon, "activation_function": "swiglu", "rotary_emb_base": BASE,
                             "rotary_emb_fraction": 1.0, "rotary_emb_scale_base": None, "prenorm": False, "causal": False}
        return common | {"hidden_size": self.hidden, "num_attention_heads": self.heads, "num_hidden_layers": LAYERS,
                         "intermediate_size": self.feed_forward, "max_position_embeddings": self.positions,
                         "layer_norm_eps": self.epsilon, "hidden_act": "silu",
                         "rope_parameters": {"rope_type": "default", "rope_theta": BASE}}

    def write_gguf(self, path):
        """As llama.cpp's converter names things; it leaves queries, keys and values joined."""
        blocks = [[self.parts[f"blk.{layer}.attn_{x}"]["weight"] for x in "qkv"] for layer in range(LAYERS)]
        parts = {part: kinds for part, kinds in self.parts.items() if part[-6:] not in ("attn_q", "attn_k", "attn_v")}
        parts |= {f"blk.{layer}.attn_qkv": {"weight": np.concatenate(three)} for layer, three in enumerate(blocks)}
        return self.write_gguf_of(path, "nomic-bert", parts, {"rope.freq_base": BASE, "context_length": self.positions})

    # --- what it computes ----------------------------------------------------

    def linear(self, x, part):
        return x @ self.parts[part]["weight"].astype("f8").T

    def rows(self, ids):
        x = self.parts["token_embd"]["weight"][ids].astype("f8") + self.parts["token_types"]["weight"][0]
        x = self.norm(x, "token_embd_norm")
        width = self.hidden // self.heads
        angle = np.arange(len(ids))[:, None] * BASE ** (-np.arange(0, width, 2) / width)

        def turned(x):
            a, b = x[..., : width // 2], x[..., width // 2 :]
            return np.concatenate([a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)], -1)

        for layer in range(LAYERS):
            blk = f"blk.{layer}."
            q, k, v = (self.linear(x, blk + name).reshape(len(ids), self.heads, width).transpose(1, 0, 2)
                       for name in ("attn_q", "attn_k", "attn_v"))
            scores = turned(q) @ turned(k).transpose(0, 2, 1) / np.sqrt(width)
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            heads = (weights / weights.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(len(ids), -1)
            x = self.norm(x + self.linear(heads, blk + "attn_output"), blk + "attn_output_norm")
            gate = self.linear(x, blk + "ffn_gate")
            inner = gate / (1 + np.exp(-gate)) * self.linear(x, blk + "ffn_up")
            x = self.norm(x + self.linear(inner, blk + "ffn_down"), blk + "layer_output_norm")
        return x
