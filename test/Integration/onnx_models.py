# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The two MiniLMs that come as ONNX files, and what they are given (dev-support/onnx_golden.py, test_onnx.py)."""

import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parents[2] / ".models"
MODELS = {name: FOLDER / f"{name}.onnx" for name in ("minilm-l3", "minilm-int8")}
SHAPES = [(1, 1), (1, 19), (3, 8), (8, 100)]


def inputs(batch, length):
    """Random tokens of texts whose lengths differ."""
    random = np.random.default_rng(batch * 1000 + length)
    mask = np.ones((batch, length), np.int64)
    for row in range(1, batch):
        mask[row, length - row * length // (2 * batch) :] = 0
    return {"input_ids": random.integers(0, 30000, (batch, length)), "attention_mask": mask, "token_type_ids": np.zeros((batch, length), np.int64)}


def corner(array):
    """So much of a result that a test's data stay small."""
    return array[:, :4, :96] if array.ndim == 3 else array[:, :96]
