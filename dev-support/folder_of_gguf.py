# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A llama's GGUF file as the folder that it may have been made from: weights dequantised and in transformers' order,
byte-level tokenizer, chat template.

python dev-support/folder_of_gguf.py MODEL.gguf FOLDER [f32|f16|bf16]
"""

import json
import pathlib
import struct
import sys

import numpy as np

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
NAMES = {"attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
         "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm", "ffn_gate": "mlp.gate_proj",
         "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
WHOLE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


class Gguf:
    def __init__(self, path):
        self.data, self.at = np.memmap(path, "u1", "r"), 0
        magic, _, tensors, keys = self.unpack("<4sIQQ")
        assert magic == b"GGUF"
        self.keys = {}
        for _ in range(keys):
            name = self.text()
            self.keys[name] = self.value(*self.unpack("<I"))
        self.tensors = {self.text(): (self.unpack(f"<{self.unpack('<I')[0]}Q"), *self.unpack("<IQ")) for _ in range(tensors)}
        align = self.keys.get("general.alignment", 32)
        self.begin = -(-self.at // align) * align

    def unpack(self, form):
        values = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return values

    def text(self):
        (length,) = self.unpack("<Q")
        self.at += length
        return self.data[self.at - length : self.at].tobytes().decode()

    def value(self, kind):
        if kind == 8:
            return self.text()
        if kind != 9:
            return self.unpack("<" + SCALARS[kind])[0]
        inner, count = self.unpack("<IQ")
        return [self.value(inner) for _ in range(count)]

    def tensor(self, name):
        """float32; the innermost dimension is the last."""
        dims, kind, offset = self.tensors[name]
        count, at = int(np.prod(dims)), self.begin + offset
        if kind == 0:
            values = self.data[at : at + 4 * count].view("f4")
        elif kind == 8:  # Q8_0: a scale and 32 signed bytes
            blocks = self.data[at : at + count // 32 * 34].reshape(-1, 34)
            values = blocks[:, :2].copy().view("f2").astype("f4") * blocks[:, 2:].view("i1")
        else:  # Q4_1: a scale, a minimum and 32 halves of bytes, the low ones first
            assert kind == 3, f"type {kind} of {name}"
            blocks = self.data[at : at + count // 32 * 20].reshape(-1, 20)
            scale, least = blocks[:, :4].copy().view("f2").astype("f4").T[:, :, None]
            values = np.concatenate([blocks[:, 4:] & 15, blocks[:, 4:] >> 4], 1) * scale + least
        return values.reshape(dims[::-1])


def bf16_of(array):
    bits = np.ascontiguousarray(array, "f4").view("u4")
    return (bits + 0x7FFF + (bits >> 16 & 1) >> 16).astype("u2")


KEPT = {"f32": ("F32", lambda a: a.astype("f4")), "f16": ("F16", lambda a: a.astype("f2")), "bf16": ("BF16", bf16_of)}


def weights(gguf, config):
    for name in gguf.tensors:
        array, parts = gguf.tensor(name), name.split(".")
        if parts[0] != "blk":
            yield f"{WHOLE[parts[0]]}.{parts[1]}", array
            continue
        if parts[2] in ("attn_q", "attn_k"):  # pairs lie side by side there, half a head apart here
            array = array.reshape(-1, config["head_dim"] // 2, 2, array.shape[-1]).swapaxes(1, 2).reshape(array.shape)
        yield f"model.layers.{parts[1]}.{NAMES[parts[2]]}.{parts[3]}", array


def write_weights(path, named, kind):
    label, keep = KEPT[kind]
    header, arrays, end = {}, [], 0
    for name, array in named:
        array = keep(array)
        header[name] = {"dtype": label, "shape": array.shape, "data_offsets": [end, end + array.nbytes]}
        end += array.nbytes
        arrays.append(array)
    text = json.dumps(header).encode()
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for array in arrays:
            out.write(array.tobytes())


def tokenizer(keys):
    tokens, kinds = keys["tokenizer.ggml.tokens"], keys["tokenizer.ggml.token_type"]
    added = [{"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
             for i, (token, kind) in enumerate(zip(tokens, kinds, strict=True)) if kind == 3]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, level]},
            "post_processor": None, "decoder": level,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                      "fuse_unk": False, "byte_fallback": False, "vocab": {token: i for i, token in enumerate(tokens)},
                      "merges": [merge.split(" ", 1) for merge in keys["tokenizer.ggml.merges"]]}}


def convert(source, folder, kind="bf16"):
    gguf, folder = Gguf(source), pathlib.Path(folder)
    keys = gguf.keys

    def llama(key, otherwise=None):
        return keys.get("llama." + key, otherwise)

    heads = llama("attention.head_count")
    bos, eos = (keys[f"tokenizer.ggml.{name}_token_id"] for name in ("bos", "eos"))
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "vocab_size": llama("vocab_size"),
              "hidden_size": llama("embedding_length"), "intermediate_size": llama("feed_forward_length"),
              "num_hidden_layers": llama("block_count"), "num_attention_heads": heads, "rope_theta": llama("rope.freq_base"),
              "num_key_value_heads": llama("attention.head_count_kv", heads), "head_dim": llama("embedding_length") // heads,
              "max_position_embeddings": llama("context_length"), "rms_norm_eps": llama("attention.layer_norm_rms_epsilon"),
              "tie_word_embeddings": "output.weight" not in gguf.tensors, "bos_token_id": bos, "eos_token_id": eos}
    folder.mkdir(parents=True, exist_ok=True)
    write_weights(folder / "model.safetensors", weights(gguf, config), kind)
    named = {name: keys["tokenizer.ggml.tokens"][id] for name, id in (("bos_token", bos), ("eos_token", eos))}
    for name, content in {"config": config, "generation_config": {"bos_token_id": bos, "eos_token_id": eos},
                          "tokenizer_config": named, "tokenizer": tokenizer(keys)}.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    (folder / "chat_template.jinja").write_text(keys["tokenizer.chat_template"])
    return folder


if __name__ == "__main__":
    convert(*sys.argv[1:])
