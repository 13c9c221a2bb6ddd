# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the Python packages of a build: make_wheels.py --build DIR --output DIR.

    terrazzo            python/terrazzo, the runtime library, the command line, device plugins; no LLVM
    terrazzo-compiler   terrazzo-compile, its library and backends, and the LLVM that they were linked with

Both install into one folder, where the runtime finds the compiler as it does in a prefix: terrazzo/lib beside terrazzo/bin. A wheel is
an archive with a list of its files and their hashes (packaging.python.org, binary distribution format).
"""

import argparse
import base64
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TAG = "py3-none-linux_x86_64"
# What every Linux of the C library's age has.
OF_THE_SYSTEM = re.compile(r"lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s)\.so|ld-linux")
RUNTIME = {"bin/terrazzo": "bin", "lib/libTerrazzoRuntime.so": "lib"}
ENTRY_POINTS = "[torch_dynamo_backends]\nterrazzo = terrazzo.torch:backend\n\n[console_scripts]\nterrazzo = terrazzo.__main__:main\n"


def version():
    return re.search(r"project\(Terrazzo VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]


def stripped(path, folder):
    copy = folder / path.name
    shutil.copy2(path, copy)
    subprocess.run(["strip", "--strip-unneeded", copy], check=True)
    return copy


def runtime_files(build, stage, scratch):
    files = {f"terrazzo/{path.relative_to(ROOT / 'python/terrazzo')}": path for path in sorted((ROOT / "python/terrazzo").rglob("*"))
             if path.suffix == ".py" or path.name == "py.typed"}
    for name, room in RUNTIME.items():
        files[f"terrazzo/{room}/{pathlib.Path(name).name}"] = stripped(build / name, scratch)
    for path in sorted((stage / "lib/terrazzo/devices").iterdir()):
        files[f"terrazzo/lib/terrazzo/devices/{path.name}"] = path
    return files


def libraries_of(program):
    """Paths of what it needs and the system may not have."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    found = {name: path for name, path in re.findall(r"(\S+) => (/\S+)", listed) if not OF_THE_SYSTEM.match(name)}
    return {name: pathlib.Path(path) for name, path in found.items()}


def compiler_files(stage, scratch):
    program = stage / "bin/terrazzo-compile"
    files = {"terrazzo/bin/terrazzo-compile": stripped(program, scratch)}
    for name, path in libraries_of(program).items():
        copy = scratch / name
        shutil.copy2(path.resolve(), copy)
        if not name.startswith("libTerrazzo"):  # its own says where its neighbours are
            subprocess.run(["patchelf", "--set-rpath", "$ORIGIN", copy], check=True)
        files[f"terrazzo/lib/{name}"] = copy
    for path in sorted((stage / "lib/terrazzo/backends").glob("*.so")):
        files[f"terrazzo/lib/terrazzo/backends/{path.name}"] = path
    return files


def write_wheel(output, name, summary, files, texts=None, needs=()):
    distribution = name.replace("-", "_")
    info = f"{distribution}-{version()}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version()}\nSummary: {summary}\nLicense: Apache-2.0 WITH LLVM-exception\n"
    metadata += "Requires-Python: >=3.10\n" + "".join(f"Requires-Dist: {need}\n" for need in needs)
    texts = {f"{info}/METADATA": metadata, **{f"{info}/{key}": text for key, text in (texts or {}).items()},
             f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: terrazzo\nRoot-Is-Purelib: false\nTag: {TAG}\n"}
    path, record = output / f"{distribution}-{version()}-{TAG}.whl", []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as wheel:
        def add(target, content, mode):
            entry = zipfile.ZipInfo(target, (1980, 1, 1, 0, 0, 0))
            entry.external_attr, entry.compress_type = (0o100000 | mode) << 16, zipfile.ZIP_DEFLATED
            wheel.writestr(entry, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{target},sha256={digest},{len(content)}")

        for target, source in files.items():
            add(target, source.read_bytes(), 0o755 if "/bin/" in target else 0o644)
        for target, text in texts.items():
            add(target, text.encode(), 0o644)
        wheel.writestr(zipfile.ZipInfo(f"{info}/RECORD", (1980, 1, 1, 0, 0, 0)), "\n".join([*record, f"{info}/RECORD,,"]) + "\n")
    return path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "dist")
    args = parser.parse_args()
    if not shutil.which("patchelf"):
        sys.exit("error: patchelf is missing\n  = help: ./dev setup installs it")
    args.output.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        stage, scratch = pathlib.Path(folder, "stage"), pathlib.Path(folder, "scratch")
        scratch.mkdir()
        subprocess.run(["cmake", "--install", args.build, "--prefix", stage], check=True, stdout=subprocess.DEVNULL)
        files = runtime_files(args.build, stage, scratch)
        print(write_wheel(args.output, "terrazzo", "Transformer models as machine code of many chips", files,
                          {"entry_points.txt": ENTRY_POINTS}))
        print(write_wheel(args.output, "terrazzo-compiler", "The compiler of terrazzo", compiler_files(stage, scratch),
                          needs=[f"terrazzo=={version()}"]))


main()
