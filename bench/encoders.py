# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Terrazzo beside ONNX Runtime and OpenVINO on MiniLM: same weights (f32), same threads, interleaved rounds, medians.

./dev bench --encoders [-t N] [--rounds N] [--record FILE]

Prints milliseconds of a call for each length and batch, and the ratio of each rival's time to Terrazzo's. The rivals and
what exports the model to ONNX live in .venv-encoders, made on first use (torch's CPU build, about 1 GB).
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN, MODEL, VENV = ROOT / "build" / "bin", ROOT / ".models" / "minilm", ROOT / ".venv-encoders"
PACKAGES = ["torch==2.13.0", "transformers", "onnx", "onnxruntime", "openvino", "numpy"]
RIVALS = ("onnxruntime", "openvino")
SHAPES = [(8, 1), (32, 1), (128, 1), (256, 1), (128, 4)]  # tokens of a text, texts

EXPORT = """
import sys, torch
from transformers import AutoModel
model = AutoModel.from_pretrained(sys.argv[1], attn_implementation="eager").eval()
class Encoder(torch.nn.Module):
    def forward(self, ids, mask):
        return model(input_ids=ids, attention_mask=mask).last_hidden_state
ids = torch.ones(2, 16, dtype=torch.int64)
axes = {name: {0: "B", 1: "T"} for name in ("ids", "mask", "hidden")}
torch.onnx.export(Encoder(), (ids, ids), sys.argv[2], input_names=["ids", "mask"], output_names=["hidden"],
                  dynamic_axes=axes, opset_version=17, dynamo=False)
"""


def say(text):
    print(f"[bench] {text}", file=sys.stderr, flush=True)


def prepare():
    """The rivals' Python and the exported model."""
    python, model = VENV / "bin" / "python", VENV / "minilm.onnx"
    if not python.exists():
        say(f"making {VENV.name} (a few minutes) ...")
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([VENV / "bin" / "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES], check=True)
    if not model.exists():
        say("exporting MiniLM to ONNX ...")
        subprocess.run([python, "-c", EXPORT, MODEL, model], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return python, model


class Rival:
    def __init__(self, engine, python, model, threads):
        command = [python, ROOT / "bench" / "rival_encoder.py", engine, model, str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.process.stdout.readline()

    def measure(self, tokens, texts, repeat):
        print(json.dumps({"tokens": tokens, "texts": texts, "repeat": repeat}), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())["seconds"]


class Terrazzo:
    def __init__(self, folder, threads):
        self.folder, self.threads = pathlib.Path(folder), threads

    def measure(self, tokens, texts, repeat):
        rows = np.arange(tokens * texts)
        first = rows // tokens * tokens
        arrays = {"tokens": np.random.default_rng(1).integers(1000, 30000, len(rows)), "positions": rows % tokens,
                  "first": first, "end": first + tokens, "types": rows * 0}
        words = []
        for name, values in arrays.items():
            np.save(self.folder / f"{name}.npy", values.astype("i4"))
            words += ["--input", f"{name}={self.folder}/{name}.npy"]
        run = subprocess.run([BIN / "terrazzo", "call", "-m", MODEL, "-t", str(self.threads), *words, "--repeat", str(repeat)],
                             capture_output=True, text=True, stdin=subprocess.DEVNULL)
        found = re.search(r"calls: ([\d.]+) us", run.stderr)
        if not found:
            sys.exit(f"terrazzo call failed:\n{run.stderr}")
        return float(found[1]) * 1e-6


def commit():
    run = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return run.stdout.strip() or "unknown"


def main():
    parser = argparse.ArgumentParser(prog="./dev bench --encoders", description=__doc__.splitlines()[0])
    parser.add_argument("-t", "--threads", type=int, default=min(2, len(os.sched_getaffinity(0))))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--record", help="also write the report to this file")
    args = parser.parse_args()
    python, model = prepare()
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())[1]
    report = [f"# {datetime.date.today()}, {cpu}, commit {commit()}, {args.threads} threads, MiniLM-L6 f32, median ms of {args.rounds} rounds", "",
              "| tokens x texts | terrazzo | " + " | ".join(RIVALS) + " | " + " | ".join(f"{r} / terrazzo" for r in RIVALS) + " |",
              "|---|---|" + "---|" * (2 * len(RIVALS))]
    with tempfile.TemporaryDirectory() as folder:
        engines = {"terrazzo": Terrazzo(folder, args.threads)}
        engines |= {name: Rival(name, python, model, args.threads) for name in RIVALS}
        for tokens, texts in SHAPES:
            repeat = max(15, int(3000 / (tokens * texts)))
            seconds = {name: [] for name in engines}
            for _ in range(args.rounds):
                for name, engine in engines.items():
                    seconds[name].append(engine.measure(tokens, texts, repeat))
            middle = {name: statistics.median(values) for name, values in seconds.items()}
            cells = [f"{middle[name] * 1e3:.2f}" for name in engines]
            # By round: a clock that changes between rounds changes both sides of a ratio.
            ratios = {name: [a / b for a, b in zip(seconds[name], seconds["terrazzo"], strict=True)] for name in RIVALS}
            cells += [f"{statistics.median(ratios[name]):.2f}" for name in RIVALS]
            report.append(f"| {tokens} x {texts} | " + " | ".join(cells) + " |")
            say(report[-1])
        for name in RIVALS:
            engines[name].process.stdin.close()
    text = "\n".join(report) + "\n"
    print(text)
    if args.record:
        pathlib.Path(args.record).write_text(text)


main()
