# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Golden data of the ONNX models, by onnxruntime: PYTHON dev-support/onnx_golden.py OUT.npz (needs onnxruntime, numpy).

For each model and shape of test/Integration/onnx_models.py: every float result, a corner of [.., .., width] arrays. For each model
of onnx_contrib.py: all results.
"""

import pathlib
import sys

import numpy as np
import onnxruntime

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test" / "Integration"))
import onnx_contrib  # noqa: E402
from onnx_models import MODELS, SHAPES, corner, inputs  # noqa: E402

golden = {}
for name, path in MODELS.items():
    session = onnxruntime.InferenceSession(path)
    taken = [value.name for value in session.get_inputs()]
    for shape in SHAPES:
        given = {key: array for key, array in inputs(*shape).items() if key in taken}
        for value, array in zip(session.get_outputs(), session.run(None, given)):
            if array.dtype == np.float32:
                golden[f"{name} {shape[0]} {shape[1]} {value.name}"] = corner(array)
for name, (model, given) in onnx_contrib.cases().items():
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    for value, array in zip(session.get_outputs(), session.run(None, given)):
        golden[f"{name} | {value.name}"] = array
np.savez_compressed(sys.argv[1], **golden)
