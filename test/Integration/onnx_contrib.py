# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small models of operators that onnx's own tests lack: those of onnxruntime's set, and whole ways of quantising. Their results are
onnxruntime's (dev-support/onnx_golden.py)."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

F, I64, I32 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32
B, T, N, D = 2, 5, 4, 8
H = N * D


def numbers(*shape, seed=0, scale=1.0):
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


def model(nodes, given, outputs, stored):
    kinds = {np.dtype(np.float32): F, np.dtype(np.int64): I64, np.dtype(np.int32): I32}
    inputs = [helper.make_tensor_value_info(name, kinds[array.dtype], array.shape) for name, array in given.items()]
    results = [helper.make_tensor_value_info(name, F, None) for name in outputs]
    graph = helper.make_graph(nodes, "g", inputs, results, [numpy_helper.from_array(array, name) for name, array in stored.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)], ir_version=10), given


def one(kind, given, outputs=("y",), stored=None, domain="com.microsoft", order=None, **attributes):
    """A single node, its inputs in order; "" is left out."""
    names = order or [*given, *(stored or {})]
    return model([helper.make_node(kind, names, list(outputs), domain=domain, **attributes)], given, [o for o in outputs if o], stored or {})


def rows(seed=0):
    return numbers(B, T, H, seed=seed)


def mask():
    keep = np.ones((B, T), np.int32)
    keep[1, 3:] = 0
    return keep


def tables(width=D // 2):
    angle = np.arange(16)[:, None] / 100 ** (np.arange(width) / width)
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def nbits(bits, block, zeros):
    random = np.random.default_rng(bits)
    k, n = 80, 24
    blocks = -(-k // block)
    stored = {"b": random.integers(0, 256, (n, blocks, block * bits // 8), dtype=np.uint8), "s": numbers(n * blocks, seed=1, scale=0.1)}
    if zeros:
        stored["z"] = random.integers(0, 256, n * -(-blocks * bits // 8), dtype=np.uint8)
    return one("MatMulNBits", {"x": numbers(3, k)}, stored=stored, K=k, N=n, bits=bits, block_size=block)


def dynamic():
    weight = np.random.default_rng(3).integers(-128, 128, (H, 24), dtype=np.int8)
    nodes = [helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]), helper.make_node("MatMulInteger", ["q", "w", "z", "wz"], ["i"]),
             helper.make_node("Cast", ["i"], ["f"], to=F), helper.make_node("Mul", ["s", "ws"], ["scale"]), helper.make_node("Mul", ["f", "scale"], ["y"])]
    return model(nodes, {"x": rows()}, ["y"], {"w": weight, "wz": np.array(3, np.int8), "ws": np.array(0.01, np.float32)})


def quantised():
    weight = np.random.default_rng(3).integers(-128, 128, (H, 24), dtype=np.int8)
    nodes = [helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]), helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
             helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["f"], axis=1), helper.make_node("MatMul", ["d", "f"], ["y"])]
    return model(nodes, {"x": rows()}, ["y"], {"s": np.array(0.02, np.float32), "z": np.array(128, np.uint8), "w": weight,
                                               "ws": np.abs(numbers(24, seed=5)) * np.float32(0.1), "wz": np.zeros(24, np.int8)})


def cases():
    cosine, sine = tables()
    qkv = {"q": rows(), "k": rows(1), "v": rows(2)}
    past = {"pk": numbers(B, N, 3, D, seed=7), "pv": numbers(B, N, 3, D, seed=8)}
    positions = np.array([[3, 4, 5, 6, 7], [0, 1, 2, 3, 4]], np.int64)
    skip = {"x": rows(), "skip": rows(1)}
    scales = {"g": numbers(H, seed=3), "b": numbers(H, seed=4)}
    return {
        "SkipLayerNormalization": one("SkipLayerNormalization", skip, ["y", "", "", "sum"], scales | {"add": numbers(H, seed=5)}, epsilon=1e-5),
        "SkipSimplifiedLayerNormalization": one("SkipSimplifiedLayerNormalization", skip, ["y", "", "", "sum"], {"g": scales["g"]}, epsilon=1e-5),
        "SimplifiedLayerNormalization": one("SimplifiedLayerNormalization", {"x": rows()}, stored={"g": scales["g"]}, domain="", epsilon=1e-5, axis=-1),
        "BiasGelu": one("BiasGelu", {"x": rows()}, stored={"b": scales["b"]}),
        "FastGelu": one("FastGelu", {"x": rows()}, stored={"b": scales["b"]}),
        "Gelu": one("Gelu", {"x": rows()}),
        "QuickGelu": one("QuickGelu", {"x": rows()}, alpha=1.702),
        "RotaryEmbedding": one("RotaryEmbedding", {"x": rows(), "p": positions}, stored={"c": cosine, "s": sine}, num_heads=N),
        "RotaryEmbedding, interleaved from a place": one("RotaryEmbedding", {"x": rows(), "p": np.array([4], np.int64)}, stored={"c": cosine, "s": sine}, interleaved=1, num_heads=N),
        "MultiHeadAttention": one("MultiHeadAttention", qkv, num_heads=N),
        "MultiHeadAttention, bias and mask": one("MultiHeadAttention", qkv | {"m": mask()}, stored={"b": numbers(3 * H, seed=6)}, order=["q", "k", "v", "b", "m"], num_heads=N),
        "MultiHeadAttention, past": one("MultiHeadAttention", qkv | {"a": numbers(1, N, T, T + 3, seed=9)} | past, ["y", "k2", "v2"],
                                        order=["q", "k", "v", "", "", "a", "pk", "pv"], num_heads=N, scale=0.3),
        "Attention": one("Attention", {"x": rows(), "m": mask()}, stored={"w": numbers(H, 3 * H, seed=6, scale=0.2), "b": numbers(3 * H, seed=7)}, order=["x", "w", "b", "m"], num_heads=N),
        "Attention, causal": one("Attention", {"x": rows()}, stored={"w": numbers(H, 3 * H, seed=6, scale=0.2), "b": numbers(3 * H, seed=7)}, order=["x", "w", "b"], num_heads=N, unidirectional=1),
        "MatMulNBits": nbits(4, 32, False),
        "MatMulNBits, zero points": nbits(4, 16, True),
        "MatMulNBits, bytes": nbits(8, 32, True),
        "dynamic quantisation": dynamic(),
        "quantised and back": quantised(),
    }  # fmt: skip
