# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks and times the kernels of a bundle on an NVIDIA device; needs Python, numpy and the driver, and torch for rivals.

run.py [--bundle DIR] [--time] [--driver PATH] [--device N] [--code auto|ptx|cubin] [--only TEXT] [--out DIR]

Every kernel is compared with the float64 results that lie in the bundle. With --time the timing kernels, torch's like
and the decoding of the whole model follow. One line each, everything as JSON into --out ($OUT, else results/ beside
this script). Exits 1 when a kernel fails or none could be run.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys

from bundle import Bundle, check_all, runs
from driver import Driver, DriverError
from peaks import peaks_of
from timing import Settings, copy_bandwidth, figures, line, time_case

HERE = pathlib.Path(__file__).resolve().parent
PROMPT, GENERATED = 512, 128


def load_rivals(wanted):
    """(module or None, why not)."""
    if not wanted:
        return None, "not asked for"
    try:
        import rivals
    except (ImportError, OSError) as error:
        return None, f"no torch: {error}"
    return (rivals, None) if rivals.torch.cuda.is_available() else (None, "torch has no CUDA device")


def best_target(cases):
    """The newest architecture's without features, of those that run here."""
    def rank(target):
        arch = target.split(":")[1].split("+")[0].removeprefix("sm_")
        return int(arch.rstrip("a")), arch.endswith("a"), "+" not in target

    return max((case["target"] for case in cases), key=rank, default=None)


def time_all(bundle, driver, cases, rivals, settings, code):
    """{"peaks", "copy_gbs", "kernels"}, printed as they come."""
    bandwidth = copy_bandwidth(driver, settings)
    cublas = rivals.cublas_peak(settings) if rivals else None
    peaks = peaks_of(driver.name, cublas, bandwidth)
    print(f"peaks: {peaks['tflops'] or '?'} TFLOP/s, {peaks['gbs']:.0f} GB/s ({peaks['source']}); "
          f"measured: copy {bandwidth:.0f} GB/s" + (f", cuBLAS {cublas:.0f} TFLOP/s" if cublas else ""))
    records = []
    for case in cases:
        record = {"name": case["name"], "target": case["target"]}
        try:
            ours = figures(case, time_case(driver, bundle, case, settings, code), peaks)
            theirs = rivals.of_case(case, driver.l2_bytes, settings) if rivals else {}
            print(line(case, ours, theirs), flush=True)
            record |= ours | {"rivals_us": {k: v if isinstance(v, str) else v * 1e6 for k, v in theirs.items()}}
        except (DriverError, ValueError) as error:
            print(f"{case['name']}: not timed: {error}")
            record["why"] = str(error)
        records.append(record)
    return {"peaks": peaks, "copy_gbs": bandwidth, "cublas_tflops": cublas, "kernels": records}


def decode_ours(folder, model, device):
    """The last JSON line of the carried terrazzo-run, or why there is none."""
    command = [folder / "tools" / "bin" / "terrazzo-run", "bench", folder / "model.tzp", "-m", model, "--device", device,
               "-p", PROMPT, "-n", GENERATED, "-c", PROMPT + GENERATED, "--format", "json", "--quiet"]
    for part in (command[0], command[2], model):
        if not pathlib.Path(part).exists():
            return {"why": f"{part} is not here"}
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, stdin=subprocess.DEVNULL)
    lines = [text for text in result.stdout.splitlines() if text.startswith("{")]
    if result.returncode or not lines:
        return {"why": (result.stderr.strip().splitlines() or [f"exit {result.returncode}"])[-1]}
    return json.loads(lines[-1])


def decode_all(folder, model, device, rivals, peaks):
    """Whole models, where the bundle has one."""
    shapes_file = folder / "model.json"
    if not shapes_file.exists():
        return None
    shapes = json.loads(shapes_file.read_text())
    model = model or folder / "model.gguf"
    ours = decode_ours(folder, model, device)
    result = {"terrazzo": ours, "torch_compile": None, "shapes": shapes}
    if "tg" in ours:
        gbs = ours["tg"] * shapes["file_bytes"] / 1e9
        share = f", {100 * gbs / peaks['gbs']:.1f} % of the memory's peak" if peaks["gbs"] else ""
        print(f"decode {shapes['name']}: {ours['tg']:.1f} tokens/s, prompt {ours['pp']:.0f} tokens/s{share}")
    else:
        print(f"decode {shapes['name']}: not run: {ours.get('why', ours)}")
    if rivals:
        try:
            result["torch_compile"] = rivals.decode(shapes, PROMPT, GENERATED)
            print(f"decode, torch.compile bf16, same shapes: {result['torch_compile']:.1f} tokens/s")
        except Exception as error:  # torch.compile has errors of its own kinds, and one must not cost the other results
            result["torch_compile"] = f"failed: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
            print(f"decode, torch.compile: {result['torch_compile']}")
    return result


def write_results(folder, results):
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(c if c.isalnum() else "-" for c in results["device"])
    path = folder / f"{results['date'][:19].replace(':', '')}-{name}.json"
    path.write_text(json.dumps(results, indent=1) + "\n")
    print(f"results: {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bundle", type=pathlib.Path, default=HERE, help="folder with index.json (default: this script's)")
    parser.add_argument("--driver", default="libcuda.so.1", help="the driver's library")
    parser.add_argument("--device", type=int, default=0, help="which of the driver's devices")
    parser.add_argument("--code", choices=("auto", "ptx", "cubin"), default="auto", help="auto: machine code where it fits")
    parser.add_argument("--only", default="", help="cases whose name or target contains this")
    parser.add_argument("--time", action="store_true", help="measure too")
    parser.add_argument("--quick", action="store_true", help="short measurements, to try the harness; no figures")
    parser.add_argument("--no-torch", action="store_true", help="without rivals")
    parser.add_argument("--model", type=pathlib.Path, help="the model file (default: model.gguf of the bundle)")
    parser.add_argument("--decode-device", help="what terrazzo-run calls the device (default: cuda:N)")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(os.environ.get("OUT") or HERE / "results"))
    options = parser.parse_args()
    try:
        driver = Driver(options.driver, options.device)
    except (OSError, DriverError) as error:
        sys.exit(f"no device: {error}")
    bundle = Bundle(options.bundle)
    print(f"{driver.name}, sm_{driver.capability[0]}{driver.capability[1]}, driver {driver.version}")
    cases = [case for case in bundle.cases if runs(case["target"], driver.capability)
             and options.only in f"{case['target']} {case['name']}"]
    checks = check_all(bundle, driver, [case for case in cases if "data" in case], options.code)
    failed = sum(not check["passed"] for check in checks)
    print(f"{len(checks) - failed} passed, {failed} failed")
    results = {"device": driver.name, "capability": driver.capability, "driver": driver.version,
               "date": datetime.datetime.now(datetime.timezone.utc).isoformat(),
               "host": platform.processor() or platform.machine(), "quick": options.quick, "checks": checks}
    if options.time:
        rivals, why = load_rivals(not options.no_torch)
        print(f"torch {rivals.torch.__version__}" if rivals else f"no rivals: {why}")
        results["torch"] = rivals.torch.__version__ if rivals else why
        timed = [case for case in cases if "kind" in case]
        target = best_target(timed)
        results["times"] = time_all(bundle, driver, [c for c in timed if c["target"] == target], rivals,
                                    Settings(options.quick), options.code)
        results["decode"] = decode_all(options.bundle, options.model, options.decode_device or f"cuda:{options.device}",
                                       rivals, results["times"]["peaks"])
    write_results(options.out, results)
    return 1 if failed or not checks else 0


if __name__ == "__main__":
    sys.exit(main())
