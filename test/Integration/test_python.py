# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""python/terrazzo: compiling, loading and calling from Python, on arrays of several libraries and without any."""

import array
import concurrent.futures
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import BUILD, ROOT
from tz_graph import Graph

import terrazzo as tz
from terrazzo._arrays import DlTensor, dlpack_address

MODULE = b"""
tz.func @mix(%x: tensor<?x4xf32> {tz.name = "x", tz.dims = ["R", 4]}, %g: tensor<4xf32> {tz.name = "gain"})
    -> (tensor<?x4xf32> {tz.name = "y"}, tensor<?x1xf32> {tz.name = "sum"}) attributes {tz.sizes = {R = [1, 64]}} {
  %y = tz.elementwise mul(%x, %g) : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %sum = tz.reduce sum %y [1] : tensor<?x4xf32> -> tensor<?x1xf32>
  tz.return %y, %sum : tensor<?x4xf32>, tensor<?x1xf32>
}
tz.func @scaled(%x: tensor<?xf32> {tz.name = "x"}, %by: tensor<f32> {tz.name = "by"}) -> (tensor<?xf32> {tz.name = "y"}) {
  %y = tz.elementwise mul(%x, %by) : (tensor<?xf32>, tensor<f32>) -> tensor<?xf32>
  tz.return %y : tensor<?xf32>
}
tz.func @turned(%x: tensor<?xi64> {tz.name = "x"}) -> (tensor<?xi64> {tz.name = "y"}) {
  %y = tz.reverse %x [0] : tensor<?xi64> -> tensor<?xi64>
  tz.return %y : tensor<?xi64>
}
tz.func @counted(%x: tensor<?xf32> {tz.name = "x"}, %p: tensor<i32> {tz.name = "p"}) -> (tensor<?xf32> {tz.name = "y"}) {
  %p1 = tz.elementwise cast(%p) : (tensor<i32>) -> tensor<f32>
  %y = tz.elementwise add(%x, %p1) : (tensor<?xf32>, tensor<f32>) -> tensor<?xf32>
  tz.return %y : tensor<?xf32>
}
"""


@pytest.fixture(scope="module")
def package():
    return tz.compile(MODULE)


@pytest.fixture(scope="module")
def program(package):
    with tz.load(package) as program:
        yield program


def test_importing_is_quick_and_brings_nothing():
    """No framework, no compiler; no file is written."""
    script = ("import time, sys; begin = time.process_time(); import terrazzo; spent = time.process_time() - begin\n"
              "assert not {'numpy', 'torch', 'jax'} & set(sys.modules); terrazzo.devices()\n"
              "assert 'LLVM' not in open('/proc/self/maps').read(); print(spent)")
    spent = [float(subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT / "python")}, check=True,
                                  capture_output=True, text=True).stdout) for _ in range(3)]
    assert min(spent) <= 0.05, spent


def test_functions_say_what_they_take(program):
    assert list(program) == ["mix", "scaled", "turned", "counted"]
    mix = program["mix"]
    assert mix is program.mix and mix.sizes == {"R": 64}
    assert mix.arguments == (("x", "f32", ("R", 4)), ("gain", "f32", (4,))) and mix.results[1] == ("sum", "f32", ("R", 1))
    assert "mix(x: f32[R, 4], gain: f32[4])" in repr(mix)
    with pytest.raises(AttributeError, match="there is no function 'mixed'"):
        program.mixed  # noqa: B018
    with pytest.raises(KeyError, match="there is no function 'mixed'"):
        program["mixed"]


@pytest.mark.parametrize("rows", [0, 1, 7, 64])
def test_arrays_of_numpy(program, rows):
    x, gain = np.random.default_rng(rows).standard_normal((rows, 4)).astype("f4"), np.arange(4, dtype="f4")
    y, total = program.mix(x, gain=gain)
    np.testing.assert_allclose(y, x * gain, rtol=1e-6)
    np.testing.assert_allclose(total, (x * gain).sum(1, keepdims=True), rtol=1e-5, atol=1e-5)
    out = np.full((rows, 4), 7, "f4")
    again, _ = program.mix(x, gain, out={"y": out})
    assert again is out
    np.testing.assert_array_equal(out, y)


def test_arrays_of_anybody(program):
    class Interface:  # as torch, cupy and others have it
        def __init__(self, array):
            self.array, self.__array_interface__ = array, array.__array_interface__

    class Capsule:
        def __init__(self, array):
            self.array = array

        def __dlpack__(self):
            return self.array.__dlpack__()

    floats = np.arange(5, dtype="f4")
    for given in (Interface(floats), Capsule(floats), memoryview(floats), array.array("f", floats), memoryview(floats.tobytes()).cast("f")):
        np.testing.assert_array_equal(program.scaled(given, 2.0), floats * 2)
    np.testing.assert_array_equal(program.turned(np.arange(4)), [3, 2, 1, 0])
    np.testing.assert_array_equal(program.counted(floats, 3), floats + 3)


def test_numbers_are_those_of_the_function(program):
    floats = np.zeros(2, "f4")
    for wrong in (1.5, 2**40):
        with pytest.raises(TypeError, match="is no i32"):
            program.counted(floats, wrong)


def test_what_does_not_fit_is_refused(program):
    x = np.zeros((3, 4), "f4")
    for arguments, part in (((x,), "gain is missing"), ((x, x, x), "3 arguments are given, of 2"), (("text", x), "str is no array"),
                            ((x.astype("c8"), x), "arrays of <c8 are not supported")):
        with pytest.raises(TypeError, match=part):
            program.mix(*arguments)
    with pytest.raises(TypeError, match="'x' is given twice"):
        program.mix(x, x[0], x=x)
    with pytest.raises(TypeError, match="it has no argument 'z'"):
        program.mix(z=x)
    for arguments in ((x[:, :3], x[0, :3]), (x.astype("f8"), x[0]), (np.zeros((65, 4), "f4"), x[0])):
        with pytest.raises(tz.TerrazzoError) as error:
            program.mix(*arguments)
        assert error.value.exit == 2 and error.value.code in ("TZ0809", "TZ0810"), error.value


def test_arrays_that_are_not_dense(program):
    x, ones = np.arange(24, dtype="f4").reshape(4, 6), np.ones(4, "f4")
    np.testing.assert_array_equal(program.mix(x.T, ones)[0], x.T)
    np.testing.assert_array_equal(program.mix(x[:, 1:5], ones)[0], x[:, 1:5])
    with pytest.raises(TypeError, match="not contiguous"):
        program.mix(np.ones((6, 4), "f4"), ones, out={"y": np.zeros((4, 6), "f4").T})
    fixed = np.zeros((6, 4), "f4")
    fixed.setflags(write=False)
    with pytest.raises(TypeError, match="may only be read"):
        program.mix(np.ones((6, 4), "f4"), ones, out={"y": fixed})


NARROW = {"bf16": None, "f16": "f2", "i16": "i2", "i8": "i1", "ui8": "u1", "i1": "?"}


class Words:
    """Memory as an array of any element, by DLPack, which has bf16."""

    def __init__(self, room, shape, numpy):
        self.bits = room.view(numpy or "u2").reshape(shape)
        if numpy:
            self.__array_interface__ = self.bits.__array_interface__

    def __dlpack__(self):
        capsule = self.bits.__dlpack__()
        DlTensor.from_address(dlpack_address(capsule)).code = 4  # bfloat
        return capsule


@pytest.mark.parametrize("target", [None, "cpu:x86-64-v3"])
@pytest.mark.parametrize("columns", [1, 15, 16, 17, 31, 33, 49])
def test_nothing_behind_a_result_is_written(columns, target):
    """Of elements of fewer bytes than a register has; rows by several threads do not touch each other's."""
    results = ", ".join(f'tensor<7x{columns}x{kind}> {{tz.name = "{kind}"}}' for kind in NARROW)
    casts = "".join(f"  %{kind} = tz.elementwise cast(%x) : (tensor<7x{columns}xi32>) -> tensor<7x{columns}x{kind}>\n" for kind in NARROW)
    types = ", ".join(f"tensor<7x{columns}x{kind}>" for kind in NARROW)
    module = (f'tz.func @f(%x: tensor<7x{columns}xi32> {{tz.name = "x"}}) -> ({results}) {{\n{casts}'
              f"  tz.return {', '.join('%' + kind for kind in NARROW)} : {types}\n}}")
    x = np.random.default_rng(columns).integers(0, 9, (7, columns)).astype("i4")
    bytes_of = {kind: 7 * columns * (2 if kind in ("bf16", "f16", "i16") else 1) for kind in NARROW}
    with tz.load(tz.compile(module.encode(), target=target)) as program:
        for _ in range(20):
            rooms = {kind: np.full(bytes_of[kind] + 128, 0xA5, "u1") for kind in NARROW}
            rooms = {kind: room[-room.ctypes.data % 64 :] for kind, room in rooms.items()}
            out = {kind: Words(rooms[kind][: bytes_of[kind]], (7, columns), numpy) for kind, numpy in NARROW.items()}
            program.f(x, out=out)
            for kind, words in out.items():
                assert (rooms[kind][bytes_of[kind] :] == 0xA5).all(), kind
                got = (words.bits.astype("u4") << 16).view("f4") if kind == "bf16" else words.bits
                np.testing.assert_array_equal(got, x != 0 if kind == "i1" else x, kind)


def test_many_threads_share_a_program(program):
    def work(seed):
        x = np.full((seed % 60 + 1, 4), seed, "f4")
        return all((program.mix(x, np.ones(4, "f4"))[1] == 4 * seed).all() for _ in range(20))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(64)))


def test_compiling(tmp_path, package):
    stages = []
    assert tz.compile(MODULE, tmp_path / "m.tzp", progress=lambda stage, done, total: stages.append(stage)) == package
    assert (tmp_path / "m.tzp").read_bytes() == package and stages[0] == "import" and stages[-1] == "package"
    with pytest.raises(tz.TerrazzoError, match="there is no elementwise function 'mull'") as error:
        tz.compile(MODULE.replace(b"mul(", b"mull("))
    assert (error.value.code, error.value.exit) == ("TZ0501", 3)
    with pytest.raises(tz.TerrazzoError, match="nosuch"):
        tz.compile(MODULE, target="nosuch:chip")
    with pytest.raises(ValueError, match="fallback is 'cpu' or 'error'"):
        tz.compile(MODULE, fallback="gpu")
    with pytest.raises(tz.TerrazzoError, match="not a usable package|no package|begin as a package"):
        tz.load(b"nonsense")


def test_weights_states_and_the_end(tmp_path):
    graph = Graph()
    with graph.function("step", [1, 8], x=("f32", "?", 2, 8), position=("i32",)) as f:
        rows = f.append("k", f.x, f.position, "f16", rows=12)
        f.result("y", f.linear(f.flat(f.attention(f.x, rows, rows, 0.5, position=f.position)), np.ones((3, 16), "f4")))
    module, weights = graph.write(tmp_path, "m")
    program = tz.load(tz.compile(module), weights=weights, threads=1)
    x = np.ones((2, 2, 8), "f4")
    np.testing.assert_allclose(program.step(x, 0), np.full((2, 3), 16), rtol=1e-3)
    held = np.frombuffer(program.states()["k"], "f2")[: 2 * 12 * 8].reshape(2, 12, 8)
    assert (held[:, :2] == 1).all() and (held[:, 2:] == 0).all()
    program.reset()
    assert not any(program.states()["k"])
    program.close()
    with pytest.raises(ValueError, match="the program is closed"):
        program.step(x, 0)


def test_types():
    run = subprocess.run([sys.executable, "-m", "mypy", "--cache-dir", os.devnull], cwd=ROOT / "python", capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_command_line():
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "PATH": f"{BUILD / 'bin'}:{os.environ['PATH']}"}
    run = subprocess.run([sys.executable, "-m", "terrazzo", "--version"], env=environment, capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout.startswith("terrazzo ")
    run = subprocess.run([sys.executable, "-m", "terrazzo", "--version"], env={**environment, "PATH": "/nowhere"}, capture_output=True, text=True)
    assert run.returncode == 1 and "there is no program 'terrazzo'" in run.stderr
