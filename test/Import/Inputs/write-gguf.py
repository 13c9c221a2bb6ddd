# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a tiny model as a GGUF file (version 3): random weights, always the same.

  write-gguf.py llama|gemma3 OUT [--set KEY=VALUE]... [--drop TENSOR|KEY]...
                [--shape TENSOR=AxB]... [--type TENSOR=FORMAT]... [--add TENSOR=AxB]...

Shapes are rows x columns, the way papers write them; --set writes integers as UInt32, numbers with a point as Float32,
true and false as Bool, [a,b] as an array of Int32 and all else as strings.
"""
import argparse
import random
import struct

# name -> (number in the file, values per block, bytes per block)
FORMATS = {
    "f32": (0, 1, 4), "f16": (1, 1, 2), "q4_0": (2, 32, 18), "q4_1": (3, 32, 20), "q5_0": (6, 32, 22),
    "q5_1": (7, 32, 24), "q8_0": (8, 32, 34), "q2_k": (10, 256, 84), "q4_k": (12, 256, 144), "q5_k": (13, 256, 176),
    "q6_k": (14, 256, 210), "bf16": (30, 1, 2),
}
# Offsets of the half-precision scales inside a block.
SCALES = {"q4_0": [0], "q4_1": [0, 2], "q5_0": [0], "q5_1": [0, 2], "q8_0": [0], "q2_k": [80, 82], "q4_k": [0, 2],
          "q5_k": [0, 2], "q6_k": [208]}

HIDDEN, FEED_FORWARD, VOCABULARY, LAYERS = 256, 512, 40, 2


def llama():
    keys = {
        "general.architecture": "llama", "llama.block_count": LAYERS, "llama.context_length": 128,
        "llama.embedding_length": HIDDEN, "llama.feed_forward_length": FEED_FORWARD, "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 2, "llama.attention.layer_norm_rms_epsilon": 1e-5, "llama.vocab_size": VOCABULARY,
    }
    tensors = {"token_embd.weight": ("q8_0", [VOCABULARY, HIDDEN])}
    for layer in range(LAYERS):
        blk = f"blk.{layer}."
        tensors |= {
            blk + "attn_norm.weight": ("f32", [HIDDEN]), blk + "attn_q.weight": ("q4_1", [HIDDEN, HIDDEN]),
            blk + "attn_k.weight": ("q4_0", [HIDDEN // 2, HIDDEN]), blk + "attn_v.weight": ("q5_1", [HIDDEN // 2, HIDDEN]),
            blk + "attn_output.weight": ("f16", [HIDDEN, HIDDEN]), blk + "ffn_norm.weight": ("f32", [HIDDEN]),
            blk + "ffn_gate.weight": ("q5_k", [FEED_FORWARD, HIDDEN]), blk + "ffn_up.weight": ("bf16", [FEED_FORWARD, HIDDEN]),
            blk + "ffn_down.weight": ("q4_1", [HIDDEN, FEED_FORWARD]),
        }
    tensors["output_norm.weight"] = ("f32", [HIDDEN])
    return keys, tensors


def gemma3():
    layers, dim = 6, 64
    keys = {
        "general.architecture": "gemma3", "gemma3.block_count": layers, "gemma3.context_length": 128,
        "gemma3.embedding_length": HIDDEN, "gemma3.feed_forward_length": FEED_FORWARD, "gemma3.attention.head_count": 2,
        "gemma3.attention.head_count_kv": 1, "gemma3.attention.key_length": dim, "gemma3.attention.value_length": dim,
        "gemma3.attention.layer_norm_rms_epsilon": 1e-6, "gemma3.attention.sliding_window": 4,
        "tokenizer.ggml.tokens": [f"t{i}" for i in range(VOCABULARY)],
    }
    tensors = {"token_embd.weight": ("q8_0", [VOCABULARY, HIDDEN])}
    for layer in range(layers):
        blk = f"blk.{layer}."
        tensors |= {
            blk + "attn_norm.weight": ("f32", [HIDDEN]), blk + "attn_q.weight": ("q5_0", [2 * dim, HIDDEN]),
            blk + "attn_k.weight": ("q5_0", [dim, HIDDEN]), blk + "attn_v.weight": ("q8_0", [dim, HIDDEN]),
            blk + "attn_q_norm.weight": ("f32", [dim]), blk + "attn_k_norm.weight": ("f32", [dim]),
            blk + "attn_output.weight": ("q4_0", [HIDDEN, 2 * dim]), blk + "post_attention_norm.weight": ("f32", [HIDDEN]),
            blk + "ffn_norm.weight": ("f32", [HIDDEN]), blk + "ffn_gate.weight": ("q4_k", [FEED_FORWARD, HIDDEN]),
            blk + "ffn_up.weight": ("q5_0", [FEED_FORWARD, HIDDEN]), blk + "ffn_down.weight": ("q6_k", [HIDDEN, FEED_FORWARD]),
            blk + "post_ffw_norm.weight": ("f32", [HIDDEN]),
        }
    tensors["output_norm.weight"] = ("f32", [HIDDEN])
    return keys, tensors


def data(name, form, shape):
    """Random bytes whose scales are such that activations stay near 1."""
    generator = random.Random(name)
    count = 1
    for dim in shape:
        count *= dim
    if form == "f32":
        return struct.pack(f"<{count}f", *(generator.uniform(0.5, 1.5) for _ in range(count)))
    if form == "f16":
        return struct.pack(f"<{count}e", *(generator.uniform(-0.1, 0.1) for _ in range(count)))
    if form == "bf16":
        return b"".join(struct.pack("<f", generator.uniform(-0.1, 0.1))[2:] for _ in range(count))
    _, values, size = FORMATS[form]
    out = bytearray(generator.randbytes(count // values * size))
    for block in range(0, len(out), size):
        for offset in SCALES[form]:
            scale = generator.uniform(-0.01, 0.01) / (32 if values == 256 else 1)
            out[block + offset:block + offset + 2] = struct.pack("<e", scale)
    return bytes(out)


def text(string):
    raw = string.encode()
    return struct.pack("<Q", len(raw)) + raw


def value(v):
    if isinstance(v, list):
        if v and isinstance(v[0], str):
            return struct.pack("<IIQ", 9, 8, len(v)) + b"".join(map(text, v))
        return struct.pack("<IIQ", 9, 5, len(v)) + struct.pack(f"<{len(v)}i", *v)
    if isinstance(v, str):
        return struct.pack("<I", 8) + text(v)
    if isinstance(v, bool):
        return struct.pack("<IB", 7, v)
    return struct.pack("<If", 6, v) if isinstance(v, float) else struct.pack("<II", 4, v)


def parse(string):
    if string.startswith("["):
        return [int(n) for n in string[1:-1].split(",")]
    if string in ("true", "false"):
        return string == "true"
    for kind in int, float:
        try:
            return kind(string)
        except ValueError:
            pass
    return string


def write(path, keys, tensors):
    """A tensor is (format, shape), of random content, or (format, shape, bytes)."""
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    header += b"".join(text(k) + value(v) for k, v in keys.items())
    body = b""
    for name, (form, shape, *content) in tensors.items():
        header += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *reversed(shape))
        header += struct.pack("<IQ", FORMATS[form][0], len(body))
        body += content[0] if content else data(name, form, shape)
        body += bytes(-len(body) % 32)
    with open(path, "wb") as file:
        file.write(header + bytes(-len(header) % 32) + body)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("model", choices=["llama", "gemma3"])
    arguments.add_argument("out")
    for flag in "set", "drop", "shape", "type", "add":
        arguments.add_argument("--" + flag, action="append", default=[])
    options = arguments.parse_args()
    keys, tensors = llama() if options.model == "llama" else gemma3()
    for key, setting in (s.split("=", 1) for s in options.set):
        keys[key] = parse(setting)
    for name, shape in (s.split("=", 1) for s in options.add):
        tensors[name] = ("f32", [int(d) for d in shape.split("x")])
    for name, shape in (s.split("=", 1) for s in options.shape):
        tensors[name] = (tensors[name][0], [int(d) for d in shape.split("x")])
    for name, form in (s.split("=", 1) for s in options.type):
        tensors[name] = (form, tensors[name][1])
    for name in options.drop:
        (keys if name in keys else tensors).pop(name)
    write(options.out, keys, tensors)


if __name__ == "__main__":
    main()
