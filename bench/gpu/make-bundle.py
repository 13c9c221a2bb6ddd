# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the folder that is carried to a machine with a GPU: kernels, expected results, run.py, and a model if given.

make-bundle.py -o DIR [--target nvidia:sm_80,nvidia:sm_90a] [--model FILE] [--with-model] [--quick] [--build DIR]
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = ("run.py", "bundle.py", "driver.py", "timing.py", "peaks.py", "rivals.py", "README.md")


def run(*command):
    """Output of a command; ends with its words when it fails."""
    result = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    if result.returncode:
        sys.exit(f"{command[0]} failed with exit {result.returncode}")
    return result.stdout


def write_kernels(build, folder, targets, quick):
    """One index over all targets; gpu-bundle writes one at a time, with file names that differ."""
    cases = []
    for target in targets:
        run(build / "bin" / "gpu-bundle", folder, target, *(["quick"] if quick else []))
        cases += json.loads((folder / "index.json").read_text())["cases"]
    (folder / "index.json").write_text(json.dumps({"version": 1, "cases": cases}) + "\n")
    return cases


def shapes_of(model, inspected):
    """What rivals.Decoder needs; a llama-like model's, so that another kind is decoded in its shapes only."""
    data = inspected["metadata"]
    arch = inspected["architecture"]

    def number(key, default=None):
        value = data.get(f"{arch}.{key}", default)
        if not isinstance(value, int):
            sys.exit(f"{model}: {arch}.{key} is no number")
        return value

    width, heads = number("embedding_length"), number("attention.head_count")
    return {"name": data.get("general.name", model.stem), "file_bytes": inspected["tensor_bytes"], "width": width, "heads": heads,
            "layers": number("block_count"), "feed_forward": number("feed_forward_length"),
            "key_heads": number("attention.head_count_kv", heads), "head_dim": number("attention.key_length", width // heads),
            "vocabulary": data["tokenizer.ggml.tokens"]["count"]}


def add_model(build, folder, model, targets, with_model):
    """The package, the programs that run it without a compiler, and the shapes for torch."""
    run(build / "bin" / "terrazzo", "compile", "-m", model, "--target", ",".join(targets), "-o", folder / "model.tzp", "--quiet")
    inspected = json.loads(run(build / "bin" / "terrazzo", "inspect", "-m", model, "--format", "json"))
    (folder / "model.json").write_text(json.dumps(shapes_of(model, inspected)) + "\n")
    devices = folder / "tools" / "lib" / "terrazzo" / "devices"
    devices.mkdir(parents=True, exist_ok=True)
    (folder / "tools" / "bin").mkdir(exist_ok=True)
    shutil.copy2(build / "bin" / "terrazzo-run", folder / "tools" / "bin")
    for name in ("cuda.json", "libterrazzo-device-cuda.so"):
        shutil.copy2(build / "lib" / "terrazzo" / "devices" / name, devices)
    if with_model:
        shutil.copy2(model, folder / "model.gguf")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    parser.add_argument("--target", default="nvidia:sm_80,nvidia:sm_90a", help="with commas between")
    parser.add_argument("--model", type=pathlib.Path, help="a GGUF file, to be decoded too")
    parser.add_argument("--with-model", action="store_true", help="the model file goes into the folder")
    parser.add_argument("--quick", action="store_true", help="a few kernels of each form, to try the harness")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent.parent / "build")
    options = parser.parse_args()
    folder, targets = options.output, options.target.split(",")
    if folder.exists() and any(folder.iterdir()):
        sys.exit(f"{folder} is not empty")
    folder.mkdir(parents=True, exist_ok=True)
    cases = write_kernels(options.build, folder, targets, options.quick)
    for name in SCRIPTS:
        shutil.copy2(HERE / name, folder)
    if options.model:
        add_model(options.build, folder, options.model, targets, options.with_model)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {len(cases)} kernels for {', '.join(targets)}, {size >> 20} MiB")


if __name__ == "__main__":
    main()
