# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An encoder in another engine, kept loaded: rival_encoder.py ENGINE MODEL.onnx THREADS

Reads a line of JSON for each measurement, {"tokens": T, "texts": B, "repeat": N}, and answers with the median seconds of
a call on B texts of T random tokens each.
"""

import json
import statistics
import sys
import time

import numpy as np


def onnxruntime(path, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda ids, mask: session.run(None, {"ids": ids, "mask": mask})


def openvino(path, threads):
    from openvino import Core

    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    request = Core().compile_model(path, "CPU", settings).create_infer_request()
    return lambda ids, mask: request.infer({"ids": ids, "mask": mask})


def main(engine, path, threads):
    call = {"onnxruntime": onnxruntime, "openvino": openvino}[engine](path, int(threads))
    print("ready", flush=True)
    for line in sys.stdin:
        wanted = json.loads(line)
        ids = np.random.default_rng(1).integers(1000, 30000, (wanted["texts"], wanted["tokens"]))
        mask, seconds = np.ones_like(ids), []
        for i in range(wanted["repeat"] + 3):
            begin = time.perf_counter()
            call(ids, mask)
            seconds += [time.perf_counter() - begin] * (i >= 3)
        print(json.dumps({"seconds": statistics.median(seconds)}), flush=True)


main(*sys.argv[1:])
