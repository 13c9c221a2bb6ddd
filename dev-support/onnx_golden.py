# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Golden data of the ONNX models, by onnxruntime: PYTHON dev-support/onnx_golden.py OUT.npz (needs onnxruntime, numpy).

For each model and shape of test/Integration/onnx_models.py: every float result, a corner of [.., .., width] arrays.
"""

import pathlib
import sys

import numpy as np
import onnxruntime

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test" / "Integration"))
from onnx_models import MODELS, SHAPES, corner, inputs  # noqa: E402

golden = {}
for name, path in MODELS.items():
    session = onnxruntime.InferenceSession(path)
    taken = [value.name for value in session.get_inputs()]
    for shape in SHAPES:
        given = {key: array for key, array in inputs(*shape).items() if key in taken}
        for value, array in zip(session.get_outputs(), session.run(None, given)):
            if array.dtype == np.float32:
                golden[f"{name} {shape[0]} {shape[1]} {value.name.replace('/', '_')}"] = corner(array)
np.savez_compressed(sys.argv[1], **golden)
