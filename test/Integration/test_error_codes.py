# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Codes of docs/errors.md: what a user does to meet each, the exit code that belongs to its kind, and what the text names.

Only codes that no other test names are here, and of those not the ones that nothing a user gives leads to on purpose.
"""

import contextlib
import ctypes as c
import json
import os
import re
import shlex
import shutil
import signal
import struct
import subprocess

import numpy as np
import pytest
from conftest import BUILD
from terrazzo import load
from terrazzo._c import CompileOptions, ProgramOptions, View, library, make
from tiny import Tiny
from tiny_encoder import TinyEncoder

MODULE = """
tz.func @double(%x: tensor<?x4xf32> {tz.name = "x"}) -> (tensor<?x4xf32> {tz.name = "y"}) attributes {tz.sizes = {T = [8]}} {
  %0 = tz.elementwise add(%x, %x) : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  tz.return %0 : tensor<?x4xf32>
}
"""


# Two arrays of 8 TiB between one and the other.
HUGE = """
tz.func @f(%x: tensor<2097152x1xf32>, %y: tensor<1048576xf32>) -> tensor<1x1xf32> {
  %a = tz.elementwise mul(%x, %y) : (tensor<2097152x1xf32>, tensor<1048576xf32>) -> tensor<2097152x1048576xf32>
  %b = tz.softmax %a {axis = 1 : i64} : tensor<2097152x1048576xf32> -> tensor<2097152x1048576xf32>
  %c = tz.reduce max %b [0, 1] : tensor<2097152x1048576xf32> -> tensor<1x1xf32>
  tz.return %c : tensor<1x1xf32>
}
"""
WEIGHTY = """
tz.weight @w : tensor<4xf32> {file = "m", tensor = "w", offset = 0 : i64, bytes = 16 : i64, hash = 0 : i64}
tz.func @f(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %w = tz.use_weight @w : tensor<4xf32>
  %0 = tz.elementwise mul(%x, %w) : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  tz.return %0 : tensor<?x4xf32>
}
"""


class Tables:
    """The tables of a package (runtime/package/Package.fbs), to change a number in them. Fields go by their order there."""

    def __init__(self, path):
        self.data = bytearray(path.read_bytes())
        self.root = self.follow(4)  # behind the size of all tables

    def number(self, form, at):
        return struct.unpack_from("<" + form, self.data, at)[0]

    def follow(self, at):
        return at + self.number("I", at)

    def field(self, table, order):
        layout = table - self.number("i", table)
        offset = self.number("H", layout + 4 + 2 * order)
        assert offset, "the field has its default and is not in the file"
        return table + offset

    def rows(self, at):
        start = self.follow(at)
        return [self.follow(start + 4 + 4 * i) for i in range(self.number("I", start))]

    def changed(self, form, at, value, path):
        struct.pack_into("<" + form, self.data, at, value)
        path.write_bytes(self.data)


def damage(package, device_package, place):
    """Packages with one fault each, from good ones."""
    whole = package.read_bytes()
    tables = 4 + struct.unpack_from("<I", whole)[0]
    (place / "no_tables.tzp").write_bytes(whole[: tables // 2])
    (place / "no_code.tzp").write_bytes(whole[:tables])
    one = Tables(package)
    (variant,) = one.rows(one.field(one.root, 4))
    one.changed("I", one.follow(one.field(variant, 6)), 0, place / "no_programs.tzp")
    one = Tables(package)
    # The last segment and its kernels move up: half a gigabyte of addresses is allowed, but more than a limit leaves.
    last, kernels = one.rows(one.field(variant, 4))[-1], one.rows(one.field(variant, 5))
    for address in [one.field(last, 0), *(one.field(kernel, 1) for kernel in kernels)]:
        one.changed("Q", address, one.number("Q", address) + (1 << 29), place / "wide.tzp")
    whole = device_package.read_bytes()
    start = -(-(4 + struct.unpack_from("<I", whole)[0]) // 4096) * 4096  # code begins on a page
    (place / "zeros.tzp").write_bytes(whole[:start] + bytes(len(whole) - start))


@pytest.fixture(scope="module")
def place(terrazzo, tmp_path_factory):
    """A folder with all that the commands below name."""
    place = tmp_path_factory.mktemp("codes")
    for name, text in {"ids": "1 2 3", "letters": "1 x 3", "beyond": "1 99999", "empty": "", "double.mlir": MODULE, "nothing.mlir": "// nothing\n",
                       "deep.mlir": "module attributes {a = " + "[" * 20000 + "]" * 20000 + "} {}",
                       "deep.mlirbc": "module attributes {a = " + "[" * 20000 + "]" * 20000 + "} {}",
                       "sets.mlir": "#s = affine_set<(d0) : (d0 >= 0" + ", d0 >= 0" * 20000 + ")>\n#b = " + "[" * 20000 + "]" * 20000,
                       "minus.mlir": "#m = affine_map<(d0) -> (" + "-" * 100_000 + "d0)>\n" + MODULE,
                       "sum.mlir": "#m = affine_map<(d0) -> (d0" + " + (d0 mod 2)" * 100_000 + ")>\n" + MODULE,
                       "absurd.mlir": MODULE.replace("?x4x", "1x4000000000x4000000000x").replace("attributes {tz.sizes = {T = [8]}}", ""), "huge.mlir": HUGE, "weighty.mlir": WEIGHTY,
                       "flat.mlir": "".join(f"#s{i} = affine_set<(d0) : (d0 <= {i})>\n" for i in range(600)) + MODULE, "red": "\033[31mred",
                       "other_red": "\x9b31mred\u202e"}.items():
        (place / name).write_text(text)
    # A regular expression of this rule tries every space of a run as the last one.
    (place / "spaces").write_text("a" + " " * 20_000_000 + "b")
    Tiny().write(place / "model.gguf")
    Tiny(keys={"tokenizer.ggml.pre": "llama-bpe"}).write(place / "other.gguf")
    TinyEncoder().write_gguf(place / "encoder.gguf")
    odd = TinyEncoder().write_folder(place / "odd")
    (odd / "config.json").write_text(json.dumps(TinyEncoder().config() | {"position_embedding_type": "relative_key"}))
    np.save(place / "wrong.npy", np.zeros((2, 5), "f4"))

    # No file of /proc can be removed, not even by root.
    (place / "cache").mkdir()
    (place / "cache" / "packages").symlink_to("/proc/self")

    # terrazzo without its compiler, and what may stand in the compiler's place.
    (place / "lone").mkdir()
    shutil.copy(BUILD / "bin" / "terrazzo", place / "lone")
    scripts = {"silent": "#!/bin/sh\n", "failing": "#!/bin/sh\nexit 3\n", "killed": "#!/bin/sh\nkill -9 $$\n"}
    for name, text in ({"junk": "junk"} | scripts).items():
        (place / name).write_text(text)
        (place / name).chmod(0o755)

    terrazzo("compile", "-m", place / "double.mlir", "-o", place / "double.tzp", "--quiet")
    terrazzo("compile", "-m", place / "double.mlir", "-o", place / "device.tzp", "--target", "nvidia:sm_80", "--quiet")
    damage(place / "double.tzp", place / "device.tzp", place)
    return place


# Code, exit code, words of the message, command. @ is the folder of `place`.
COMMANDS = [
    # What the command line asks for.
    ("TZ0013", 2, "'1.5'", "terrazzo detokenize -m @/model.gguf 1.5"),
    ("TZ0013", 2, "the model's ids go from 0 to 257", "terrazzo detokenize -m @/model.gguf 258"),
    ("TZ0020", 4, "there is no device 'nosuch'", "terrazzo run -m @/model.gguf -p x --device nosuch"),
    ("TZ0021", 4, "--device cpu:nosuch", "terrazzo run -m @/model.gguf -p x --device cpu:nosuch"),
    ("TZ0030", 2, "100 tokens do not fit into 10", "terrazzo bench -m @/model.gguf -p 100 -n 1 -c 10"),
    ("TZ0033", 2, "the prompt has no tokens", "terrazzo run -m @/model.gguf -p ''"),
    ("TZ0034", 2, "5 tokens, and the context has room for 4", "terrazzo run -m @/model.gguf -p aaaaa -c 4"),
    ("TZ0035", 2, "there is no prompt", "terrazzo run -m @/model.gguf"),
    ("TZ0035", 2, "there are several prompts", "terrazzo run -m @/model.gguf -p x -f @/ids"),
    ("TZ0036", 2, "--special has no effect", "terrazzo run -m @/model.gguf -p x --no-chat --special"),
    ("TZ0036", 2, "--why has no effect with --quiet", "terrazzo bench -m @/model.gguf --why --quiet"),
    ("TZ0038", 2, "--ctx-size 0", "terrazzo call -m @/double.mlir --random 1 --size T=1 -c 0"),
    ("TZ0039", 2, "bench -p 0 -n 0", "terrazzo bench -m @/model.gguf -p 0 -n 0"),
    ("TZ0040", 1, "none of TERRAZZO_CACHE_DIR, XDG_CACHE_HOME and HOME is set",
     "env -u TERRAZZO_CACHE_DIR -u XDG_CACHE_HOME -u HOME terrazzo cache path"),
    ("TZ0041", 2, "@/double.mlir", "terrazzo run -m @/double.mlir -p x"),
    ("TZ0042", 2, "give --size T=N", "terrazzo call @/double.tzp --random 1"),
    ("TZ0042", 2, "it has no result 'z'", "terrazzo call @/double.tzp --random 1 --size T=1 --output z=@/z.npy"),
    ("TZ0042", 2, "its file's shape is [2, 5]", "terrazzo call @/double.tzp --input x=@/wrong.npy"),
    # What is read.
    ("TZ0011", 2, "Is a directory", "terrazzo run -m @/model.gguf -f @"),
    ("TZ0011", 2, "@/ids/below", "terrazzo eval -m @/model.gguf --ids @/ids/below"),
    ("TZ0012", 2, "standard input, line 2", "terrazzo tokenize -m @/model.gguf --jsonl"),
    ("TZ0014", 2, "'x' is no token id", "terrazzo run -m @/model.gguf --ids @/letters"),
    ("TZ0014", 2, "'\\xc2\\x9b31mred\\xe2\\x80\\xae' is no token id", "terrazzo run -m @/model.gguf --ids @/other_red"),
    ("TZ0014", 2, "'\\x1b[31mred' is no token id", "terrazzo run -m @/model.gguf --ids @/red"),
    ("TZ0014", 2, "there is no token id", "terrazzo eval -m @/model.gguf --ids @/empty"),
    ("TZ0116", 2, "@/ids", "terrazzo call @/double.tzp --input x=@/ids"),
    ("TZ0120", 3, "config.json: 'position_embedding_type'", "terrazzo embed -m @/odd -p x"),
    ("TZ0204", 1, "match limit exceeded", "terrazzo tokenize -m @/other.gguf -f @/spaces"),
    # What is written.
    ("TZ0010", 1, "standard output", """sh -c 'exec "$0" targets > /dev/full' terrazzo"""),
    ("TZ0010", 1, "standard output", """sh -c 'exec "$0" --version > /dev/full' terrazzo"""),
    ("TZ0010", 1, "standard output", """sh -c 'exec "$0" run --help > /dev/full' terrazzo"""),
    ("TZ0010", 1, "standard output", """sh -c 'exec "$0" --list-targets > /dev/full' terrazzo-compile"""),
    ("TZ0010", 1, "standard output", """sh -c 'exec "$0" -m @/double.mlir --emit tz > /dev/full' terrazzo-compile"""),
    ("TZ0530", 1, "Not a directory", "terrazzo compile -m @/double.mlir -o @/x.tzp --dump-to @/ids/below"),
    ("TZ0711", 1, "@/cache/packages/", "env TERRAZZO_CACHE_DIR=@/cache terrazzo cache clear"),
    ("TZ0712", 1, "/dev/full", "terrazzo call @/double.tzp --random 1 --size T=1 --output y=/dev/full"),
    ("TZ0712", 1, "Not a directory", "terrazzo call @/double.tzp --random 1 --size T=1 --output y=@/ids/below"),
    # The float64 reference, through terrazzo and by itself.
    ("TZ0321", 2, "the token id 99999 does not exist", "terrazzo eval -m @/model.gguf --ids @/beyond --reference"),
    ("TZ0323", 3, "@/encoder.gguf", "terrazzo eval -m @/encoder.gguf --ids @/ids --reference"),
    ("TZ0541", 1, "@/none", "terrazzo-compile -m @/model.gguf --reference --format text --ids @/none"),
    ("TZ0542", 2, "there is no token id", "terrazzo-compile -m @/model.gguf --reference --format text --ids @/empty"),
    ("TZ0542", 2, "'x' is no token id", "terrazzo-compile -m @/model.gguf --reference --format text --ids @/letters"),
    ("TZ0543", 1, "/dev/full", "terrazzo eval -m @/model.gguf --ids @/ids --reference --logits /dev/full"),
    *(("TZ0041", 2, "a module has no vocabulary", f"terrazzo {verb} -m @/double.mlir {rest}")
      for verb, rest in (("tokenize", "-p x"), ("detokenize", "1"), ("chat-template", ""))),
    # Modules that are none.
    ("TZ0501", 3, "it has no function", "terrazzo compile -m @/nothing.mlir -o @/x.tzp"),
    ("TZ0501", 3, "more than 500 deep", "terrazzo compile -m @/deep.mlir -o @/x.tzp"),
    ("TZ0501", 3, "more than 500 deep", "terrazzo compile -m @/deep.mlirbc -o @/x.tzp"),
    ("TZ0501", 3, "more than 500 deep", "terrazzo compile -m @/sets.mlir -o @/x.tzp"),
    ("TZ0501", 3, "more than 500 signs", "terrazzo compile -m @/minus.mlir -o @/x.tzp"),
    ("TZ0501", 3, "more than 500 signs", "terrazzo compile -m @/sum.mlir -o @/x.tzp"),
    ("TZ0501", 3, "more than 500 deep", "terrazzo-compile -m @/deep.mlir -o @/x.tzp --format text"),
    ("TZ0504", 3, "'x' is absurdly large", "terrazzo compile -m @/absurd.mlir -o @/x.tzp"),
    # Errors of what was compiled for a model name the model.
    ("TZ0601", 6, "@/huge.mlir", "terrazzo call -m @/huge.mlir --random 1"),
    ("TZ0709", 2, "@/weighty.mlir", "terrazzo call -m @/weighty.mlir --random 1 --size T=1"),
    ("TZ0708", 7, "@/encoder.gguf", "terrazzo run -m @/encoder.gguf -p x"),
    # A compiler that is missing, cannot be run, or ends badly.
    ("TZ0422", 4, "@/lone/terrazzo-compile", "env -u TERRAZZO_COMPILE @/lone/terrazzo compile -m @/double.mlir -o @/x.tzp"),
    ("TZ0422", 4, "TERRAZZO_COMPILE names no executable file",
     "env TERRAZZO_COMPILE=@/ids @/lone/terrazzo run -m @/model.gguf -p x --no-cache"),
    ("TZ0423", 4, "@/junk", "env TERRAZZO_COMPILE=@/junk @/lone/terrazzo compile -m @/double.mlir -o @/x.tzp"),
    ("TZ0424", 3, "exit code 3", "env TERRAZZO_COMPILE=@/failing @/lone/terrazzo compile -m @/double.mlir -o @/x.tzp"),
    ("TZ0424", 6, "the compiler was killed", "env TERRAZZO_COMPILE=@/killed @/lone/terrazzo compile -m @/double.mlir -o @/x.tzp"),
    ("TZ0031", 70, "@/silent", "env TERRAZZO_COMPILE=@/silent @/lone/terrazzo eval -m @/model.gguf --ids @/ids --reference"),
    # Packages that are damaged, and limits.
    ("TZ0003", 6, "out of memory", "prlimit --as=400000000 terrazzo run -m @/model.gguf -f /dev/zero"),
    ("TZ0445", 7, "--device emu:sm_80", "terrazzo call @/zeros.tzp --random 1 --size T=1 --device emu:sm_80"),
    ("TZ0704", 7, "@/no_tables.tzp", "terrazzo call @/no_tables.tzp --random 1 --size T=1"),
    ("TZ0704", 7, "it is only 5 bytes", "terrazzo-run @/ids -m @/model.gguf -p x"),
    ("TZ0705", 7, "segment 0 ends behind the end of the file", "terrazzo call @/no_code.tzp --random 1 --size T=1"),
    ("TZ0706", 6, "Cannot allocate memory", "prlimit --as=400000000 terrazzo call @/wide.tzp --random 1 --size T=1"),
    ("TZ0714", 7, "@/no_programs.tzp", "terrazzo call @/no_programs.tzp --random 1 --size T=1"),
]


def one_error(text, code, words):
    assert re.findall(r"^error\[?(\w*)", text, re.MULTILINE) == [code], text
    assert words in text, text


@pytest.mark.parametrize(("code", "exit_code", "words", "command"), COMMANDS, ids=[f"{row[0]}-{row[2]}" for row in COMMANDS])
def test_command(terrazzo, place, code, exit_code, words, command):
    program, *arguments = [BUILD / "bin" / word if word.startswith("terrazzo") else word.replace("@", str(place))
                           for word in shlex.split(command)]
    # The input's second line is no string; only `tokenize --jsonl` reads it.
    result = terrazzo(*arguments, program=shutil.which(program), stdin='"text"\n3\n', code=exit_code, timeout=60)
    one_error(result.err, code, words.replace("@", str(place)))


def test_comparisons_are_no_brackets(terrazzo, place):
    terrazzo("compile", "-m", place / "flat.mlir", "-o", place / "x.tzp", "--quiet")


def test_a_crash_of_the_compiler(place):
    """A signal stands for the crash. A pipe in the module's place holds the compiler where it reads."""
    pipe = place / "pipe.mlir"
    os.mkfifo(pipe)
    child = subprocess.Popen([BUILD / "bin" / "terrazzo-compile", "-m", pipe, "-o", place / "x.tzp", "--format", "text"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    writer = None
    while writer is None and child.poll() is None:
        with contextlib.suppress(OSError):  # nobody reads yet
            writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    child.send_signal(signal.SIGABRT)
    _, text = child.communicate(timeout=60)
    assert writer is not None, text
    os.close(writer)
    assert child.returncode == 70
    one_error(text, "TZ0599", "the compiler crashed")


class SessionOptions(c.Structure):
    _fields_ = [("struct_size", c.c_size_t),
                *[(n, c.c_char_p) for n in ("package_path", "weights_path", "target", "cache_folder")],
                ("context_size", c.c_uint32), ("threads", c.c_uint32), ("device", c.c_char_p)]


@pytest.mark.parametrize(("function", "options", "given", "code", "words"), [
    ("session_open", SessionOptions, {}, "TZ0804", "needs a package and weights"),
    ("session_open", SessionOptions, {"package_path": b"x.tzp"}, "TZ0804", "needs a package and weights"),
    ("program_open", ProgramOptions, {}, "TZ0810", "neither a path nor the bytes of a package are given"),
    ("compile", CompileOptions, {"model_path": b"x.mlir"}, "TZ0811", "no path for the package is given"),
    ("compile", CompileOptions, {"output_path": b"x.tzp"}, "TZ0811", "neither a model's path nor a module is given"),
])
def test_c_interface(function, options, given, code, words):
    error, handle = c.create_string_buffer(2000), c.c_void_p(1)
    opened = [c.byref(handle)] if function.endswith("open") else []
    answer = getattr(library(), f"terrazzo_{function}")(c.byref(make(options, **given)), *opened, error,
                                                        c.c_size_t(len(error)))
    assert answer == 2 and (not opened or not handle)
    one_error(error.value.decode(), code, words)


def test_a_call_through_the_c_interface_that_is_wrong(place):
    program = load(place / "double.tzp")
    call, number = library().terrazzo_program_call, c.c_uint32(0)
    rooms = [np.zeros((2, columns), "f4") for columns in (4, 5)]
    good, wide = (c.pointer(make(View, data=room.ctypes.data, shape=(c.c_int64 * 2)(*room.shape), rank=2, element=2)) for room in rooms)
    for arguments, results, words in [
        ([], [good], "0 arguments are given, of 1"),
        ([good], [], "0 results are given, of 1"),
        ([c.POINTER(View)()], [good], "the view of 'x' is null"),
        ([wide], [good], "dimension 1 of its view has 5, not 4"),
        ([good], [wide], "'y' is f32[T, 4], and dimension 1 of its view has 5, not 4"),
    ]:
        views = [(c.POINTER(View) * max(len(some), 1))(*some) for some in (arguments, results)]
        answer = call(program._handle, number, views[0], c.c_size_t(len(arguments)), views[1], c.c_size_t(len(results)))
        assert answer == 2
        one_error(library().terrazzo_program_error(program._handle).decode(), "TZ0810", words)
    program.close()
