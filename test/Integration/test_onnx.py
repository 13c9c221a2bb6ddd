# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX files: whole models against onnxruntime, weights of other files, external data, and what is refused."""

import numpy as np
import onnx
import pytest
from conftest import DATA
from onnx import TensorProto, helper, numpy_helper
from onnx_contrib import cases
from onnx_models import MODELS, SHAPES, corner, inputs

CONTRIB = cases()
OPSET = [helper.make_opsetid("", 21)]


def call(terrazzo, folder, given, results, *words):
    """The results of a call, by name."""
    for number, (name, array) in enumerate(given.items()):
        np.save(folder / f"in{number}.npy", array)
        words += ("--input", f"{name}={folder}/in{number}.npy")
    for number, name in enumerate(results):
        words += ("--output", f"{name}={folder}/out{number}.npy")
    terrazzo("call", *words)
    return {name: np.load(folder / f"out{number}.npy") for number, name in enumerate(results)}


def model_of(nodes, inputs, outputs, initializers=(), opsets=OPSET, **more):
    def infos(values):
        return [helper.make_tensor_value_info(name, *rest) for name, *rest in values]

    graph = helper.make_graph(nodes, "g", infos(inputs), infos(outputs), list(initializers))
    return helper.make_model(graph, opset_imports=opsets, ir_version=10, **more)


# --- whole models --------------------------------------------------------------


@pytest.fixture(scope="module")
def golden():
    return np.load(DATA / "onnx.npz")


@pytest.mark.parametrize("name", MODELS)
def test_models_are_those_of_onnxruntime(terrazzo, tmp_path, golden, name):
    package = tmp_path / "m.tzp"
    terrazzo("compile", "-m", MODELS[name], "-o", package)
    for shape in SHAPES:
        wanted = {key.split(" ")[3]: key for key in golden.files if key.startswith(f"{name} {shape[0]} {shape[1]} ")}
        assert wanted
        given = inputs(*shape)
        if name == "minilm-l3":
            del given["token_type_ids"]
        got = call(terrazzo, tmp_path, given, wanted, package, "-m", MODELS[name])
        for result, key in wanted.items():
            np.testing.assert_allclose(corner(got[result]), golden[key], rtol=0, atol=2e-5)


def test_a_text_of_more_tokens_than_the_table_has_is_refused(terrazzo, tmp_path):
    given = inputs(1, 513)
    for name, array in given.items():
        np.save(tmp_path / f"{name}.npy", array)
    words = [word for name in given for word in ("--input", f"{name}={tmp_path}/{name}.npy")]
    result = terrazzo("call", "-m", MODELS["minilm-int8"], *words, code=2)
    assert "sequence" in result.err and "512" in result.err, result


def test_inspect(terrazzo):
    model = terrazzo.json("inspect", MODELS["minilm-l3"])
    assert model["format"] == "onnx" and model["architecture"] == "onnx" and len(model["tensors"]) == 53
    assert model["metadata"]["onnx.opset.ai.onnx"] == 17


@pytest.mark.parametrize("name", CONTRIB)
def test_operators_of_onnxruntime(terrazzo, tmp_path, golden, name):
    model, given = CONTRIB[name]
    onnx.save(model, tmp_path / "m.onnx")
    wanted = {key.split(" | ")[1]: golden[key] for key in golden.files if key.startswith(f"{name} | ")}
    got = call(terrazzo, tmp_path, given, wanted, "-m", tmp_path / "m.onnx")
    for result, array in wanted.items():
        np.testing.assert_allclose(got[result], array, rtol=2e-4, atol=2e-4 * np.abs(array).max())


# --- weights -------------------------------------------------------------------


def linear(weight):
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    return model_of(nodes, [("x", TensorProto.FLOAT, ["N", weight.shape[0]])], [("y", TensorProto.FLOAT, ["N", weight.shape[1]])],
                    [numpy_helper.from_array(weight, "w")])


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_a_package_takes_other_weights_of_the_same_graph(terrazzo, tmp_path):
    first, second, x = numbers(24, 40), numbers(24, 40, seed=1), numbers(5, 24, seed=2)
    for name, weight in (("a", first), ("b", second)):
        onnx.save(linear(weight), tmp_path / f"{name}.onnx")
    terrazzo("compile", "-m", tmp_path / "a.onnx", "-o", tmp_path / "a.tzp")
    for name, weight in (("a", first), ("b", second)):
        got = call(terrazzo, tmp_path, {"x": x}, ["y"], tmp_path / "a.tzp", "-m", tmp_path / f"{name}.onnx")
        np.testing.assert_allclose(got["y"], x @ weight, rtol=1e-5, atol=1e-5)


def test_a_package_refuses_the_weights_of_another_graph(terrazzo, tmp_path):
    onnx.save(linear(numbers(24, 40)), tmp_path / "a.onnx")
    other = linear(numbers(24, 40))
    other.graph.node[0].op_type = "Gemm"
    onnx.save(other, tmp_path / "b.onnx")
    terrazzo("compile", "-m", tmp_path / "a.onnx", "-o", tmp_path / "a.tzp")
    np.save(tmp_path / "x.npy", numbers(2, 24))
    result = terrazzo("call", tmp_path / "a.tzp", "-m", tmp_path / "b.onnx", "--input", f"x={tmp_path}/x.npy", code=7)
    assert "TZ0713" in result.err and "onnx.graph" in result.err, result


def external(folder, weight, location="w.bin", offset=64, length=None):
    """The same model with its weight in another file."""
    model = linear(weight)
    tensor = model.graph.initializer[0]
    (folder / "w.bin").write_bytes(bytes(64) + weight.tobytes())
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", weight.nbytes if length is None else length)):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(value)
    (folder / "m.onnx").write_bytes(model.SerializeToString())
    return folder / "m.onnx"


def test_data_in_a_file_beside(terrazzo, tmp_path):
    weight, x = numbers(24, 40), numbers(3, 24, seed=1)
    path = external(tmp_path, weight)
    got = call(terrazzo, tmp_path, {"x": x}, ["y"], "-m", path)
    np.testing.assert_allclose(got["y"], x @ weight, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("change, why", [
    ({"location": "../w.bin"}, "not below the model's folder"), ({"location": "/etc/passwd"}, "not below the model's folder"),
    ({"location": "a/../../w.bin"}, "not below the model's folder"), ({"offset": 65}, "ends before it"),
    ({"offset": 1 << 62}, "is no number"), ({"length": 7}, "its shape takes"), ({"offset": -1}, "is no number"),
])
def test_data_elsewhere_is_refused(terrazzo, tmp_path, change, why):
    result = terrazzo("inspect", external(tmp_path, numbers(24, 40), **change), code=3)
    assert why in result.err and result.err.count("error[") == 1, result


def test_numbers_in_typed_fields(terrazzo, tmp_path):
    weight, bias, x = numbers(24, 40), numbers(40, seed=1), numbers(3, 24, seed=2)
    model = linear(weight)
    model.graph.initializer[0].CopyFrom(helper.make_tensor("w", TensorProto.FLOAT, weight.shape, weight.ravel().tolist()))
    model.graph.node.append(helper.make_node("Add", ["y", "b"], ["z"]))
    model.graph.initializer.append(helper.make_tensor("b", TensorProto.FLOAT16, [40], bias.astype(np.float16).tolist()))
    model.graph.node.insert(1, helper.make_node("Cast", ["y"], ["h"], to=TensorProto.FLOAT16))
    model.graph.node[2].input[0] = "h"
    model.graph.output[0].name = "z"
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    onnx.save(model, tmp_path / "m.onnx")
    got = call(terrazzo, tmp_path, {"x": x}, ["z"], "-m", tmp_path / "m.onnx")
    np.testing.assert_allclose(got["z"].astype(np.float32), x @ weight + bias, rtol=2e-3, atol=5e-3)


def test_many_numbers_one_by_one_are_refused(terrazzo, tmp_path):
    nodes = [helper.make_node("Add", ["x", "t"], ["y"])]
    table = helper.make_tensor("t", TensorProto.INT64, [5000], list(range(5000)))
    onnx.save(model_of(nodes, [("x", TensorProto.INT64, [5000])], [("y", TensorProto.INT64, [5000])], [table]), tmp_path / "m.onnx")
    result = terrazzo("compile", "-m", tmp_path / "m.onnx", "-o", tmp_path / "m.tzp", code=3)
    assert "TZ0333" in result.err and "one by one" in result.err and "raw data" in result.err, result


# --- sizes ---------------------------------------------------------------------


def test_expressions_and_unnamed_sizes(terrazzo, tmp_path):
    nodes = [helper.make_node("Concat", ["past", "x"], ["all"], axis=1), helper.make_node("Add", ["all", "mask"], ["y"]),
             helper.make_node("ReduceSum", ["z"], ["s"], keepdims=0)]
    model = model_of(nodes, [("past", TensorProto.FLOAT, ["a batch", "P", 4]), ("x", TensorProto.FLOAT, ["a batch", "T", 4]),
                             ("mask", TensorProto.FLOAT, ["a batch", "P + T", 1]), ("z", TensorProto.FLOAT, [None, 3])],
                     [("y", TensorProto.FLOAT, None), ("s", TensorProto.FLOAT, None)])
    onnx.save(model, tmp_path / "m.onnx")
    given = {"past": numbers(2, 3, 4), "x": numbers(2, 2, 4, seed=1), "mask": numbers(2, 5, 1, seed=2), "z": numbers(7, 3, seed=3)}
    got = call(terrazzo, tmp_path, given, ["y", "s"], "-m", tmp_path / "m.onnx")
    np.testing.assert_array_equal(got["y"], np.concatenate([given["past"], given["x"]], 1) + given["mask"])
    np.testing.assert_allclose(got["s"], given["z"].sum(), rtol=1e-5)


def test_a_size_as_a_value(terrazzo, tmp_path):
    nodes = [helper.make_node("Shape", ["x"], ["shape"]), helper.make_node("Size", ["x"], ["count"])]
    onnx.save(model_of(nodes, [("x", TensorProto.FLOAT, ["A", 3, "B"])], [("shape", TensorProto.INT64, None), ("count", TensorProto.INT64, None)]),
              tmp_path / "m.onnx")
    got = call(terrazzo, tmp_path, {"x": numbers(5, 3, 2)}, ["shape", "count"], "-m", tmp_path / "m.onnx")
    assert got["shape"].tolist() == [5, 3, 2] and got["count"] == 30


# --- refused -------------------------------------------------------------------

X = [("x", TensorProto.FLOAT, ["N", 4])]
Y = [("y", TensorProto.FLOAT, None)]


def node(*arguments, **more):
    return helper.make_node(*arguments, **more)


REFUSED = {
    "operators": (lambda: model_of([node("NonZero", ["x"], ["a"]), node("LSTM", ["a"], ["b"]), node("LSTM", ["b"], ["c"]),
                                    node("Mine", ["c"], ["y"], domain="org.own")], X, Y), "TZ0332", "LSTM: 2, NonZero: 1, org.own.Mine: 1"),
    "attribute": (lambda: model_of([node("Relu", ["x"], ["y"], slope=2)], X, Y), "TZ0333", "'slope' is not understood"),
    "attribute's type": (lambda: model_of([node("Softmax", ["x"], ["y"], axis=1.5)], X, Y), "TZ0333", "'axis' has another type"),
    "broadcast": (lambda: model_of([node("Add", ["x", "z"], ["y"])], [*X, ("z", TensorProto.FLOAT, ["M", 4])], Y), "TZ0333", "need not be equal"),
    "shape of a call": (lambda: model_of([node("Reshape", ["x", "s"], ["y"])], [*X, ("s", TensorProto.INT64, [1])], Y), "TZ0333", "must be known"),
    "input": (lambda: model_of([node("Relu", ["x"], ["y"])], [("x", TensorProto.FLOAT, None)], Y), "TZ0334", "how many dimensions"),
    "element": (lambda: model_of([node("Relu", ["x"], ["y"])], [("x", TensorProto.COMPLEX64, [2])], Y), "TZ0334", "COMPLEX64"),
    "unknown value": (lambda: model_of([node("Relu", ["q"], ["y"])], X, Y), "TZ0333", "none of the values before it"),
    "order": (lambda: model_of([node("Relu", ["a"], ["y"]), node("Abs", ["x"], ["a"])], X, Y), "TZ0333", "none of the values before it"),
    "opset": (lambda: model_of([node("Relu", ["x"], ["y"])], X, Y, opsets=[helper.make_opsetid("", 6)]), "TZ0331", "opset 6"),
    "no opset": (lambda: model_of([node("Relu", ["x"], ["y"])], X, Y, opsets=[helper.make_opsetid("org.own", 1)]), "TZ0331", "no opset of ai.onnx"),
    "output": (lambda: model_of([node("Relu", ["x"], ["z"])], X, Y), "TZ0331", "nothing gives its output 'y'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(terrazzo, tmp_path, case):
    make, code, why = REFUSED[case]
    (tmp_path / "m.onnx").write_bytes(make().SerializeToString())
    result = terrazzo("compile", "-m", tmp_path / "m.onnx", "-o", tmp_path / "m.tzp", code=3)
    assert code in result.err and why in result.err and result.err.count("error[") == 1, result
