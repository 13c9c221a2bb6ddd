# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles models for every architecture that ptxas knows: it takes all kernels, and those with matrix products use the
matrix unit and spill nothing.

    python3 check_ptxas.py <terrazzo-compile> <terrazzo> <model> ...

Exits with 77, "skipped", where there is no ptxas or a model is missing.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TARGETS = ["sm_75", "sm_80", "sm_80+bf16", "sm_86", "sm_89", "sm_90a", "sm_100", "sm_120"]
SKIPPED = 77


def listing(cubin):
    """The machine code of a cubin as text; None where no tool for it is found."""
    tool = shutil.which("nvdisasm")
    command = [tool, cubin] if tool else ["cuobjdump", "-sass", cubin]
    if not shutil.which(command[0]):
        return None
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def check(compiler, terrazzo, model, target, folder):
    package = folder / "model.tzp"
    done = subprocess.run([compiler, "-m", model, "--target", f"nvidia:{target}", "-o", package, "--dump-to", folder,
                           "--quiet"], capture_output=True, text=True)
    if done.returncode:
        return [done.stdout + done.stderr]
    shown = subprocess.run([terrazzo, "inspect", package], check=True, capture_output=True, text=True).stdout
    spilled = {name: int(count) for name, count in re.findall(r"kernel (\S+):.* (\d+) bytes spilled", shown)}
    faults, products = [], 0
    for ptx in sorted((folder / "kernels").glob("*.ptx")):
        if not ptx.with_suffix(".cubin").exists():
            faults.append(f"{ptx.stem} was not assembled")
        elif "mma.sync" in ptx.read_text():
            products += 1
            if spilled.get(ptx.stem) != 0:
                faults.append(f"{ptx.stem} spills {spilled.get(ptx.stem)} bytes")
            code = listing(ptx.with_suffix(".cubin"))
            if code is not None and "HMMA" not in code:
                faults.append(f"{ptx.stem} has no matrix product among its instructions")
    return faults if products else [*faults, "no kernel uses the matrix unit"]


def main():
    compiler, terrazzo, *models = sys.argv[1:]
    if not shutil.which("ptxas"):
        print("skipped: there is no ptxas on PATH")
        return SKIPPED
    missing = [model for model in models if not pathlib.Path(model).exists()]
    if missing:
        print(f"skipped: {missing[0]} is missing; ./dev model fetches it")
        return SKIPPED
    known = subprocess.run(["ptxas", "--help"], check=True, capture_output=True, text=True).stdout
    failed = False
    for target in TARGETS:
        if f"'{target.split('+')[0]}'" not in known:
            print(f"{target}: this ptxas does not know it")
            continue
        for model in models:
            with tempfile.TemporaryDirectory() as folder:
                faults = check(compiler, terrazzo, model, target, pathlib.Path(folder))
            print(f"{target} {pathlib.Path(model).name}: {'; '.join(faults) or 'accepted'}", flush=True)
            failed |= bool(faults)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
