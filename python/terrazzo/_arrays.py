# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arrays of whatever library as views of their memory, without a copy: torch tensors, what has NumPy's array interface, DLPack or
the buffer protocol; and numbers. Results are made by the library that all arguments are of, else by NumPy."""

from __future__ import annotations

import ctypes as c
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple


class Element(NamedTuple):
    number: int  # of enum terrazzo_element
    word: str  # in signatures
    numpy: str  # the array interface's; "": it has none
    dlpack: tuple[int, int]  # code, bits
    torch: str  # the name in torch
    ctype: Any


ELEMENTS = [
    Element(1, "f64", "<f8", (2, 64), "float64", c.c_double), Element(2, "f32", "<f4", (2, 32), "float32", c.c_float),
    Element(3, "f16", "<f2", (2, 16), "float16", c.c_uint16), Element(4, "bf16", "", (4, 16), "bfloat16", c.c_uint16),
    Element(5, "i64", "<i8", (0, 64), "int64", c.c_int64), Element(6, "i32", "<i4", (0, 32), "int32", c.c_int32),
    Element(7, "i16", "<i2", (0, 16), "int16", c.c_int16), Element(8, "i8", "|i1", (0, 8), "int8", c.c_int8),
    Element(9, "bool", "|b1", (6, 8), "bool", c.c_uint8), Element(10, "u8", "|u1", (1, 8), "uint8", c.c_uint8),
]
OF_NUMBER = {element.number: element for element in ELEMENTS}
OF_NUMPY = {element.numpy: element for element in ELEMENTS if element.numpy}
OF_DLPACK = {element.dlpack: element for element in ELEMENTS}
OF_TORCH = {f"torch.{element.torch}": element for element in ELEMENTS}
HOST, DEVICE = 0, 1
DLPACK_CPU, DLPACK_PINNED = 1, 3


class Memory(NamedTuple):
    """An array's memory; `owner` keeps it alive. Strides are in elements; None: dense."""

    data: int
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None
    element: Element
    place: int
    owner: object


class DlTensor(c.Structure):
    _fields_ = [("data", c.c_void_p), ("device_type", c.c_int32), ("device_id", c.c_int32), ("ndim", c.c_int32), ("code", c.c_uint8),
                ("bits", c.c_uint8), ("lanes", c.c_uint16), ("shape", c.POINTER(c.c_int64)), ("strides", c.POINTER(c.c_int64)),
                ("byte_offset", c.c_uint64)]


def is_torch(array: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def memory_of(array: Any, wanted: Element, *, written: bool = False) -> Memory:
    """Raises TypeError for what is no array. Numbers become `wanted`, and what is not dense is copied, unless it is to be written."""
    if is_torch(array):
        return of_torch(array, written)
    if hasattr(array, "__array_interface__"):
        return of_interface(array, written)
    if hasattr(array, "__dlpack__"):
        return of_dlpack(array)
    if isinstance(array, (bool, int, float)) and not written:
        return of_number(array, wanted)
    try:
        view = memoryview(array)
    except TypeError:
        raise TypeError(f"{type(array).__name__} is no array: it has no array interface, no DLPack and no buffer") from None
    return of_buffer(view, written)


def known(table: dict[Any, Element], kind: object) -> Element:
    if kind not in table:
        raise TypeError(f"arrays of {kind} are not supported; {', '.join(element.word for element in ELEMENTS)} are")
    return table[kind]


NOT_DENSE = TypeError("a result is written to an array that is not contiguous")


def of_torch(tensor: Any, written: bool) -> Memory:
    tensor = tensor.detach()
    if not tensor.is_contiguous():
        if written:
            raise NOT_DENSE
        tensor = tensor.contiguous()
    place = HOST if tensor.device.type == "cpu" else DEVICE
    return Memory(tensor.data_ptr(), tuple(tensor.shape), None, known(OF_TORCH, str(tensor.dtype)), place, tensor)


def of_interface(array: Any, written: bool) -> Memory:
    facts = array.__array_interface__
    if facts.get("strides") is not None:
        if written:
            raise NOT_DENSE
        import numpy

        array = numpy.ascontiguousarray(array)
        facts = array.__array_interface__
    if written and facts["data"][1]:
        raise TypeError("a result is written to an array that may only be read")
    return Memory(facts["data"][0], tuple(facts["shape"]), None, known(OF_NUMPY, facts["typestr"]), HOST, array)


def dlpack_address(capsule: object) -> int:
    """Where the DLTensor of a capsule lies."""
    pointer = c.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = c.c_void_p, [c.py_object, c.c_char_p]
    address: int = pointer(capsule, b"dltensor")
    return address


def of_dlpack(array: Any) -> Memory:
    capsule = array.__dlpack__()
    tensor = DlTensor.from_address(dlpack_address(capsule))
    element = known(OF_DLPACK, (tensor.code, tensor.bits)) if tensor.lanes == 1 else known({}, f"{tensor.lanes} lanes")
    strides = tuple(tensor.strides[: tensor.ndim]) if tensor.strides else None
    place = HOST if tensor.device_type in (DLPACK_CPU, DLPACK_PINNED) else DEVICE
    return Memory((tensor.data or 0) + tensor.byte_offset, tuple(tensor.shape[: tensor.ndim]), strides, element, place, capsule)


def of_number(number: float, wanted: Element) -> Memory:
    if wanted.ctype is c.c_uint16:
        raise TypeError(f"a number cannot be given as {wanted.word}; give an array")
    whole = wanted.ctype not in (c.c_double, c.c_float)
    if whole and number != int(number):
        raise TypeError(f"{number} is no {wanted.word}")
    value = wanted.ctype(int(number) if whole else number)
    if whole and value.value != number:
        raise TypeError(f"{number} is no {wanted.word}")
    return Memory(c.addressof(value), (), None, wanted, HOST, value)


def of_buffer(view: memoryview, written: bool) -> Memory:
    letters = {"d": "<f8", "f": "<f4", "e": "<f2", "q": "<i8", "l": "<i8", "i": "<i4", "h": "<i2", "b": "|i1", "?": "|b1", "B": "|u1"}
    element = known(OF_NUMPY, letters.get(view.format, view.format))
    if not view.c_contiguous or (written and view.readonly):
        raise TypeError("a buffer that is not contiguous" if not view.c_contiguous else "a result is written to a buffer that may only be read")
    kind = c.c_char * view.nbytes
    room = kind.from_buffer_copy(view.tobytes()) if view.readonly else kind.from_buffer(view.cast("B"))
    return Memory(c.addressof(room), tuple(view.shape or ()), None, element, HOST, room)


def empty(shape: Sequence[int], element: Element, like_torch: bool) -> Any:
    """An array for a result, aligned so that programs write it in place."""
    if like_torch or not element.numpy:
        import torch

        return torch.empty(tuple(shape), dtype=getattr(torch, element.torch))
    import numpy

    size = element.dlpack[1] // 8
    count = 1
    for length in shape:
        count *= length
    room = numpy.empty(count * size + 64, numpy.uint8)
    start = -room.ctypes.data % 64
    return room[start : start + count * size].view(element.numpy).reshape(tuple(shape))
