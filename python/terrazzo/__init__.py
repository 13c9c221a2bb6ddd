# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Terrazzo: transformer models as machine code of many chips.

    import terrazzo
    terrazzo.compile("model.mlir", "model.tzp")
    program = terrazzo.load("model.tzp", weights="model.gguf")
    y = program.f(x)            # NumPy arrays, torch tensors, anything with DLPack: no copy

Nothing of LLVM is in this process: the compiler is a child of it. Importing opens no device and writes no file.
"""

from __future__ import annotations

import ctypes as c
import logging
import os
import pathlib
from collections.abc import Callable

from . import _c
from ._c import TerrazzoError
from .program import Function, Program, Value

__all__ = ["Function", "Program", "TerrazzoError", "Value", "compile", "devices", "load"]

_log = logging.getLogger("terrazzo")


load = Program


def compile(model: str | os.PathLike[str] | bytes, output: str | os.PathLike[str] | None = None, *, target: str | None = None,
            fallback: str = "cpu", compiler: str | os.PathLike[str] | None = None,
            progress: Callable[[str, int, int], None] | None = None) -> bytes:
    """Compiles a model and answers with its package, which it also writes to `output`.

    `model` is a path (GGUF, ONNX, a folder of safetensors, a module of tz) or, as bytes, a module's text or bytecode. `target` as the
    tools' --target, None: this processor. `fallback="error"` refuses what the first target cannot run. `progress` is told of
    stages: name, how many are done, of how many. Warnings and notes go to the logger "terrazzo". Raises TerrazzoError.
    """
    if fallback not in ("cpu", "error"):
        raise ValueError(f"fallback is 'cpu' or 'error', not {fallback!r}")
    import tempfile  # which imports much

    with tempfile.TemporaryDirectory(prefix="terrazzo-") as folder:
        path = pathlib.Path(folder, "package.tzp") if output is None else pathlib.Path(output)
        options = _c.make(_c.CompileOptions, output_path=os.fsencode(path), target=None if target is None else target.encode(),
                          compiler=_c.path(compiler), fallback_error=fallback == "error", diagnostic=_c.OnDiagnostic(_told),
                          progress=_c.OnProgress(lambda _, stage, done, total: progress and progress(stage.decode(), done, total)))
        if isinstance(model, bytes):
            options.module_text, options.module_bytes = model, len(model)
        else:
            options.model_path = _c.path(model)
        error = c.create_string_buffer(4096)
        code = _c.library().terrazzo_compile(c.byref(options), error, len(error))
        if code:
            raise TerrazzoError(error.value.decode(errors="replace"), code)
        return path.read_bytes()


def _told(_: object, diagnostic: object) -> None:
    said = diagnostic.contents  # type: ignore[attr-defined]
    parts = [text.decode(errors="replace") for text in (said.what, said.where, said.why) if text]
    if said.severity != b"error":  # that one is raised
        _log.log(logging.WARNING if said.severity == b"warning" else logging.INFO, "%s", ": ".join(parts))


def devices() -> list[str]:
    """Names of the devices that may be here, "cpu" first."""
    needed = _c.library().terrazzo_devices(None, 0)
    text = c.create_string_buffer(needed)
    _c.library().terrazzo_devices(text, needed)
    return text.value.decode().split()
