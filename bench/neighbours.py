# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Generation on a machine that is shared: python bench/neighbours.py [--model PATH] [--rounds N] [--binary PATH]...

Rows: one thread alone, all cores alone, -t 1 to 64, beside one busy process, two processes at once. Each is the median
of interleaved rounds, printed as tokens per second and as a ratio to one thread alone (two processes: their sum against
one process on all cores). With two --binary, the idle rows compare them in the same rounds. The machine must be idle
otherwise: what runs besides is printed first.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORES = len(os.sched_getaffinity(0))


def start(binary, model, threads, tokens):
    flags = ["-t", threads] if threads else []
    command = [binary, "bench", "-m", model, "-p", 0, "-n", tokens, "-r", 1, "-c", 512, "--format", "json", "--quiet", *flags]
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)


def rate(process):
    out, _ = process.communicate(timeout=600)
    return json.loads(out.splitlines()[-1])["tg"]


def busy():
    return subprocess.Popen([sys.executable, "-c", "while True: pass"])


def beside_busy(binary, model, threads, tokens):
    neighbour = busy()
    try:
        time.sleep(0.3)
        return rate(start(binary, model, threads, tokens))
    finally:
        neighbour.kill()
        neighbour.wait()


def pair(binary, model, tokens):
    processes = [start(binary, model, 0, tokens) for _ in range(2)]
    return sum(rate(process) for process in processes)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default=ROOT / ".models" / "smollm2.gguf")
    parser.add_argument("--binary", action="append")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("-n", type=int, default=256)
    args = parser.parse_args()
    binaries = args.binary or [ROOT / "build" / "bin" / "terrazzo"]
    subject = binaries[-1]
    print(f"load before: {os.getloadavg()[0]:.2f} on {CORES} cores")
    rows = {}
    for threads in (1, CORES):
        for i, binary in enumerate(binaries):
            name = f"idle, -t {threads}" + (f", {i}: {binary}" if len(binaries) > 1 else "")
            rows[name] = lambda b=binary, t=threads: rate(start(b, args.model, t, args.n))
    for threads in (1, 2, 3, 4, 8, 16, 32, 64):
        rows[f"-t {threads}"] = lambda t=threads: rate(start(subject, args.model, t, args.n))
        rows[f"-t {threads}, a busy process"] = lambda t=threads: beside_busy(subject, args.model, t, args.n)
    rows["two processes, sum"] = lambda: pair(subject, args.model, args.n)
    measured = {name: [] for name in rows}
    for _ in range(args.rounds):
        for name, run in rows.items():
            measured[name].append(run())
    middle = {name: statistics.median(values) for name, values in measured.items()}
    one = next(value for name, value in middle.items() if name.startswith("idle, -t 1"))
    for name, value in middle.items():
        spread = f"{min(measured[name]):.0f} to {max(measured[name]):.0f}"
        print(f"{name:45} {value:8.1f} tok/s  ({spread})  {value / one:5.2f} x one thread alone")


if __name__ == "__main__":
    main()
