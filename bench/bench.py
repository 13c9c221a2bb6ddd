# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Terrazzo beside other engines: same file, same threads, random tokens, interleaved rounds, medians.

./dev bench [--configuration NAME] [-t N] [--models A,B] [--engines A,B] [--rounds N] [--no-start] [--record FILE]

Prints a table per model: prompt and generation speed, the ratio of Terrazzo to each rival, the share of the machine's
limit (generation: bytes read per token at the measured read bandwidth; prompt: operations at the measured int8 peak),
and peak memory; then start-up and compile time. A rival that is not installed is skipped with a word.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / "build" / "bin"
RIVALS = {"llama.cpp": "llama_cpp", "ik_llama.cpp": "ik_llama_cpp"}


def say(text):
    print(f"[bench] {text}", file=sys.stderr, flush=True)


def run_json(command, **options):
    """The last JSON line of a command, or a reason in words."""
    result = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            stdin=subprocess.DEVNULL, **options)
    lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
    if result.returncode or not lines:
        reason = (result.stderr.strip().splitlines() or [f"exit {result.returncode}"])[-1]
        return None, reason
    return json.loads(lines[-1]), None


def measure(engine, model, config, threads):
    path = ROOT / model["path"]
    if engine == "terrazzo":
        return run_json([BIN / "terrazzo", "bench", "-m", path, "-t", threads, "-p", config["n_prompt"], "-n",
                         config["n_gen"], "-c", config["context"], "-r", 1, "--format", "json", "--quiet"])
    python = ROOT / ".venv-bench" / "bin" / "python"
    if not python.exists():
        return None, "not installed: ./dev rivals builds it (about 15 minutes)"
    return run_json([python, ROOT / "bench" / "rival.py", RIVALS[engine], path, threads, config["n_prompt"],
                     config["n_gen"], config["context"]])


def machine_limits(config, threads):
    command = [BIN / "ceilings", threads, *[m["read_mib"] for m in config["models"]]]
    limits, reason = run_json(command)
    if limits is None:
        say(f"no limits: {reason}")
    return limits


def compare(config, engines, model, threads):
    """{engine: [measurement per round]}; an engine that fails once is dropped with its reason."""
    results = {engine: [] for engine in engines}
    for number in range(config["rounds"]):
        for engine in list(results):
            say(f"{model['name']}: round {number + 1} of {config['rounds']}, {engine}")
            measured, reason = measure(engine, model, config, threads)
            if measured is None:
                say(f"{engine} is skipped: {reason}")
                del results[engine]
            else:
                results[engine].append(measured)
    return results


def table(config, model, results, limits, threads):
    middle = {e: {k: statistics.median(r[k] for r in rounds) for k in ("pp", "tg", "peak_rss_mb", "load_s")}
              for e, rounds in results.items()}
    ours = middle.get("terrazzo")
    kv = model["kv_bytes_per_row"] * config["n_gen"] / 2
    limit_tg = limits and limits["read_gbs"][str(model["read_mib"])] * 1e9 / (model["bytes_per_token"] + kv)
    peak = limits and (limits["int8_gops"] or limits["f32_gflops"])
    limit_pp = limits and peak * 1e9 / model["operations_per_prompt_token"]
    lines = [f"{model['what']}, {threads} threads, medians of {config['rounds']} interleaved rounds", "",
             f"| engine | prompt {config['n_prompt']} tok/s (min–max) | of limit | generation {config['n_gen']} tok/s (min–max) | of limit "
             "| Terrazzo is … × (prompt; generation) | peak MB |",
             "|---|---|---|---|---|---|---|"]
    for engine, value in middle.items():
        spread = {k: f"{value[k]:.0f} ({min(r[k] for r in results[engine]):.0f}–{max(r[k] for r in results[engine]):.0f})"
                  for k in ("pp", "tg")}
        share = lambda part, whole: f"{100 * part / whole:.0f} %" if whole else "–"
        ratio = "–" if engine == "terrazzo" or not ours else f"{ours['pp'] / value['pp']:.2f}; {ours['tg'] / value['tg']:.2f}"
        lines.append(f"| {engine} | {spread['pp']} | {share(value['pp'], limit_pp)} | {spread['tg']} "
                     f"| {share(value['tg'], limit_tg)} | {ratio} | {value['peak_rss_mb']:.0f} |")
    if limits:
        lines.append(f"| *limit* | {limit_pp:.0f} | | {limit_tg:.0f} | | | |")
    return lines


def first_token(path, cache):
    """Wall time from exec to the first byte of the answer, in seconds."""
    environment = dict(os.environ, TERRAZZO_CACHE_DIR=cache)
    start = time.perf_counter()
    child = subprocess.Popen([BIN / "terrazzo", "run", "-m", path, "-p", "Hello", "-n", "1", "--quiet"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment)
    child.stdout.read(1)
    elapsed = time.perf_counter() - start
    child.communicate()
    return elapsed if child.returncode == 0 else None


def start_up(config):
    lines = ["Start: exec to the first token of `run -p Hello -n 1`, page cache warm; compiling: `compile --no-cache`.", "",
             "| model | empty cache | filled cache (median of 5) | compile | compiler's peak MB | package |",
             "|---|---|---|---|---|---|"]
    for model in config["models"]:
        path = ROOT / model["path"]
        with tempfile.TemporaryDirectory() as scratch:
            say(f"{model['name']}: start-up and compile time")
            cold = first_token(path, scratch)
            warm = [first_token(path, scratch) for _ in range(5)]
            package = pathlib.Path(scratch) / "out.tzp"
            compiled, reason = run_json([BIN / "terrazzo", "compile", "-m", path, "-o", package, "--no-cache", "--format",
                                         "json", "--quiet"])
            if cold is None or None in warm or compiled is None:
                lines.append(f"| {model['what']} | failed: {reason or 'run did not end well'} | | | | |")
                continue
            lines.append(f"| {model['what']} | {cold:.2f} s | {1000 * statistics.median(warm):.0f} ms | {compiled['seconds']:.2f} s "
                         f"| {compiled['peak_rss_mb']:.0f} | {package.stat().st_size / 1024:.0f} KiB |")
    return lines


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0])
    parser.add_argument("--configuration", default="default", help="a file of bench/configurations")
    parser.add_argument("-t", "--threads", type=int, default=min(2, len(os.sched_getaffinity(0))))
    parser.add_argument("--models", help="only these, with commas")
    parser.add_argument("--engines", default="terrazzo,llama.cpp,ik_llama.cpp")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--no-start", action="store_true", help="leave start-up and compile time out")
    parser.add_argument("--record", help="also write the report to this file")
    args = parser.parse_args()
    config = json.loads((ROOT / "bench" / "configurations" / f"{args.configuration}.json").read_text())
    if args.rounds:
        config["rounds"] = args.rounds
    if args.models:
        config["models"] = [m for m in config["models"] if m["name"] in args.models.split(",")]
    engines = args.engines.split(",")

    limits = machine_limits(config, args.threads)
    report = [f"# {datetime.date.today()}, {cpu_name()}, {args.threads} threads", ""]
    if limits:
        reads = ", ".join(f"{gbs} GB/s over {mib} MiB" for mib, gbs in limits["read_gbs"].items())
        report += [f"Limits measured: read {reads}; f32 {limits['f32_gflops']} GFLOP/s, bf16 {limits['bf16_gflops']} GFLOP/s, "
                   f"int8 {limits['int8_gops']} GOP/s.", ""]
    broken = False
    for model in config["models"]:
        results = compare(config, engines, model, args.threads)
        broken |= "terrazzo" in engines and "terrazzo" not in results
        report += table(config, model, results, limits, args.threads) + [""]
    if not args.no_start and "terrazzo" in engines:
        report += start_up(config) + [""]
    text = "\n".join(report)
    print(text)
    if args.record:
        pathlib.Path(args.record).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(args.record).write_text(text)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
