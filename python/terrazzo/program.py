# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs: the functions of a package on arrays of the caller's."""

from __future__ import annotations

import ctypes as c
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from . import _arrays, _c
from ._c import TerrazzoError

DERIVED = -(2**63)


class Value(NamedTuple):
    """An argument or a result: a dimension is a number, a size by its name, or None where it follows from sizes."""

    name: str
    element: str
    shape: tuple[int | str | None, ...]


class Function:
    """A function of a program; call it with arrays in the order of its arguments, or by their names.

    The result is an array, of several results a tuple: torch tensors where all arrays are that, else NumPy's. `out` gives arrays
    for results by their names. Raises TerrazzoError for arrays that the signature does not allow.
    """

    def __init__(self, program: Program, number: int) -> None:
        facts = program._facts("function", _c.FunctionFacts, number)
        self._program, self._number = program, number
        self.name: str = facts.name.decode()
        self.signature: str = facts.signature.decode()
        sizes = [program._facts("size", _c.SizeFacts, number, i) for i in range(facts.sizes)]
        self.sizes: dict[str, int] = {size.name.decode(): size.largest for size in sizes}
        self._arguments = [self._value("argument", i) for i in range(facts.arguments)]
        self._results = [self._value("result", i) for i in range(facts.results)]
        # Kept from call to call, which the program's lock makes one at a time.
        self._given, self._wanted = Views(self._arguments), Views(self._results)
        self._shapes: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        self.arguments: tuple[Value, ...] = tuple(value for value, _, _ in self._arguments)
        self.results: tuple[Value, ...] = tuple(value for value, _, _ in self._results)

    def __repr__(self) -> str:
        return f"<terrazzo function {self.signature}>"

    def _value(self, kind: str, index: int) -> tuple[Value, _arrays.Element, tuple[int, ...]]:
        facts = self._program._facts(kind, _c.ValueFacts, self._number, index)
        dims = tuple(facts.dims[i] for i in range(facts.rank))
        names = list(self.sizes)
        shape = tuple(None if dim == DERIVED else names[-1 - dim] if dim < 0 else dim for dim in dims)
        element = _arrays.OF_NUMBER[facts.element]
        return Value(facts.name.decode(), element.word, shape), element, dims

    def _bind(self, positional: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
        names = [value.name for value in self.arguments]
        if len(positional) > len(names):
            raise TypeError(f"{self.signature}: {len(positional)} arguments are given, of {len(names)}")
        given = dict(zip(names, positional))
        for name, array in named.items():
            if name not in names:
                raise TypeError(f"{self.signature}: it has no argument '{name}'")
            if name in given:
                raise TypeError(f"{self.signature}: '{name}' is given twice")
            given[name] = array
        missing = [name for name in names if name not in given]
        if missing:
            raise TypeError(f"{self.signature}: {', '.join(missing)} is missing")
        return [given[name] for name in names]

    def __call__(self, *positional: Any, out: Mapping[str, Any] | None = None, **named: Any) -> Any:
        arrays = self._bind(positional, named)
        tensors = [array for array in arrays if not isinstance(array, (bool, int, float))]
        results = self.on(arrays, out or {}, like_torch=bool(tensors) and all(map(_arrays.is_torch, tensors)))
        return results[0] if len(results) == 1 else tuple(results)

    def on(self, arrays: Sequence[Any], out: Mapping[str, Any], *, like_torch: bool) -> list[Any]:
        """The same for arrays in order, and all results, as torch's tensors or NumPy's."""
        given = [_arrays.memory_of(array, element) for array, (_, element, _) in zip(arrays, self._arguments)]
        numbers = self._sizes_of(given)
        with self._program._lock:
            handle = self._program._open()
            results = [out[value.name] if value.name in out else _arrays.empty(shape, element, like_torch)
                       for (value, element, _), shape in zip(self._results, self._result_shapes(numbers))]
            wanted = [_arrays.memory_of(array, element, written=True) for array, (_, element, _) in zip(results, self._results)]
            self._program._checked(_c.library().terrazzo_program_call(
                handle, self._number, self._given.of(given), len(given), self._wanted.of(wanted), len(wanted)))
        return results

    def _sizes_of(self, given: list[_arrays.Memory]) -> tuple[int, ...]:
        numbers = [0] * len(self.sizes)
        for memory, (_, _, dims) in zip(given, self._arguments):
            for dim, length in zip(dims, memory.shape):
                if dim < 0 and dim != DERIVED:
                    numbers[-1 - dim] = length
        return tuple(numbers)

    def _result_shapes(self, numbers: tuple[int, ...]) -> list[tuple[int, ...]]:
        shapes = self._shapes.get(numbers)
        if shapes is None:
            sizes, shapes = (c.c_uint64 * max(len(numbers), 1))(*numbers), []
            for index, (_, _, dims) in enumerate(self._results):
                shape = (c.c_int64 * max(len(dims), 1))()
                self._program._checked(_c.library().terrazzo_program_result_shape(
                    self._program._open(), self._number, index, sizes, len(numbers), shape))
                shapes.append(tuple(shape[: len(dims)]))
            if len(self._shapes) < 1024:
                self._shapes[numbers] = shapes
        return shapes


class Views:
    """Structs for the arrays of a call, made once."""

    def __init__(self, values: list[tuple[Value, _arrays.Element, tuple[int, ...]]]) -> None:
        self._shapes = [(c.c_int64 * max(len(dims), 1))() for _, _, dims in values]
        self._views = [_c.make(_c.View, shape=shape, rank=len(dims)) for shape, (_, _, dims) in zip(self._shapes, values)]
        self._pointers = (c.POINTER(_c.View) * max(len(values), 1))(*map(c.pointer, self._views))

    def of(self, memories: list[_arrays.Memory]) -> Any:
        for view, room, memory in zip(self._views, self._shapes, memories):
            rank = len(memory.shape)
            if rank > len(room):  # refused, by what it is
                view.shape = (c.c_int64 * rank)(*memory.shape)
            else:
                room[:rank] = list(memory.shape)
                view.shape = room
            view.strides = None if memory.strides is None else (c.c_int64 * max(rank, 1))(*memory.strides)
            view.data, view.rank, view.element, view.place = memory.data, rank, memory.element.number, memory.place
        return self._pointers


class WeightViews:
    """Structs for weights in memory, and their arrays."""

    def __init__(self, weights: Mapping[str, Any]) -> None:
        self._kept: list[object] = []
        structs = (c.POINTER(_c.Weight) * max(len(weights), 1))()
        for i, (name, array) in enumerate(weights.items()):
            memory = _arrays.memory_of(array, _arrays.OF_NUMBER[2])
            shape = (c.c_int64 * max(len(memory.shape), 1))(*memory.shape)
            view = _c.make(_c.View, data=memory.data, shape=shape, rank=len(memory.shape), element=memory.element.number,
                           place=memory.place)
            if memory.strides is not None:
                view.strides = (c.c_int64 * max(len(memory.strides), 1))(*memory.strides)
            structs[i] = c.pointer(_c.make(_c.Weight, name=name.encode(), view=c.pointer(view)))
            self._kept.append(memory)
        self.pointers = structs


class Program:
    """A package, by its path or its bytes, with its weights, on the processor or a device. `program.f(x)` and `program["f"](x)` call
    its function `f`.

    `weights` is the model's file or folder where the package has weights, or arrays by their names, which stay as they are until it
    is closed; `device` as the tools' --device; `threads` 0: the
    processors that this process may use; `cache_rows` of states that follow the context; `cache_folder` keeps packed weights.
    Raises TerrazzoError. Threads may share a program; it serves one at a time. `close` gives its memory back, as does leaving a
    `with` block.
    """

    def __init__(self, package: str | os.PathLike[str] | bytes, *, weights: str | os.PathLike[str] | Mapping[str, Any] | None = None,
                 device: str = "cpu", target: str | None = None, threads: int = 0, cache_rows: int = 0,
                 cache_folder: str | os.PathLike[str] | None = None) -> None:
        self._handle: c.c_void_p | None = None
        self._lock = threading.Lock()
        memory, file = (weights, None) if isinstance(weights, Mapping) else (None, weights)
        options = _c.make(_c.ProgramOptions, weights_path=_c.path(file), device=device.encode(), threads=threads, cache_rows=cache_rows,
                          target=None if target is None else target.encode(), cache_folder=_c.path(cache_folder))
        if memory is not None:
            self._weights = WeightViews(memory)
            options.weights, options.weight_count = self._weights.pointers, len(memory)
        if isinstance(package, bytes):
            options.package_bytes, options.package_size = package, len(package)
        else:
            options.package_path = _c.path(package)
        handle, error = c.c_void_p(), c.create_string_buffer(4096)
        code = _c.library().terrazzo_program_open(c.byref(options), c.byref(handle), error, len(error))
        if code:
            raise TerrazzoError(error.value.decode(errors="replace"), code)
        self._handle = handle
        count = _c.library().terrazzo_program_functions(handle)
        self.functions: dict[str, Function] = {f.name: f for f in (Function(self, i) for i in range(count))}

    def __getitem__(self, name: str) -> Function:
        try:
            return self.__getattr__(name)
        except AttributeError as error:
            raise KeyError(str(error)) from None

    def __getattr__(self, name: str) -> Function:
        functions: dict[str, Function] = self.__dict__.get("functions", {})
        if name not in functions:
            raise AttributeError(f"there is no function '{name}'; there are {', '.join(functions)}")
        return functions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.functions)

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self.__dict__.get("_handle"):
            self.close()

    def close(self) -> None:
        with self._lock:
            if self._handle:
                _c.library().terrazzo_program_close(self._handle)
            self._handle = None

    def reset(self) -> None:
        """Makes all states zeros, as they begin."""
        with self._lock:
            self._checked(_c.library().terrazzo_program_reset_states(self._open()))

    def states(self) -> dict[str, bytes]:
        """What the states hold, by their names: rows of elements as a package's `inspect` says."""
        found = {}
        with self._lock:
            for i in range(_c.library().terrazzo_program_states(self._open())):
                facts = self._facts("state", _c.StateFacts, i)
                content = c.create_string_buffer(facts.bytes)
                self._checked(_c.library().terrazzo_program_read_state(self._handle, i, content, facts.bytes))
                found[facts.name.decode()] = content.raw
        return found

    def _open(self) -> c.c_void_p:
        if not self._handle:
            raise ValueError("the program is closed")
        return self._handle

    def _checked(self, code: int) -> None:
        if code:
            raise TerrazzoError(_c.library().terrazzo_program_error(self._handle).decode(errors="replace"), code)

    def _facts(self, kind: str, struct: type, *numbers: int) -> Any:
        facts = _c.make(struct)
        self._checked(getattr(_c.library(), f"terrazzo_program_{kind}")(self._open(), *numbers, c.byref(facts)))
        return facts
