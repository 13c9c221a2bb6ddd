# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Decoders of several families with random weights, written as a folder and as GGUF; what they compute is golden data by
transformers (dev-support/decoder_golden.py).

    model = TinyDecoder("qwen3")
    model.write_folder(path, dtype="bf16", shards=2)
    model.write_gguf(path)
"""

import json

import numpy as np
from random_weights import weight_of
from tiny import byte_tokens, gguf
from tiny_encoder import bf16_of, f32_of, write_safetensors

SPECIAL = ["<|begin|>", "<|end|>"]
TOKENS = byte_tokens() + ["ab", "the", *SPECIAL]  # "the" only ever by whole words
VOCABULARY = len(TOKENS)
EPSILON = 2.0**-17

COMMON = {"vocab_size": VOCABULARY, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
          "num_key_value_heads": 2, "max_position_embeddings": 128, "rms_norm_eps": EPSILON, "bos_token_id": VOCABULARY - 2,
          "eos_token_id": VOCABULARY - 1, "torch_dtype": "float32", "use_cache": True, "initializer_range": 0.02}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 32}
GEMMA_TYPES = ["sliding_attention", "full_attention", "sliding_attention", "full_attention"]
CONFIGS = {
    "llama": {"model_type": "llama", "hidden_act": "silu", "rope_theta": 5000.0, "tie_word_embeddings": True, "rope_scaling": LLAMA3},
    "llama_biases": {"model_type": "llama", "hidden_act": "silu", "tie_word_embeddings": False, "head_dim": 24, "attention_bias": True,
                     "mlp_bias": True, "rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}},
    "mistral": {"model_type": "mistral", "hidden_act": "silu", "tie_word_embeddings": False, "sliding_window": None, "head_dim": 16},
    "qwen2": {"model_type": "qwen2", "hidden_act": "silu", "rope_theta": 1000000.0, "tie_word_embeddings": True,
              "use_sliding_window": False, "sliding_window": 32, "max_window_layers": 2},
    "qwen3": {"model_type": "qwen3", "hidden_act": "silu", "tie_word_embeddings": False, "head_dim": 32, "attention_bias": False,
              "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0}, "layer_types": ["full_attention"] * 2},
    "gemma3": {"model_type": "gemma3_text", "hidden_activation": "gelu_pytorch_tanh", "head_dim": 32, "num_hidden_layers": 4,
               "query_pre_attn_scalar": 16, "sliding_window": 8, "layer_types": GEMMA_TYPES,
               "rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
                                   "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}},
}
# Parts of a layer: the folder's name, GGUF's, rows and columns.
NAMES = {"input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "self_attn.o_proj": "attn_output",
         "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
GEMMA_NAMES = NAMES | {"post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
                       "post_feedforward_layernorm": "post_ffw_norm"}


class TinyDecoder:
    def __init__(self, family, dtype="f4", **settings):
        self.family, self.dtype = family, dtype
        self.config = COMMON | CONFIGS[family] | settings
        self.gemma = family == "gemma3"
        self.layers, self.hidden = self.config["num_hidden_layers"], self.config["hidden_size"]
        self.heads, self.key_heads = self.config["num_attention_heads"], self.config["num_key_value_heads"]
        self.dim = self.config.get("head_dim", self.hidden // self.heads)
        self.weights = {}
        for name, shape in self.shapes().items():
            values = weight_of(family, name, shape)
            if self.gemma and "norm" in name:
                values -= 1  # the model adds it
            self.weights[name] = f32_of(bf16_of(values)) if dtype == "bf16" else values.astype(dtype).astype("f4")

    def shapes(self):
        hidden, inner, config = self.hidden, self.config["intermediate_size"], self.config
        queries, keys = self.heads * self.dim, self.key_heads * self.dim
        shapes = {"model.embed_tokens.weight": (config["vocab_size"], hidden), "model.norm.weight": (hidden,)}
        parts = {"input_layernorm": (hidden,), "self_attn.q_proj": (queries, hidden), "self_attn.k_proj": (keys, hidden),
                 "self_attn.v_proj": (keys, hidden), "self_attn.o_proj": (hidden, queries), "post_attention_layernorm": (hidden,),
                 "mlp.gate_proj": (inner, hidden), "mlp.up_proj": (inner, hidden), "mlp.down_proj": (hidden, inner)}
        if self.family in ("qwen3", "gemma3"):
            parts |= {"self_attn.q_norm": (self.dim,), "self_attn.k_norm": (self.dim,)}
        if self.gemma:
            parts |= {"pre_feedforward_layernorm": (hidden,), "post_feedforward_layernorm": (hidden,)}
        biased = {"qwen2": "qkv", "llama_biases": "qkvo"}.get(self.family, "")
        for layer in range(self.layers):
            for part, shape in parts.items():
                at = f"model.layers.{layer}.{part}."
                shapes[at + "weight"] = shape
                if part.endswith("_proj") and part[-6] in biased or config.get("mlp_bias") and part.startswith("mlp"):
                    shapes[at + "bias"] = shape[:1]
        if not config.get("tie_word_embeddings", self.gemma):
            shapes["lm_head.weight"] = (config["vocab_size"], hidden)
        return shapes

    # --- files ---------------------------------------------------------------

    def kept(self, array):
        return bf16_of(array) if self.dtype == "bf16" else array.astype(self.dtype)

    def tokenizer(self):
        added = [{"id": TOKENS.index(token), "content": token, "special": True, "normalized": False} for token in SPECIAL]
        vocabulary = {token: i for i, token in enumerate(TOKENS) if token not in SPECIAL}
        frame = [{"SpecialToken": {"id": SPECIAL[0], "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
        known = {SPECIAL[0]: {"id": SPECIAL[0], "ids": [TOKENS.index(SPECIAL[0])], "tokens": [SPECIAL[0]]}}
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        return {"version": "1.0", "added_tokens": added, "normalizer": None, "pre_tokenizer": level,
                "post_processor": {"type": "TemplateProcessing", "single": frame, "pair": [], "special_tokens": known},
                "decoder": level, "model": {"type": "BPE", "vocab": vocabulary, "merges": [["a", "b"]], "ignore_merges": True}}

    def write_folder(self, path, shards=1, rename=lambda name: name):
        path.mkdir(exist_ok=True)
        (path / "config.json").write_text(json.dumps(self.config))
        (path / "tokenizer.json").write_text(json.dumps(self.tokenizer()))
        named = {rename(name): self.kept(array) for name, array in self.weights.items()}
        if shards == 1:
            write_safetensors(path / "model.safetensors", named)
            return path
        where = {name: f"model-{i % shards:05}.safetensors" for i, name in enumerate(named)}
        for file in set(where.values()):
            write_safetensors(path / file, {name: named[name] for name in named if where[name] == file})
        (path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": where}))
        return path

    def gguf_name(self, name):
        for whole, other in {"model.embed_tokens.": "token_embd.", "model.norm.": "output_norm.", "lm_head.": "output."}.items():
            if name.startswith(whole):
                return other + name.removeprefix(whole)
        _, _, layer, rest = name.split(".", 3)
        part, _, kind = rest.rpartition(".")
        return f"blk.{layer}.{(GEMMA_NAMES if self.gemma else NAMES)[part]}.{kind}"

    def write_gguf(self, path):
        """As llama.cpp's converter: Llama's rows of q and k so that pairs lie side by side, Gemma's norms plus one."""
        arch, config = {"llama_biases": "llama", "mistral": "llama"}.get(self.family, self.family), self.config
        rope = config.get("rope_parameters", {})
        rope = rope.get("full_attention", rope)
        tensors = {}
        for name, array in self.weights.items():
            if arch == "llama" and (".q_proj." in name or ".k_proj." in name):
                array = array.reshape(-1, 2, self.dim // 2, *array.shape[1:]).swapaxes(1, 2).reshape(array.shape)
            if self.gemma and "norm" in name:
                array = 1 + array
            kind = "f32" if array.ndim == 1 else {"f4": "f32", "f2": "f16", "bf16": "bf16"}[self.dtype]
            kept = array.astype("f4") if array.ndim == 1 else self.kept(array)
            tensors[self.gguf_name(name)] = (kind, list(array.shape), kept.tobytes())
        if config.get("rope_scaling"):
            tensors["rope_freqs.weight"] = ("f32", [self.dim // 2], llama3_factors(config, self.dim).tobytes())
        keys = {"block_count": self.layers, "context_length": config["max_position_embeddings"], "embedding_length": self.hidden,
                "feed_forward_length": config["intermediate_size"], "attention.head_count": self.heads,
                "attention.head_count_kv": self.key_heads, "attention.key_length": self.dim, "attention.value_length": self.dim,
                "attention.layer_norm_rms_epsilon": EPSILON, "vocab_size": VOCABULARY,
                "rope.freq_base": rope.get("rope_theta", config.get("rope_theta", 10000.0))}
        if rope.get("factor"):
            keys |= {"rope.scaling.type": "linear", "rope.scaling.factor": rope["factor"]}
        if self.gemma:
            keys |= {"attention.sliding_window": config["sliding_window"], "attention.sliding_window_pattern": 2,
                     "attention.scale": config["query_pre_attn_scalar"] ** -0.5}
        gguf.write(path, {"general.architecture": arch} | {f"{arch}.{key}": value for key, value in keys.items()} | {
            "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2", "tokenizer.ggml.tokens": TOKENS,
            "tokenizer.ggml.token_type": [3 if t in SPECIAL else 1 for t in TOKENS], "tokenizer.ggml.merges": ["a b"],
            "tokenizer.ggml.bos_token_id": VOCABULARY - 2, "tokenizer.ggml.eos_token_id": VOCABULARY - 1}, tensors)
        return path


def llama3_factors(config, dim):
    scaling = config["rope_scaling"]
    wave = 2 * np.pi * config["rope_theta"] ** (np.arange(0, dim, 2) / dim)
    low, high, context = (scaling[key] for key in ("low_freq_factor", "high_freq_factor", "original_max_position_embeddings"))
    smooth = (context / wave - low) / (high - low)
    between = 1 / ((1 - smooth) / scaling["factor"] + smooth)
    return np.where(wave < context / high, 1, np.where(wave > context / low, scaling["factor"], between)).astype("f4")
