# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""test_bundle.py BUILD: a small bundle on the emulated driver passes, and one wrong expected number makes it fail.

Newer architecture's code is left out on an older device. Timing runs too, for its own sake: its numbers mean nothing.
"""

import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def execute(command, environment):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL)
    return result.returncode, result.stdout + result.stderr


def plant_fault(folder, name):
    """Makes one expected number of the first case of this name wrong."""
    case = next(c for c in json.loads((folder / "index.json").read_text())["cases"] if c["name"].startswith(name))
    binding = next(b for b in case["bindings"] if "expected_at" in b)
    with (folder / case["data"]).open("r+b") as file:
        file.seek(binding["expected_at"])
        number, = struct.unpack("<d", file.read(8))
        file.seek(binding["expected_at"])
        file.write(struct.pack("<d", 2 * number + 1))


def main():
    build = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as temporary:
        folder, out = pathlib.Path(temporary) / "bundle", pathlib.Path(temporary) / "results"
        environment = dict(os.environ, TERRAZZO_CACHE_DIR=str(pathlib.Path(temporary) / "cache"), TERRAZZO_EMU_ARCH="sm_80")

        def expect(code, words, *command):
            found, text = execute([sys.executable, *command], environment)
            if found != code or not all(word in text for word in words):
                sys.exit(f"{command}: exit {found} instead of {code}, or none of {words} in\n{text}")
            return text

        expect(0, ["kernels for"], HERE / "make-bundle.py", "--quick", "-o", folder, "--build", build,
               "--target", "nvidia:sm_80,nvidia:sm_90a")
        run = [folder / "run.py", "--driver", build / "lib" / "libterrazzo-emu-cuda.so", "--out", out]
        text = expect(0, [" 0 failed", "no rivals"], *run, "--time", "--quick", "--no-torch")
        if "nvidia:sm_90a" in text:
            sys.exit("code for sm_90a was run on sm_80")
        results = json.loads(next(out.iterdir()).read_text())
        if len(results["checks"]) < 50 or len(results["times"]["kernels"]) < 3 or any(
                "us" not in kernel for kernel in results["times"]["kernels"]):
            sys.exit(f"results are incomplete: {results}")
        expect(0, [" 0 failed"], *run, "--only", "attention", "--code", "ptx")
        expect(1, ["0 passed"], *run, "--only", "no such kernel")
        environment["TERRAZZO_EMU_ARCH"] = "sm_90a"
        expect(0, [" 0 failed"], *run, "--only", "nvidia:sm_90a fused")
        for name in ("fused heads", "packing for"):
            plant_fault(folder, name)
            environment["TERRAZZO_EMU_ARCH"] = "sm_80"
            expect(1, ["FAIL", " 1 failed"], *run, "--only", f"nvidia:sm_80 {name}")
    print("passed")


if __name__ == "__main__":
    main()
