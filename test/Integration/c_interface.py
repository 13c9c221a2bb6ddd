# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C interface through ctypes: structs, and a program whose states outlive its calls.

    program = Program(library(), "m.tzp", weights="m.gguf")
    hidden, = program("f", x=array)     # results by the function's order
"""

import ctypes as c

import numpy as np
from conftest import BUILD


class Options(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("package_path", c.c_char_p), ("package_bytes", c.c_void_p),
                ("package_size", c.c_size_t), *[(n, c.c_char_p) for n in ("weights_path", "target", "cache_folder", "device")],
                ("threads", c.c_uint32), ("cache_rows", c.c_uint32)]


class View(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("data", c.c_void_p), ("shape", c.POINTER(c.c_int64)),
                ("strides", c.POINTER(c.c_int64)), *[(n, c.c_uint32) for n in ("rank", "element", "place", "reserved")]]


class FunctionFacts(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("name", c.c_char_p), ("signature", c.c_char_p), ("size", c.c_char_p),
                ("largest_size", c.c_uint64), *[(n, c.c_uint32) for n in ("arguments", "results", "sizes", "reserved")]]


class ValueFacts(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("name", c.c_char_p), ("dims", c.POINTER(c.c_int64)), ("rank", c.c_uint32),
                ("element", c.c_uint32), ("limit", c.c_uint64)]


ELEMENTS = {2: "f4", 6: "i4"}


def library():
    found = c.CDLL(BUILD / "lib/libTerrazzoRuntime.so")
    found.terrazzo_program_error.restype = c.c_char_p
    return found


def view_of(array, element):
    return View(c.sizeof(View), array.ctypes.data, (c.c_int64 * array.ndim)(*array.shape), None, array.ndim, element, 0, 0)


class Program:
    """Functions of f32 and i32 arrays."""

    def __init__(self, found, package, weights=None, device="cpu", cache_rows=0):
        self.library, self.handle = found, c.c_void_p()
        options = Options(c.sizeof(Options), bytes(package), weights_path=bytes(weights) if weights else None,
                          device=device.encode(), cache_rows=cache_rows)
        error = c.create_string_buffer(2000)
        code = found.terrazzo_program_open(c.byref(options), c.byref(self.handle), error, len(error))
        assert code == 0, error.value.decode()

    def close(self):
        self.library.terrazzo_program_close(self.handle)

    def checked(self, code):
        if code:
            raise RuntimeError(self.library.terrazzo_program_error(self.handle).decode())

    def facts(self, kind, make, *numbers):
        found = make(c.sizeof(make))
        self.checked(getattr(self.library, f"terrazzo_program_{kind}")(self.handle, *numbers, c.byref(found)))
        return found

    def __call__(self, name, **arrays):
        number = c.c_uint32()
        self.checked(self.library.terrazzo_program_find(self.handle, name.encode(), c.byref(number)))
        function = self.facts("function", FunctionFacts, number)
        given, sizes = [], {}
        for i in range(function.arguments):
            value = self.facts("argument", ValueFacts, number, c.c_uint32(i))
            array = np.array(arrays.pop(value.name.decode()), ELEMENTS[value.element], order="C")
            sizes |= {-value.dims[d] - 1: size for d, size in enumerate(array.shape) if -64 < value.dims[d] < 0}
            given.append((array, value.element))
        assert not arrays, f"{name} has no {', '.join(arrays)}"
        numbers = (c.c_uint64 * function.sizes)(*(sizes[i] for i in range(function.sizes)))
        wanted = []
        for i in range(function.results):
            value = self.facts("result", ValueFacts, number, c.c_uint32(i))
            shape = (c.c_int64 * value.rank)()
            self.checked(self.library.terrazzo_program_result_shape(self.handle, number, c.c_uint32(i), numbers,
                                                                    c.c_size_t(len(numbers)), shape))
            wanted.append((np.zeros(tuple(shape), ELEMENTS[value.element]), value.element))

        def views(pairs):
            return (c.POINTER(View) * max(len(pairs), 1))(*(c.pointer(view_of(*pair)) for pair in pairs))

        self.checked(self.library.terrazzo_program_call(self.handle, number, views(given), c.c_size_t(len(given)),
                                                        views(wanted), c.c_size_t(len(wanted))))
        return [array for array, _ in wanted]
