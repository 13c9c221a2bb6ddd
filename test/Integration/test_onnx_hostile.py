# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX files that lie: cut, flipped, spliced. Whatever they say is either computed or refused in one error, soon and in little
memory; the reader alone meets many more in test/Fuzz/FuzzOnnx.cpp."""

import os
import random

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_contrib import cases

COUNT = int(os.environ.get("TERRAZZO_ONNX_MUTANTS", "6"))  # of each seed
MODELS = {name: model.SerializeToString() for name, (model, _) in cases().items()}


def mutant(content, generator):
    """One to three changes of a file's bytes, most of them where a number or a length is."""
    content = bytearray(content)
    for _ in range(generator.randrange(1, 4)):
        at = generator.randrange(len(content))
        kind = generator.randrange(5)
        if kind == 0:
            content[at] = generator.choice([0, 1, 0x7F, 0x80, 0xFF])
        elif kind == 1:
            content[at] ^= 1 << generator.randrange(8)
        elif kind == 2:
            content[at:at] = bytes([0xFF] * 9 + [1])
        elif kind == 3:
            del content[at : at + generator.randrange(1, 9)]
        else:
            end = min(len(content), at + 16)
            content[generator.randrange(len(content)) :] += content[at:end]
    return bytes(content)


def shuffled(model, generator):
    """Sound protobuf that says something else: inputs, numbers and names exchanged."""
    model = onnx.ModelProto.FromString(model)
    for _ in range(generator.randrange(1, 3)):
        node = generator.choice(model.graph.node)
        kind = generator.randrange(5)
        names = [value.name for value in [*model.graph.input, *model.graph.initializer]]
        if kind == 0 and node.input:
            node.input[generator.randrange(len(node.input))] = generator.choice([*names, ""])
        elif kind == 1 and node.attribute:
            attribute = generator.choice(node.attribute)
            attribute.i = generator.choice([-(2**63), -1, 0, 1, 7, 2**31, 2**63 - 1])
        elif kind == 2 and model.graph.initializer:
            tensor = generator.choice(model.graph.initializer)
            dims = list(tensor.dims)
            generator.shuffle(dims)
            tensor.dims[:] = dims if generator.random() < 0.5 else [1, *dims]
        elif kind == 3:
            shape = generator.choice(model.graph.input).type.tensor_type.shape
            if not shape.dim:
                continue
            dim = generator.choice(shape.dim)
            dim.dim_value = generator.choice([0, 1, 2, 2**31, 2**62])
        else:
            shape = generator.choice(model.graph.input).type.tensor_type.shape
            del shape.dim[generator.randrange(len(shape.dim) + 1) :]
    return model.SerializeToString()



@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("change", [mutant, shuffled], ids=lambda change: change.__name__)
def test_mutants(terrazzo, tmp_path, name, change):
    generator = random.Random(name)
    for _ in range(COUNT):
        path = tmp_path / "m.onnx"
        path.write_bytes(change(MODELS[name], generator))
        result = terrazzo("-m", path, "--emit", "tz", program="terrazzo-compile", code=(0, 3), timeout=60)
        assert result.code == 0 or ("TZ03" in result.err + result.out or "TZ01" in result.err + result.out), result


def bomb(kind):
    if kind == "elements":  # a tensor of more elements than any memory
        tensor = helper.make_tensor("w", TensorProto.FLOAT, [], [1.0])
        tensor.dims[:] = [2**40, 2**40]
        tensor.ClearField("float_data")
    elif kind == "dimensions":
        tensor = numpy_helper.from_array(np.zeros(1, np.float32), "w")
        tensor.dims[:] = [1] * 100000
    elif kind == "negative":
        tensor = numpy_helper.from_array(np.zeros(4, np.float32), "w")
        tensor.dims[:] = [-2, -2]
    else:
        tensor = numpy_helper.from_array(np.zeros(4, np.float32), "w")
        tensor.dims[:] = [5]
    nodes = [helper.make_node("Add", ["x", "w"], ["y"])]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", 1, ["N"])], [helper.make_tensor_value_info("y", 1, None)], [tensor])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10).SerializeToString()


@pytest.mark.parametrize("kind", ["elements", "dimensions", "negative", "short"])
def test_tensors_that_are_none(terrazzo, tmp_path, kind):
    (tmp_path / "m.onnx").write_bytes(bomb(kind))
    result = terrazzo("compile", "-m", tmp_path / "m.onnx", "-o", tmp_path / "m.tzp", code=3, timeout=60)
    assert result.err.count("error[") == 1, result


def test_many_nodes(terrazzo, tmp_path):
    # Each takes two bytes of the file and much more as a structure.
    graph = b"\x0a\x00" * 3_000_000
    (tmp_path / "m.onnx").write_bytes(b"\x08\x0a\x3a" + varint(len(graph)) + graph)
    result = terrazzo("inspect", tmp_path / "m.onnx", code=3, timeout=60)
    assert "TZ0121" in result.err and "more than 1048576" in result.err, result


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


@pytest.mark.parametrize("content", [b"", b"\x00", b"\x08", b"GGUF" + bytes(20), b"\x3a\xff\xff\xff\xff\x0f", b"\xff" * 64])
def test_no_models(terrazzo, tmp_path, content):
    (tmp_path / "m.onnx").write_bytes(content)
    assert "TZ0121" in terrazzo("inspect", tmp_path / "m.onnx", code=3).err
