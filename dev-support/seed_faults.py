# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Would a fault be found? Each of these puts one into a lowering, builds, and lets `conformance` look for a minute.

dev-support/seed_faults.py [NAME ...]    (in a tree without changes; every file is put back)

Prints a line for each fault: the graph that found it and after how many seconds. Exit 1 when one was not found.
"""

import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
EMULATED = "--target nvidia:sm_80 --device emu:sm_80 --product 1e-3 --largest 6e4"
FAULTS = {  # name: file, what stands there, the fault, how to look
    "window": ("lib/Codegen/Attention/AttentionRows.cpp", "e.sub(end, e.index(window))", "e.sub(end, e.index(window - 1))", ""),
    "rotation": ("lib/Codegen/Rows/RowEmitter.cpp", "e.subf(e.mulf(x, cosine), e.mulf(y, sine))",
                 "e.addf(e.mulf(x, cosine), e.mulf(y, sine))", ""),
    "bias": ("lib/Codegen/Rows/RowEmitter.cpp", "if (norm.bias)", "if (norm.bias && dim > 64)", "--arrays"),
    "border": ("lib/Codegen/Loops/LoopPlaces.cpp", "arith::CmpIPredicate::slt, at[i], size", "arith::CmpIPredicate::sle, at[i], size",
               "--arrays"),
    "subgroups": ("lib/Codegen/SimtEmitter.cpp", "for (int64_t i = 1; i < subgroups(); ++i)", "for (int64_t i = 2; i < subgroups(); ++i)",
                  f"--arrays {EMULATED}"),
}


def look(flags):
    begin = time.monotonic()
    command = [ROOT / "build/bin/conformance", "--seconds", "60", "--graphs", "100000", "--seed", "900", "--operations", "14", *flags.split()]
    with subprocess.Popen(command, cwd=ROOT / "build", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        for line in run.stdout:
            if found := re.match(r"graph (\d+): (.*)", line):
                run.kill()
                return f"graph {int(found[1]) - 899} after {time.monotonic() - begin:.0f} s: {found[2][:90]}"
    return None


def main(names):
    missed = 0
    for name in names or FAULTS:
        file, right, wrong, flags = FAULTS[name]
        text = (ROOT / file).read_text()
        assert text.count(right) == 1, f"{file} has changed: {right}"
        try:
            (ROOT / file).write_text(text.replace(right, wrong))
            subprocess.run(["ninja", "-C", ROOT / "build"], check=True, stdout=subprocess.DEVNULL)
            found = look(flags)
        finally:
            (ROOT / file).write_text(text)
        print(f"{name}: {found or 'NOT FOUND'}", flush=True)
        missed += not found
    subprocess.run(["ninja", "-C", ROOT / "build"], check=True, stdout=subprocess.DEVNULL)
    return 1 if missed else 0


sys.exit(main(sys.argv[1:]))
