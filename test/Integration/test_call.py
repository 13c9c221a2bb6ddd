# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`terrazzo call`: functions of modules and packages on arrays, against NumPy."""

import numpy as np
import pytest

MODULE = """
tz.func @mix(%x: tensor<?x24xf32> {tz.dims = ["R", 24], tz.name = "x"}, %y: tensor<?x24xf32> {tz.dims = ["R", 24], tz.name = "y"}, %g: tensor<24xf32> {tz.name = "gain"})
    -> (tensor<?x24xf32> {tz.name = "sum"}, tensor<?x24xf32> {tz.name = "normed"}) attributes {tz.sizes = {R = [1, 8, 600]}} {
  %0 = tz.elementwise mul(%x, %g) : (tensor<?x24xf32>, tensor<24xf32>) -> tensor<?x24xf32>
  %1 = tz.elementwise add(%0, %y) : (tensor<?x24xf32>, tensor<?x24xf32>) -> tensor<?x24xf32>
  %2 = tz.rms_norm %1, %g {epsilon = 1.0e-5 : f64} : (tensor<?x24xf32>, tensor<24xf32>) -> tensor<?x24xf32>
  tz.return %1, %2 : tensor<?x24xf32>, tensor<?x24xf32>
}
tz.func @silu(%x: tensor<?x5xf32>) -> tensor<?x5xf32> {
  %0 = tz.elementwise silu(%x) : (tensor<?x5xf32>) -> tensor<?x5xf32>
  tz.return %0 : tensor<?x5xf32>
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("call")
    (path / "mix.mlir").write_text(MODULE)
    return path


@pytest.fixture(scope="module")
def package(terrazzo, folder):
    terrazzo("compile", "-m", folder / "mix.mlir", "-o", folder / "mix.tzp")
    return folder / "mix.tzp"


def save(folder, **arrays):
    words = []
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
        words += ["--input", f"{name}={folder / name}.npy"]
    return words


def inputs(rows):
    random = np.random.default_rng(rows)
    return [random.standard_normal(s).astype(np.float32) for s in ((rows, 24), (rows, 24), (24,))]


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 8, 13, 64, 599, 600])
def test_values_are_those_of_numpy(terrazzo, folder, package, rows):
    x, y, gain = inputs(rows)
    words = save(folder, x=x, y=y, gain=gain)
    outputs = ["--output", f"sum={folder}/sum.npy", "--output", f"normed={folder}/normed.npy"]
    terrazzo("call", package, "--function", "mix", *words, *outputs)
    wide = x.astype(np.float64) * gain + y
    normed = wide / np.sqrt((wide**2).mean(-1, keepdims=True) + 1e-5) * gain
    for name, want in (("sum", wide), ("normed", normed)):
        got = np.load(folder / f"{name}.npy")
        assert got.shape == want.shape and got.dtype == np.float32
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-5)


def test_a_module_is_compiled_once_for_all_lengths(terrazzo, folder):
    compiled = []
    for rows in (3, 500, 3):
        x, y, gain = inputs(rows)
        result = terrazzo("call", "-m", folder / "mix.mlir", "--function", "mix", *save(folder, x=x, y=y, gain=gain))
        compiled.append("compil" in result.err)
        assert result.out.startswith(f"sum: f32[{rows}, 24] = ")
    assert not any(compiled[1:])


def test_json(terrazzo, package):
    line = terrazzo.json("call", package, "--function", "mix", "--random", 3, "--size", "R=5", "--repeat", 3)
    assert list(line) == ["function", "inputs", "outputs", "seconds"]
    assert line["function"] == "mix" and 0 < line["seconds"] < 1
    assert line["inputs"] == {"x": {"type": "f32", "shape": [5, 24]}, "y": {"type": "f32", "shape": [5, 24]},
                              "gain": {"type": "f32", "shape": [24]}}
    assert line["outputs"] == {"sum": {"type": "f32", "shape": [5, 24]}, "normed": {"type": "f32", "shape": [5, 24]}}


def test_inputs_in_the_order_of_the_signature(terrazzo, folder, package):
    x, y, gain = inputs(4)
    words = save(folder, x=x, y=y, gain=gain)
    named = terrazzo("call", package, "--function", "mix", *words).out
    paths = [f"{folder}/{name}.npy" for name in ("x", "y", "gain")]
    every = [word for path in paths for word in ("--input", path)]
    assert terrazzo("call", package, "--function", "mix", *every).out == named
    # Those without a name go to what no name is of.
    mixed = ["--input", paths[0], "--input", paths[2], "--input", f"y={paths[1]}"]
    assert terrazzo("call", package, "--function", "mix", *mixed).out == named
    result = terrazzo("call", package, "--function", "mix", *every, "--input", paths[0], code=2)
    assert "no argument is left for" in result.err


def test_random_arguments_follow_the_seed(terrazzo, package):
    run = lambda seed: terrazzo("call", package, "--function", "silu", "--size", "T=2", "--random", seed).out
    assert run(1) == run(1) != run(2)


@pytest.mark.parametrize("file", ["mix.tzp", "mix.mlir"])
def test_inspect_prints_signatures(terrazzo, folder, package, file):
    package = folder / file
    lines = terrazzo("inspect", package).out.splitlines()
    assert "function mix(x: f32[R, 24], y: f32[R, 24], gain: f32[24]) -> sum: f32[R, 24], normed: f32[R, 24]" in lines
    assert "function silu(arg0: f32[T, 5]) -> result0: f32[T, 5]" in lines
    functions = terrazzo.json("inspect", package)["functions"]
    assert functions[1]["arguments"] == [{"name": "arg0", "type": "f32", "shape": ["T", 5]}]


ATTENTION = """
tz.func @attend(%q: tensor<?x3x20xf32> {tz.name = "q"}, %k: tensor<?x3x20xf32> {tz.name = "k"}, %v: tensor<?x3x20xf32> {tz.name = "v"})
    -> (tensor<?x3x20xf32> {tz.name = "y"}) attributes {tz.sizes = {T = [1, 70]}} {
  %s = tz.contract "thd,shd->hts" %q, %k : (tensor<?x3x20xf32>, tensor<?x3x20xf32>) -> tensor<3x?x?xf32>
  %m = tz.reduce max %s [2] : tensor<3x?x?xf32> -> tensor<3x?x1xf32>
  %d = tz.elementwise sub(%s, %m) : (tensor<3x?x?xf32>, tensor<3x?x1xf32>) -> tensor<3x?x?xf32>
  %e = tz.elementwise exp(%d) : (tensor<3x?x?xf32>) -> tensor<3x?x?xf32>
  %z = tz.reduce sum %e [2] : tensor<3x?x?xf32> -> tensor<3x?x1xf32>
  %p = tz.elementwise div(%e, %z) : (tensor<3x?x?xf32>, tensor<3x?x1xf32>) -> tensor<3x?x?xf32>
  %y = tz.contract "hts,shd->thd" %p, %v : (tensor<3x?x?xf32>, tensor<?x3x20xf32>) -> tensor<?x3x20xf32>
  tz.return %y : tensor<?x3x20xf32>
}
tz.func @norm(%x: tensor<?x37xf32> {tz.name = "x"}) -> (tensor<?x37xf32> {tz.name = "y"}, tensor<37x?xf32> {tz.name = "turned"}) {
  %m = tz.reduce mean %x [1] : tensor<?x37xf32> -> tensor<?x1xf32>
  %c = tz.elementwise sub(%x, %m) : (tensor<?x37xf32>, tensor<?x1xf32>) -> tensor<?x37xf32>
  %q = tz.elementwise mul(%c, %c) : (tensor<?x37xf32>, tensor<?x37xf32>) -> tensor<?x37xf32>
  %v = tz.reduce mean %q [1] : tensor<?x37xf32> -> tensor<?x1xf32>
  %small = tz.scalar 1.0e-5 : tensor<f32>
  %w = tz.elementwise add(%v, %small) : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %r = tz.elementwise rsqrt(%w) : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %y = tz.elementwise mul(%c, %r) : (tensor<?x37xf32>, tensor<?x1xf32>) -> tensor<?x37xf32>
  %t = tz.transpose %y [1, 0] : tensor<?x37xf32> -> tensor<37x?xf32>
  tz.return %y, %t : tensor<?x37xf32>, tensor<37x?xf32>
}
"""


@pytest.mark.parametrize("device", ["cpu", "cpu:x86-64-v3"])
@pytest.mark.parametrize("rows", [1, 2, 17, 70])
def test_attention_without_a_cache_and_a_layer_norm(terrazzo, folder, device, rows):
    """What encoders are made of, as loops over arrays."""
    (folder / "loops.mlir").write_text(ATTENTION)
    random = np.random.default_rng(rows)
    q, k, v = (random.standard_normal((rows, 3, 20)).astype(np.float32) for _ in range(3))
    terrazzo("call", "-m", folder / "loops.mlir", "--device", device, "--function", "attend", *save(folder, q=q, k=k, v=v),
             "--output", f"y={folder}/y.npy")
    scores = np.einsum("thd,shd->hts", q.astype(np.float64), k.astype(np.float64))
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    want = np.einsum("hts,shd->thd", shares / shares.sum(-1, keepdims=True), v.astype(np.float64))
    np.testing.assert_allclose(np.load(folder / "y.npy"), want, rtol=1e-5, atol=1e-5)
    x = random.standard_normal((rows, 37)).astype(np.float32)
    terrazzo("call", "-m", folder / "loops.mlir", "--device", device, "--function", "norm", *save(folder, x=x),
             "--output", f"y={folder}/y.npy", "--output", f"turned={folder}/t.npy")
    centred = x.astype(np.float64) - x.mean(1, keepdims=True, dtype=np.float64)
    want = centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(np.load(folder / "y.npy"), want, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(np.load(folder / "t.npy"), np.load(folder / "y.npy").T)


SIGNATURE = "mix(x: f32[R, 24], y: f32[R, 24], gain: f32[24]) -> sum: f32[R, 24], normed: f32[R, 24]"


@pytest.mark.parametrize("arrays,words,why", [
    ({}, [], "nothing says how large 'R' is; give --size R=N"),
    ({"x": (4, 24), "y": (4, 24)}, [], "the argument 'gain' is missing"),
    ({"x": (4, 24), "y": (5, 24)}, ["--random", 1], "the size R is 4 as 'x' says, and 5 as 'y' does"),
    ({"x": (4, 24)}, ["--random", 1, "--size", "R=3"], "the size R is 3 as --size says, and 4 as 'x' does"),
    ({"x": (4, 23)}, ["--random", 1], "'x' is f32[R, 24], and its file's shape is [4, 23]"),
    ({"x": (4, 24, 1)}, ["--random", 1], "'x' is f32[R, 24], and its file's shape is [4, 24, 1]"),
    ({"z": (4, 24)}, ["--random", 1], "it has no argument 'z'"),
    ({}, ["--random", 1, "--size", "T=3"], "it has no size 'T'"),
    ({}, ["--random", 1, "--size", "R=3", "--output", "out=x.npy"], "it has no result 'out' that an .npy file can hold"),
    ({}, ["--random", 1, "--size", "R=601"], "its size R is 601, and code was made for up to 600"),
])
def test_refusals_print_the_signature(terrazzo, folder, package, arrays, words, why):
    files = save(folder, **{name: np.zeros(shape, np.float32) for name, shape in arrays.items()})
    result = terrazzo("call", package, "--function", "mix", *files, *words, code=2)
    assert result.out == "" and why in result.err and SIGNATURE in result.err


def test_functions_are_listed(terrazzo, package):
    for words, what in (([], "the package has several functions"), (["--function", "f"], "there is no function 'f'")):
        result = terrazzo("call", package, *words, "--random", 1, code=2)
        assert what in result.err and "it has mix, silu" in result.err


@pytest.mark.parametrize("make,why", [
    (lambda p: np.save(p, np.zeros((4, 5), np.float64)), "'arg0' is of f32, and"),
    (lambda p: np.save(p, np.asfortranarray(np.zeros((4, 5), np.float32))), "Fortran's order"),
    (lambda p: p.write_bytes(b"not an array at all"), "it does not begin as an .npy file does"),
    (lambda p: (np.save(p, np.zeros((4, 5), np.float32)), p.write_bytes(p.read_bytes()[:-1])), "its shape needs 80 bytes, and 79 are there"),
    (lambda p: (np.save(p, np.zeros((4, 5), np.float32)), p.write_bytes(p.read_bytes().replace(b"(4, 5)", b"(4, -5"))), "its header's 'shape' cannot be understood"),
    (lambda p: np.save(p, np.zeros((4, 5), ">f4")), "is no number of this machine's order"),
])
def test_files_that_are_no_arrays(terrazzo, folder, package, make, why):
    path = folder / "bad.npy"
    make(path)
    result = terrazzo("call", package, "--function", "silu", "--input", f"arg0={path}", code=2)
    assert why in result.err and result.err.count("error[") == 1


def test_npy_files_of_numpys_versions(terrazzo, folder, package):
    array = np.ones((3, 5), np.float32)
    for version in ((1, 0), (2, 0), (3, 0)):
        with open(folder / "v.npy", "wb") as file:
            np.lib.format.write_array(file, array, version=version)
        assert terrazzo("call", package, "--function", "silu", "--input", f"arg0={folder}/v.npy").out.startswith("result0: f32[3, 5] = 0.731059")


def test_a_decoder_is_called_like_any_other(terrazzo, smollm2, folder):
    """Ids beyond the table and positions beyond the caches are refused before a kernel sees them."""
    np.save(folder / "ids.npy", np.array([1, 2, 3], np.int32))
    np.save(folder / "bad.npy", np.array([1, 49152, 3], np.int32))
    np.save(folder / "at.npy", np.array(0, np.int32))
    np.save(folder / "late.npy", np.array(62, np.int32))
    run = lambda ids, at, **more: terrazzo("call", "-m", smollm2, "-c", 64, "--function", "trunk", "--input", f"tokens={folder / ids}",
                                           "--input", f"position={folder / at}", "--output", f"hidden={folder}/h.npy", **more)
    run("ids.npy", "at.npy")
    assert np.load(folder / "h.npy").shape == (3, 576)
    assert "'tokens' holds 49152 at 1; it takes 0 to 49151" in run("bad.npy", "at.npy", code=2).err
    assert "'position' is 62, and 3 more rows do not fit into caches of 64" in run("ids.npy", "late.npy", code=2).err
