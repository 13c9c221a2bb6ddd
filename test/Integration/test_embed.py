# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C interface as strangers use it: docs/embed.c as it stands, and arrays of NumPy through ctypes without a copy."""

import concurrent.futures
import ctypes as c
import os
import shutil
import subprocess

import numpy as np
import pytest
from conftest import BUILD, ROOT
from terrazzo._arrays import OF_NUMBER, dlpack_address, empty
from terrazzo._c import CompileOptions, OnDiagnostic, OnProgress, ProgramOptions, View, make
from terrazzo._c import library as runtime
from tz_graph import Graph


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("embed")
    compiler = shutil.which("clang-22") or shutil.which("cc")
    subprocess.run([compiler, "-std=c11", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I", ROOT / "include",
                    ROOT / "docs/embed.c", "-L", BUILD / "lib", "-lTerrazzoRuntime", "-o", folder / "embed"], check=True)
    return folder


def run(folder, **more):
    environment = {**os.environ, "LD_LIBRARY_PATH": str(BUILD / "lib"), **more}
    return subprocess.run([folder / "embed", folder / "embed.tzp"], capture_output=True, text=True, env=environment)


def test_the_program_of_the_documents(embedded):
    result = run(embedded)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "mix(x: f32[R, 4], gain: f32[4]) -> y: f32[R, 4], R up to 64"
    root = (25 / 4) ** 0.5
    assert [float(x) for x in lines[1].split()] == pytest.approx([1, 2, 3, 4], rel=1e-5)
    assert [float(x) for x in lines[2].split()] == pytest.approx([3 / root, 0, 12 / root, 0], rel=1e-5)


def test_the_library_links_no_compiler():
    needed = subprocess.run(["readelf", "-d", BUILD / "lib/libTerrazzoRuntime.so"], capture_output=True, text=True).stdout
    assert "NEEDED" in needed and "LLVM" not in needed and "MLIR" not in needed


@pytest.fixture(scope="module")
def library():
    return runtime()


def compiled(library, text, output, **more):
    """(exit code, error text, diagnostics, stages)."""
    said, stages = [], []

    def say(_, d):
        said.append((d.contents.severity, d.contents.code, d.contents.what, d.contents.where))

    options = make(CompileOptions, module_text=text, module_bytes=len(text), output_path=bytes(output), diagnostic=OnDiagnostic(say),
                   progress=OnProgress(lambda _, stage, done, total: stages.append(stage)), **more)
    error = c.create_string_buffer(2000)
    code = library.terrazzo_compile(c.byref(options), error, len(error))
    return code, error.value.decode(), said, stages


SILU = b"""tz.func @f(%x: tensor<?x8xf32> {tz.dims = ["R", 8], tz.name = "x"}) -> (tensor<?x8xf32> {tz.name = "y"}) {
  %0 = tz.elementwise silu(%x) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  tz.return %0 : tensor<?x8xf32>
}"""


def test_compiling_from_memory(library, tmp_path):
    code, error, said, stages = compiled(library, SILU, tmp_path / "f.tzp")
    assert (code, error, said) == (0, "", []) and stages[0] == b"import" and stages[-1] == b"package"
    assert (tmp_path / "f.tzp").exists()


@pytest.mark.parametrize("text,more,code,part", [
    (SILU.replace(b"silu", b"sulu"), {}, 3, "there is no elementwise function 'sulu'"),
    (b"", {"target": b"nosuch:chip"}, 4, "nosuch"),
    (SILU, {"compiler": b"/no/such/compiler"}, 4, "/no/such/compiler"),
])
def test_diagnostics_come_through_the_callback(library, tmp_path, text, more, code, part):
    got, error, said, _ = compiled(library, text, tmp_path / "f.tzp", **more)
    assert got == code and error.startswith("error[TZ")
    assert part in error + str(said)
    assert said[-1][0] == b"error" and not (tmp_path / "f.tzp").exists()


def test_many_threads_compile_at_once(library, tmp_path):
    """Each is told of its own module, and the packages are those that one at a time gives."""
    words = [b"silu", b"sulu", b"tanh", b"tonh", b"relu", b"rilu"]
    alone = [compiled(library, SILU.replace(b"silu", word), tmp_path / f"alone_{i}.tzp") for i, word in enumerate(words)]
    with concurrent.futures.ThreadPoolExecutor(len(words)) as pool:
        runs = [pool.submit(compiled, library, SILU.replace(b"silu", word), tmp_path / f"{i}.tzp") for i, word in enumerate(words)]
        together = [run.result() for run in runs]
    assert [run[:3] for run in together] == [run[:3] for run in alone]
    assert [run[0] for run in together] == [0, 3] * 3
    for i in (0, 2, 4):
        assert (tmp_path / f"{i}.tzp").read_bytes() == (tmp_path / f"alone_{i}.tzp").read_bytes()


def aligned(shape):
    array = empty(shape, OF_NUMBER[2], like_torch=False)
    array[...] = 0
    return array


def test_arrays_of_numpy(library, tmp_path):
    assert compiled(library, SILU, tmp_path / "f.tzp")[0] == 0
    program = c.c_void_p()
    options = make(ProgramOptions, package_path=bytes(tmp_path / "f.tzp"))
    assert library.terrazzo_program_open(c.byref(options), c.byref(program), None, 0) == 0
    for rows, room in ((0, aligned), (1, aligned), (37, aligned), (37, lambda shape: np.zeros(shape, np.float32)),
                       (5, lambda shape: np.zeros(shape[0] * 8 + 1, np.float32)[1:].reshape(shape))):
        x, y = room((rows, 8)), room((rows, 8))
        x[:] = np.random.default_rng(rows).standard_normal((rows, 8))
        views, held = [], []
        for array in (x, y):
            held.append(array.__dlpack__())  # NumPy's own
            view = View(c.sizeof(View))
            assert library.terrazzo_view_from_dlpack(c.c_void_p(dlpack_address(held[-1])), c.byref(view)) == 0
            assert view.data == array.ctypes.data
            views.append((c.POINTER(View) * 1)(c.pointer(view)))
        code = library.terrazzo_program_call(program, 0, views[0], c.c_size_t(1), views[1], c.c_size_t(1))
        assert code == 0, library.terrazzo_program_error(program)
        wide = x.astype(np.float64)
        np.testing.assert_allclose(y, wide / (1 + np.exp(-wide)), rtol=1e-5, atol=1e-6)
    library.terrazzo_program_close(program)


def test_an_array_without_rows_is_not_written(library, terrazzo, tmp_path):
    graph = Graph()
    with graph.function("f", [1, 8], x=("f32", "?", 32)) as f:
        f.result("y", f.linear(f.x, np.ones((16, 32), np.float32)))
    module, weights = graph.write(tmp_path, "m")
    terrazzo("compile", "-m", module, "-o", tmp_path / "m.tzp")
    program = c.c_void_p()
    options = make(ProgramOptions, package_path=bytes(tmp_path / "m.tzp"), weights_path=bytes(weights))
    assert library.terrazzo_program_open(c.byref(options), c.byref(program), None, 0) == 0
    x, y = aligned((1, 32)), aligned((1, 16))
    x[:], y[:] = 1, 77
    for rows, want in ((0, 77), (1, 32)):
        views = [(c.POINTER(View) * 1)(c.pointer(View(c.sizeof(View), array.ctypes.data, (c.c_int64 * 2)(rows, array.shape[1]),
                                                       None, 2, 2, 0, 0))) for array in (x, y)]
        assert library.terrazzo_program_call(program, 0, views[0], c.c_size_t(1), views[1], c.c_size_t(1)) == 0
        np.testing.assert_array_equal(y, want)
    library.terrazzo_program_close(program)


class Cuda:
    """Memory of the emulated device, by its driver: a pointer as any CUDA program has one."""

    def __init__(self):
        self.driver, self.context = c.CDLL(BUILD / "lib/emu-driver/libcuda.so.1"), c.c_void_p()
        self.call("cuInit", 0)
        self.call("cuDevicePrimaryCtxRetain", c.byref(self.context), 0)
        self.call("cuCtxSetCurrent", self.context)

    def call(self, name, *arguments):
        assert getattr(self.driver, name)(*arguments) == 0, name

    def allocate(self, bytes_):
        place = c.c_uint64()
        self.call("cuMemAlloc_v2", c.byref(place), c.c_size_t(bytes_))
        return place.value

    def write(self, place, array):
        self.call("cuMemcpyHtoD_v2", c.c_uint64(place), c.c_void_p(array.ctypes.data), c.c_size_t(array.nbytes))

    def read(self, array, place):
        self.call("cuMemcpyDtoH_v2", c.c_void_p(array.ctypes.data), c.c_uint64(place), c.c_size_t(array.nbytes))


def test_arrays_on_a_device(library, terrazzo, tmp_path):
    """A caller's memory on the device is used where it lies, on both sides; aligned to 64 bytes and not."""
    (tmp_path / "f.mlir").write_bytes(SILU)
    terrazzo("compile", "-m", tmp_path / "f.mlir", "-o", tmp_path / "f.tzp", "--target", "nvidia:sm_80")
    program = c.c_void_p()
    options = make(ProgramOptions, package_path=bytes(tmp_path / "f.tzp"), device=b"emu:sm_80")
    error = c.create_string_buffer(1000)
    assert library.terrazzo_program_open(c.byref(options), c.byref(program), error, len(error)) == 0, error.value
    cuda = Cuda()
    room = cuda.allocate(1 << 16)
    x = np.random.default_rng(1).standard_normal((5, 8)).astype(np.float32)
    for offset in (0, 64, 4):
        given, result = room + offset, room + 4096 + offset
        cuda.write(given, x)
        views = [(c.POINTER(View) * 1)(c.pointer(View(c.sizeof(View), place, (c.c_int64 * 2)(5, 8), None, 2, 2, 1, 0)))
                 for place in (given, result)]
        assert library.terrazzo_program_call(program, 0, views[0], c.c_size_t(1), views[1], c.c_size_t(1)) == 0, \
            library.terrazzo_program_error(program)
        y = np.zeros_like(x)
        cuda.read(y, result)
        np.testing.assert_allclose(y, x / (1 + np.exp(-x)), rtol=1e-5, atol=1e-6)
    library.terrazzo_program_close(program)
