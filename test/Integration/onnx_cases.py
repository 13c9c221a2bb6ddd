# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX files and the results that onnx's own backend tests say they have.

What a graph takes as an input and a compiler must know, shapes, axes and the like, becomes an initialiser of the values that
the test gives.
"""

import pathlib
import re

import numpy as np
import onnx
from onnx import numpy_helper

TABLES = pathlib.Path(__file__).resolve().parents[2] / "lib" / "Import" / "Onnx"

# Inputs that say how something is computed, by operator.
FROZEN = {
    "Reshape": [1], "Expand": [1], "Tile": [1], "Slice": [1, 2, 3, 4], "Pad": [1, 2, 3], "Squeeze": [1], "Unsqueeze": [1],
    "Split": [1], "TopK": [1], "ConstantOfShape": [0], "Range": [0, 1, 2], "CumSum": [1], "OneHot": [1], "Dropout": [2],
    "Trilu": [], **{f"Reduce{kind}": [1] for kind in ("Sum", "Mean", "Max", "Min", "Prod", "SumSquare", "L1", "L2", "LogSum", "LogSumExp")},
}  # fmt: skip


def plain(data):
    """As NumPy has it: single numbers are arrays too."""
    return data if isinstance(data, (list, dict)) or data is None else np.asarray(data)


class Case:
    def __init__(self, test):
        self.test, self.name = test, test.name

    def load(self):
        """The model, its inputs and its results by name."""
        model = onnx.ModelProto()
        model.CopyFrom(self.test.model)
        given, wanted = self.test.data_sets[0]
        inputs = {value.name: plain(array) for value, array in zip(model.graph.input, given)}
        results = {value.name: plain(array) for value, array in zip(model.graph.output, wanted)}
        frozen = {node.input[i] for node in model.graph.node for i in FROZEN.get(node.op_type, []) if i < len(node.input)}
        for name in sorted(frozen & inputs.keys()):
            model.graph.initializer.append(numpy_helper.from_array(np.array(inputs.pop(name)), name))
        kept = [value for value in model.graph.input if value.name in inputs]
        del model.graph.input[:]
        model.graph.input.extend(kept)
        return model, inputs, results


def cases():
    from onnx.backend.test.loader import load_model_tests

    return sorted((Case(test) for test in load_model_tests(kind="node")), key=lambda case: case.name)


def operators():
    """Names of ai.onnx that the importer reads."""
    return sorted({name for path in TABLES.glob("*Operators.cpp") for name in re.findall(r'^    \{"", "(\w+)", \w', path.read_text(), re.MULTILINE)})
