# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles models for every architecture that ptxas knows: it takes all kernels, and those with matrix products use the
matrix unit and spill nothing.

    python3 check_ptxas.py <terrazzo-compile> <terrazzo> <model> ...

Exits with 77, "skipped", where there is no ptxas or a model is missing.
"""

import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

TARGETS = ["sm_75", "sm_80", "sm_80+bf16", "sm_86", "sm_89", "sm_90a", "sm_100", "sm_120"]
SKIPPED = 77


def matrix_instructions(cubin):
    """How many instructions of a cubin multiply half-precision matrices.

    A cubin is an ELF file whose sections .text.* hold instructions of 16 bytes; the lowest twelve bits are the opcode,
    and 0x23c is HMMA from sm_70 on (seen by comparing the count with the PTX's for every architecture below).
    """
    data = cubin.read_bytes()
    table, = struct.unpack_from("<Q", data, 0x28)
    count, names = struct.unpack_from("<HH", data, 0x3C)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, table + 64 * i) for i in range(count)]
    found = 0
    for section in sections:
        start = sections[names][4] + section[0]
        if data[start : data.index(b"\0", start)].startswith(b".text"):
            code = range(section[4], section[4] + section[5], 16)
            found += sum(struct.unpack_from("<H", data, at)[0] & 0xFFF == 0x23C for at in code)
    return found


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
            meant, made = ptx.read_text().count("mma.sync"), matrix_instructions(ptx.with_suffix(".cubin"))
            # The assembler may unroll, never drop.
            if made < meant:
                faults.append(f"{ptx.stem} has {made} matrix instructions for {meant} of its PTX")
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
