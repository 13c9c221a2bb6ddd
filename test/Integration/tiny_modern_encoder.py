# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An encoder of ModernBERT's shape with random weights, written as a folder in the old and the new form of its settings;
and what it computes, an independent forward pass in float64 (transformers' ModernBertModel gave data/modernbert.npz).

    model = TinyModernEncoder(every=3)
    model.write_folder(path)
    model.vector(ids)      # float64 [hidden]: averaged, of length 1
"""

import numpy as np
from tiny import byte_tokens, gguf
from tiny_encoder import TinyEncoder

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
RUNS = ["  ", "   "]  # of spaces are tokens of their own
LETTERS = ["\u00c3\u00a9"]  # the two bytes of an e with an acute accent
GLOBAL_BASE, LOCAL_BASE = 160000.0, 500.0
EDGES = {"[MASK]": ["lstrip"], "[UNK]": ["rstrip"], "[PAD]": ["single_word"], "[SEP]": ["lstrip", "rstrip", "single_word"]}


class TinyModernEncoder(TinyEncoder):
    def __init__(self, seed=1, layers=4, every=3, window=6, hidden=48, heads=3, feed_forward=40, positions=700, biases=False,
                 activation="gelu", lists=False, edges=()):
        self.family, self.hidden, self.heads, self.feed_forward = "modernbert", hidden, heads, feed_forward
        self.layers, self.every, self.window, self.positions, self.lists = layers, every, window, positions, lists
        self.edges = dict(edges)  # of added tokens: what they want of the text around them
        self.activation, self.epsilon = activation, 2.0**-18
        self.tokens = SPECIAL + byte_tokens() + LETTERS + RUNS
        generator = np.random.default_rng(seed)

        def weight(*shape):
            return (generator.standard_normal(shape) * (2 * shape[-1] ** -0.5 if len(shape) == 2 else 0.2)).astype("f4")

        def linear(rows, columns):
            return {"weight": weight(rows, columns)} | ({"bias": weight(rows)} if biases else {})

        def norm():
            return {"weight": 1 + weight(hidden)} | ({"bias": weight(hidden)} if biases else {})

        self.parts = {"embeddings.tok_embeddings": {"weight": weight(len(self.tokens), hidden)}, "embeddings.norm": norm()}
        for layer in range(layers):
            at = f"layers.{layer}."
            self.parts |= {at + "attn_norm": norm()} if layer else {}
            self.parts |= {at + "attn.Wqkv": linear(3 * hidden, hidden), at + "attn.Wo": linear(hidden, hidden),
                           at + "mlp_norm": norm(), at + "mlp.Wi": linear(2 * feed_forward, hidden),
                           at + "mlp.Wo": linear(hidden, feed_forward)}
        self.parts["final_norm"] = norm()

    def tensors(self, prefix=""):
        return {f"{prefix}{part}.{kind}": array for part, kinds in self.parts.items() for kind, array in kinds.items()}

    def config(self):
        settings = {"model_type": "modernbert", "vocab_size": len(self.tokens), "hidden_size": self.hidden,
                    "num_hidden_layers": self.layers, "num_attention_heads": self.heads, "intermediate_size": self.feed_forward,
                    "max_position_embeddings": self.positions, "norm_eps": self.epsilon, "local_attention": self.window,
                    "hidden_activation": self.activation, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3,
                    "cls_token_id": 2, "sep_token_id": 3}
        if not self.lists:
            return settings | {"global_attn_every_n_layers": self.every, "global_rope_theta": GLOBAL_BASE,
                               "local_rope_theta": LOCAL_BASE}
        types = ["sliding_attention" if i % self.every else "full_attention" for i in range(self.layers)]
        ropes = {"full_attention": {"rope_type": "default", "rope_theta": GLOBAL_BASE},
                 "sliding_attention": {"rope_type": "default", "rope_theta": LOCAL_BASE}}
        return settings | {"layer_types": types, "rope_parameters": ropes}

    def tokenizer(self):
        plain = {"single_word": False, "lstrip": False, "rstrip": False}
        added = [{"id": i, "content": token, "special": True, "normalized": False} | plain for i, token in enumerate(SPECIAL)]
        added += [{"id": self.tokens.index(run), "content": run, "special": False, "normalized": True} | plain for run in RUNS]
        for token in added:
            token |= dict.fromkeys(self.edges.get(token["content"], ()), True)
        frame = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                 {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]
        known = {token: {"id": token, "ids": [SPECIAL.index(token)], "tokens": [token]} for token in ("[CLS]", "[SEP]")}
        return {"version": "1.0", "added_tokens": added, "normalizer": {"type": "NFC"},
                "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
                "post_processor": {"type": "TemplateProcessing", "single": frame, "pair": frame, "special_tokens": known},
                "model": {"type": "BPE", "vocab": {token: i for i, token in enumerate(self.tokens)}, "merges": [list(LETTERS[0])]}}

    def write_gguf(self, path):
        """As llama.cpp's converter names things and leaves them joined."""
        names = {"embeddings.tok_embeddings": "token_embd", "embeddings.norm": "token_embd_norm", "final_norm": "output_norm"}
        inner = {"attn_norm": "attn_norm", "attn.Wqkv": "attn_qkv", "attn.Wo": "attn_output", "mlp_norm": "ffn_norm",
                 "mlp.Wi": "ffn_up", "mlp.Wo": "ffn_down"}
        for layer in range(self.layers):
            names |= {f"layers.{layer}.{old}": f"blk.{layer}.{new}" for old, new in inner.items()}
        arch = "modern-bert."
        kinds = [3 if t in SPECIAL else 4 if t in RUNS else 1 for t in self.tokens]
        keys = {
            "general.architecture": "modern-bert", arch + "block_count": self.layers, arch + "context_length": self.positions,
            arch + "embedding_length": self.hidden, arch + "feed_forward_length": self.feed_forward,
            arch + "attention.head_count": self.heads, arch + "attention.layer_norm_epsilon": float(self.epsilon),
            arch + "attention.causal": False, arch + "pooling_type": 1, arch + "rope.freq_base": GLOBAL_BASE,
            arch + "rope.freq_base_swa": LOCAL_BASE, arch + "rope.scaling.type": "none", arch + "vocab_size": len(self.tokens),
            arch + "attention.sliding_window": self.window, arch + "attention.sliding_window_pattern": self.every,
            "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "modern-bert", "tokenizer.ggml.tokens": self.tokens,
            "tokenizer.ggml.token_type": kinds, "tokenizer.ggml.merges": [" ".join(LETTERS[0])],
            "tokenizer.ggml.bos_token_id": 2, "tokenizer.ggml.eos_token_id": 3, "tokenizer.ggml.cls_token_id": 2,
            "tokenizer.ggml.seperator_token_id": 3, "tokenizer.ggml.add_bos_token": True, "tokenizer.ggml.add_eos_token": True,
        }
        if self.activation != "gelu":
            keys[arch + "hidden_activation"] = self.activation
        tensors = {f"{names[part]}.{kind}": ("f32", list(array.shape), array.tobytes())
                   for part, arrays in self.parts.items() for kind, array in arrays.items()}
        gguf.write(path, keys, tensors)
        return path

    # --- what it computes ----------------------------------------------------

    def part(self, name):
        return {kind: array.astype("f8") for kind, array in self.parts[name].items()}

    def linear(self, x, name):
        part = self.part(name)
        return x @ part["weight"].T + part.get("bias", 0)

    def norm(self, x, name):
        part, centred = self.part(name), x - x.mean(-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + self.epsilon) * part["weight"] + part.get("bias", 0)

    def attend(self, x, layer):
        rows, width = len(x), self.hidden // self.heads
        q, k, v = self.linear(x, f"layers.{layer}.attn.Wqkv").reshape(rows, 3, self.heads, width).transpose(1, 2, 0, 3)
        base = LOCAL_BASE if layer % self.every else GLOBAL_BASE
        angle = np.arange(rows)[:, None] * base ** (-np.arange(0, width, 2) / width)

        def turned(x):
            a, b = x[..., : width // 2], x[..., width // 2 :]
            return np.concatenate([a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)], -1)

        scores = turned(q) @ turned(k).transpose(0, 2, 1) / np.sqrt(width)
        if layer % self.every:
            distance = np.abs(np.arange(rows)[:, None] - np.arange(rows))
            scores = np.where(distance <= self.window // 2, scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        heads = weights / weights.sum(-1, keepdims=True) @ v
        return self.linear(heads.transpose(1, 0, 2).reshape(rows, -1), f"layers.{layer}.attn.Wo")

    def rows(self, ids):
        x = self.norm(self.part("embeddings.tok_embeddings")["weight"][ids], "embeddings.norm")
        for layer in range(self.layers):
            at = f"layers.{layer}."
            x = x + self.attend(self.norm(x, at + "attn_norm") if layer else x, layer)
            gate, up = np.split(self.linear(self.norm(x, at + "mlp_norm"), at + "mlp.Wi"), 2, axis=-1)
            x = x + self.linear(self.activate(gate) * up, at + "mlp.Wo")
        return self.norm(x, "final_norm")
