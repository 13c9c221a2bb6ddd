# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An encoder of BERT's shape with random weights: written as a folder, in the names of three families, or as GGUF; and
what it computes, an independent forward pass in float64.

    model = TinyEncoder(family="roberta")
    model.write_folder(path, shards=3)
    model.vector(ids)      # float64 [hidden]: averaged, of length 1
"""

import json
import math
import struct

import numpy as np
from tiny import byte_tokens, gguf

LAYERS, POSITIONS = 2, 64
SPECIAL = {"bert": ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], "roberta": ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]}
SPECIAL["distilbert"] = SPECIAL["bert"]
PIECES = ["a", "b", "c", "ab", "abc", "!", "the", "##a", "##b", "##c", "##bc", "##he", "t", "##h", "##e", "1", "##1"]

# GGUF's names, and those of each family.
NAMES = {
    "bert": {
        "token_embd": "embeddings.word_embeddings", "position_embd": "embeddings.position_embeddings",
        "token_types": "embeddings.token_type_embeddings", "token_embd_norm": "embeddings.LayerNorm",
        "attn_q": "encoder.layer.#.attention.self.query", "attn_k": "encoder.layer.#.attention.self.key",
        "attn_v": "encoder.layer.#.attention.self.value", "attn_output": "encoder.layer.#.attention.output.dense",
        "attn_output_norm": "encoder.layer.#.attention.output.LayerNorm",
        "ffn_up": "encoder.layer.#.intermediate.dense", "ffn_down": "encoder.layer.#.output.dense",
        "layer_output_norm": "encoder.layer.#.output.LayerNorm",
    },
    "distilbert": {
        "token_embd": "embeddings.word_embeddings", "position_embd": "embeddings.position_embeddings",
        "token_embd_norm": "embeddings.LayerNorm", "attn_q": "transformer.layer.#.attention.q_lin",
        "attn_k": "transformer.layer.#.attention.k_lin", "attn_v": "transformer.layer.#.attention.v_lin",
        "attn_output": "transformer.layer.#.attention.out_lin", "attn_output_norm": "transformer.layer.#.sa_layer_norm",
        "ffn_up": "transformer.layer.#.ffn.lin1", "ffn_down": "transformer.layer.#.ffn.lin2",
        "layer_output_norm": "transformer.layer.#.output_layer_norm",
    },
}
NAMES["roberta"] = NAMES["bert"]


def bf16_of(array):
    """The bits of the nearest bf16 numbers, of two that are as near the even one."""
    bits = array.astype("f4").view("u4")
    return (bits + 0x7FFF + (bits >> 16 & 1) >> 16).astype("u2")


def f32_of(bits):
    return (bits.astype("u4") << 16).view("f4")


def write_safetensors(path, tensors):
    """Of float32, float16 and int64; arrays of uint16 are the bits of bf16."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, array in tensors.items():
        kind = {"f4": "F32", "f2": "F16", "u2": "BF16", "i8": "I64"}[array.dtype.str[1:]]
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


class TinyEncoder:
    def __init__(self, family="bert", seed=1, hidden=48, heads=3, feed_forward=80, activation="gelu", dtype="f4"):
        self.family, self.hidden, self.heads, self.feed_forward = family, hidden, heads, feed_forward
        self.activation, self.epsilon = activation, 1e-12 if family == "distilbert" else 2.0**-20
        generator = np.random.default_rng(seed)
        self.tokens = SPECIAL[family] + (byte_tokens() if family == "roberta" else PIECES)

        def weight(*shape):
            scale = shape[-1] ** -0.5 if len(shape) == 2 else 0.2
            return (generator.standard_normal(shape) * scale * 2).astype(dtype if len(shape) == 2 else "f4")

        def linear(rows, columns):
            return {"weight": weight(rows, columns), "bias": weight(rows)}

        def norm():
            return {"weight": 1 + weight(hidden), "bias": weight(hidden)}

        parts = {"token_embd": {"weight": weight(len(self.tokens), hidden)},
                 "position_embd": {"weight": weight(POSITIONS, hidden)}, "token_embd_norm": norm()}
        if family != "distilbert":
            parts["token_types"] = {"weight": weight(2, hidden)}
        for layer in range(LAYERS):
            blk = f"blk.{layer}."
            for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
                parts[blk + name] = linear(hidden, hidden)
            parts |= {blk + "attn_output_norm": norm(), blk + "ffn_up": linear(feed_forward, hidden),
                      blk + "ffn_down": linear(hidden, feed_forward), blk + "layer_output_norm": norm()}
        self.parts, self.in_bf16 = parts, set()

    def round_to(self, type_of):
        """Rounds all weights to what `type_of(part, kind)` says: f4, f2 or bf16. Files hold that, and the reference counts
        with it."""
        for part, kinds in self.parts.items():
            for kind, array in kinds.items():
                dtype = type_of(part, kind)
                kinds[kind] = f32_of(bf16_of(array)) if dtype == "bf16" else array.astype(dtype)
                if dtype == "bf16":
                    self.in_bf16.add((part, kind))
        return self

    # --- files ---------------------------------------------------------------

    def folder_name(self, part):
        number, _, name = part.removeprefix("blk.").partition(".") if part.startswith("blk.") else ("", "", part)
        return NAMES[self.family][name].replace("#", number)

    def tensors(self, prefix=""):
        named = {f"{prefix}{self.folder_name(part)}.{kind}": array for part, kinds in self.parts.items()
                 for kind, array in kinds.items()}
        unused = 2 if self.family == "roberta" else 0  # rows for padding
        position = f"{prefix}embeddings.position_embeddings.weight"
        named[position] = np.concatenate([np.full((unused, self.hidden), 9, named[position].dtype), named[position]])
        for part, kind in self.in_bf16:
            name = f"{prefix}{self.folder_name(part)}.{kind}"
            named[name] = bf16_of(named[name])
        named[f"{prefix}embeddings.position_ids"] = np.arange(POSITIONS, dtype="i8")[None]
        return named

    def config(self):
        common = {"model_type": self.family, "vocab_size": len(self.tokens), "torch_dtype": "float32"}
        if self.family == "distilbert":
            return common | {"dim": self.hidden, "n_layers": LAYERS, "n_heads": self.heads, "activation": self.activation,
                             "hidden_dim": self.feed_forward, "max_position_embeddings": POSITIONS}
        unused = 2 if self.family == "roberta" else 0
        return common | {"hidden_size": self.hidden, "num_hidden_layers": LAYERS, "num_attention_heads": self.heads,
                         "intermediate_size": self.feed_forward, "max_position_embeddings": POSITIONS + unused,
                         "layer_norm_eps": self.epsilon, "hidden_act": self.activation, "pad_token_id": unused // 2}

    def tokenizer(self):
        added = [{"id": i, "content": token, "special": True} for i, token in enumerate(SPECIAL[self.family])]
        vocabulary = {token: i for i, token in enumerate(self.tokens)}
        if self.family == "roberta":
            return {"added_tokens": added, "normalizer": None,
                    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
                    "post_processor": {"type": "RobertaProcessing", "cls": ["<s>", 0], "sep": ["</s>", 2]},
                    "model": {"type": "BPE", "vocab": vocabulary, "merges": []}}
        frame = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                 {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]
        return {"added_tokens": added, "normalizer": {"type": "BertNormalizer", "lowercase": True},
                "pre_tokenizer": {"type": "BertPreTokenizer"},
                "post_processor": {"type": "TemplateProcessing", "single": frame},
                "model": {"type": "WordPiece", "vocab": vocabulary, "unk_token": "[UNK]",
                          "continuing_subword_prefix": "##", "max_input_chars_per_word": 20}}

    def write_folder(self, path, shards=1, prefix="", pooling="mean", normalize=True):
        path.mkdir(exist_ok=True)
        (path / "config.json").write_text(json.dumps(self.config()))
        (path / "tokenizer.json").write_text(json.dumps(self.tokenizer()))
        named = self.tensors(prefix)
        if shards == 1:
            write_safetensors(path / "model.safetensors", named)
        else:
            where = {name: f"model-{i % shards:05}.safetensors" for i, name in enumerate(named)}
            for file in set(where.values()):
                write_safetensors(path / file, {name: named[name] for name in named if where[name] == file})
            (path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": where}))
        types = ["Transformer", "Pooling"] + ["Normalize"] * normalize
        modules = [{"idx": i, "path": f"{i}_{t}" if i else "", "type": f"sentence_transformers.models.{t}"}
                   for i, t in enumerate(types)]
        (path / "modules.json").write_text(json.dumps(modules))
        (path / "1_Pooling").mkdir(exist_ok=True)
        modes = {"pooling_mode_mean_tokens": pooling == "mean", "pooling_mode_cls_token": pooling == "cls",
                 "pooling_mode_max_tokens": pooling == "max"}
        (path / "1_Pooling" / "config.json").write_text(json.dumps(modes))
        return path

    def write_gguf(self, path):
        return self.write_gguf_of(path, "bert", self.parts, {})

    def write_gguf_of(self, path, architecture, parts, settings):
        mark = "\u2581"
        pieces = [t if t in SPECIAL["bert"] else t[2:] if t.startswith("##") else mark + t for t in self.tokens]
        settings = {
            "block_count": LAYERS, "context_length": POSITIONS, "embedding_length": self.hidden,
            "feed_forward_length": self.feed_forward, "attention.head_count": self.heads,
            "attention.layer_norm_epsilon": float(self.epsilon), "attention.causal": False, "pooling_type": 1,
        } | settings
        keys = {"general.architecture": architecture} | {f"{architecture}.{key}": value for key, value in settings.items()} | {
            "tokenizer.ggml.model": "bert", "tokenizer.ggml.token_type_count": 2,
            "tokenizer.ggml.tokens": pieces, "tokenizer.ggml.token_type": [3 if t in SPECIAL["bert"] else 1 for t in self.tokens],
            "tokenizer.ggml.unknown_token_id": 1, "tokenizer.ggml.cls_token_id": 2, "tokenizer.ggml.seperator_token_id": 3,
        }
        tensors = {f"{part}.{kind}": ("f32", list(array.shape), array.astype("f4").tobytes())
                   for part, kinds in parts.items() for kind, array in kinds.items()}
        gguf.write(path, keys, tensors)
        return path

    # --- what it computes ----------------------------------------------------

    def linear(self, x, part):
        return x @ self.parts[part]["weight"].astype("f8").T + self.parts[part]["bias"]

    def norm(self, x, part):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + self.epsilon)
        return scaled * self.parts[part]["weight"] + self.parts[part]["bias"]

    def activate(self, x):
        if self.activation == "relu":
            return np.maximum(x, 0)
        if self.activation == "gelu_new":
            return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
        return x / 2 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))

    def rows(self, ids):
        x = self.parts["token_embd"]["weight"][ids].astype("f8") + self.parts["position_embd"]["weight"][: len(ids)]
        if "token_types" in self.parts:
            x = x + self.parts["token_types"]["weight"][0]
        x = self.norm(x, "token_embd_norm")
        for layer in range(LAYERS):
            blk = f"blk.{layer}."
            q, k, v = (self.linear(x, blk + name).reshape(len(ids), self.heads, -1) for name in ("attn_q", "attn_k", "attn_v"))
            scores = np.einsum("thd,shd->hts", q, k) / math.sqrt(q.shape[-1])
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            weights /= weights.sum(-1, keepdims=True)
            heads = np.einsum("hts,shd->thd", weights, v).reshape(len(ids), -1)
            x = self.norm(x + self.linear(heads, blk + "attn_output"), blk + "attn_output_norm")
            up = self.activate(self.linear(x, blk + "ffn_up"))
            x = self.norm(x + self.linear(up, blk + "ffn_down"), blk + "layer_output_norm")
        return x

    def vector(self, ids, pooling="mean", normalize=True):
        rows = self.rows(np.array(ids))
        vector = rows[0] if pooling == "cls" else rows.mean(0)
        return vector / np.linalg.norm(vector) if normalize else vector

