# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weights as a file of safetensors: the length of a JSON header, the header, the tensors one behind another."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

import torch

WORDS = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64", torch.int32: "I32",
         torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}


def write_safetensors(path: str | os.PathLike[str], tensors: Mapping[str, torch.Tensor]) -> dict[str, int]:
    """Answers where in the file each begins."""
    header: dict[str, dict[str, object]] = {}
    starts: dict[str, int] = {}
    end = 0
    for name, tensor in tensors.items():
        size = tensor.numel() * tensor.element_size()
        starts[name] = end
        header[name] = {"dtype": WORDS[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % 64)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors.values():
            file.write(tensor.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes() if tensor.numel() else b"")
    return {name: 8 + len(text) + start for name, start in starts.items()}
