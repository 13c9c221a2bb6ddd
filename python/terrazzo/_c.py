# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""terrazzo-c/program.h and compiler.h through ctypes: where the library is, its structs, its errors.

The library is that of `$TERRAZZO_RUNTIME`, else the one beside this package, else the one that the system's loader finds.
ctypes gives the interpreter's lock back during calls.
"""

from __future__ import annotations

import ctypes as c
import functools
import os
import pathlib
import re
from typing import Any

NAME = "libTerrazzoRuntime.so"
VERSION = 3  # of terrazzo-c/program.h, at least


class TerrazzoError(RuntimeError):
    """What a tool would print; `code` is its own ("TZ0809"), `exit` what the tool would end with."""

    def __init__(self, text: str, exit: int) -> None:
        super().__init__(text.strip())
        found = re.match(r"error\[(\w+)\]", text)
        self.code: str = found[1] if found else ""
        self.exit: int = exit


class View(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("data", c.c_void_p), ("shape", c.POINTER(c.c_int64)), ("strides", c.POINTER(c.c_int64)),
                ("rank", c.c_uint32), ("element", c.c_uint32), ("place", c.c_uint32), ("reserved", c.c_uint32)]


class Weight(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("name", c.c_char_p), ("view", c.POINTER(View))]


class ProgramOptions(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("package_path", c.c_char_p), ("package_bytes", c.c_char_p), ("package_size", c.c_size_t),
                ("weights_path", c.c_char_p), ("target", c.c_char_p), ("cache_folder", c.c_char_p), ("device", c.c_char_p),
                ("threads", c.c_uint32), ("cache_rows", c.c_uint32), ("weights", c.POINTER(c.POINTER(Weight))),
                ("weight_count", c.c_size_t)]


class FunctionFacts(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("name", c.c_char_p), ("signature", c.c_char_p), ("size", c.c_char_p),
                ("largest_size", c.c_uint64), ("arguments", c.c_uint32), ("results", c.c_uint32), ("sizes", c.c_uint32),
                ("reserved", c.c_uint32)]


class SizeFacts(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("name", c.c_char_p), ("largest", c.c_uint64)]


class ValueFacts(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("name", c.c_char_p), ("dims", c.POINTER(c.c_int64)), ("rank", c.c_uint32),
                ("element", c.c_uint32), ("limit", c.c_uint64)]


class StateFacts(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("name", c.c_char_p), ("type", c.c_char_p), ("row_bytes", c.c_uint64),
                ("rows", c.c_uint64), ("bytes", c.c_uint64)]


class Diagnostic(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("severity", c.c_char_p), ("code", c.c_char_p), ("what", c.c_char_p), ("where", c.c_char_p),
                ("why", c.c_char_p), ("help", c.c_char_p)]


OnDiagnostic = c.CFUNCTYPE(None, c.c_void_p, c.POINTER(Diagnostic))
OnProgress = c.CFUNCTYPE(None, c.c_void_p, c.c_char_p, c.c_uint64, c.c_uint64)


class CompileOptions(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("model_path", c.c_char_p), ("module_text", c.c_char_p), ("module_bytes", c.c_size_t),
                ("output_path", c.c_char_p), ("target", c.c_char_p), ("compiler", c.c_char_p), ("fallback_error", c.c_int),
                ("context", c.c_void_p), ("diagnostic", OnDiagnostic), ("progress", OnProgress)]


def make(kind: Any, **fields: object) -> Any:
    """A struct that says its size."""
    return kind(struct_size=c.sizeof(kind), **fields)


def path(name: str | os.PathLike[str] | None) -> bytes | None:
    return None if name is None else os.fsencode(name)


@functools.lru_cache(None)
def library() -> c.CDLL:
    beside = pathlib.Path(__file__).parent / "lib" / NAME
    name = os.environ.get("TERRAZZO_RUNTIME") or (str(beside) if beside.exists() else NAME)
    try:
        found = c.CDLL(name)
    except OSError as error:
        raise ImportError(f"Terrazzo's runtime cannot be loaded: {error}; set TERRAZZO_RUNTIME to the path of {NAME}") from None
    found.terrazzo_program_version.restype = c.c_uint32
    if found.terrazzo_program_version() < VERSION:
        raise ImportError(f"{name} is of version {found.terrazzo_program_version()} of the interface, at least {VERSION} is needed")
    pointer, number = c.c_void_p, c.c_uint32
    signatures = {
        "program_open": (c.c_int, [c.POINTER(ProgramOptions), c.POINTER(pointer), c.c_char_p, c.c_size_t]),
        "program_close": (None, [pointer]), "program_error": (c.c_char_p, [pointer]), "program_functions": (number, [pointer]),
        "program_function": (c.c_int, [pointer, number, c.POINTER(FunctionFacts)]),
        "program_size": (c.c_int, [pointer, number, number, c.POINTER(SizeFacts)]),
        "program_argument": (c.c_int, [pointer, number, number, c.POINTER(ValueFacts)]),
        "program_result": (c.c_int, [pointer, number, number, c.POINTER(ValueFacts)]),
        "program_result_shape": (c.c_int, [pointer, number, number, c.POINTER(c.c_uint64), c.c_size_t, c.POINTER(c.c_int64)]),
        "program_call": (c.c_int, [pointer, number, c.POINTER(c.POINTER(View)), c.c_size_t, c.POINTER(c.POINTER(View)), c.c_size_t]),
        "program_states": (number, [pointer]), "program_state": (c.c_int, [pointer, number, c.POINTER(StateFacts)]),
        "program_read_state": (c.c_int, [pointer, number, c.c_void_p, c.c_size_t]), "program_reset_states": (c.c_int, [pointer]),
        "devices": (c.c_size_t, [c.c_char_p, c.c_size_t]), "compile": (c.c_int, [c.POINTER(CompileOptions), c.c_char_p, c.c_size_t]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(found, "terrazzo_" + name)
        function.restype, function.argtypes = result, arguments
    return found
