# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs ctest, lit and pytest and adds up what they report: run_tests.py --build DIR [NAME...].

A NAME keeps the tests whose name contains it. The last line is `N passed, N failed[, N skipped]`; the exit code is 1
when anything failed, when a runner itself broke, or when nothing ran.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parent.parent


def read_junit(path):
    """Counts (passed, failed, skipped) of a JUnit file, and the names of what failed."""
    passed = failed = skipped = 0
    names = []
    for case in ET.parse(path).iter("testcase"):
        name = f"{case.get('classname', '')}.{case.get('name', '')}"
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
            names.append(name)
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped, names


def run_for_an_hour(command):
    """The exit code; a runner that hangs is ended and counts as failed."""
    try:
        return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=3600).returncode
    except subprocess.TimeoutExpired:
        return 124


def run(title, command, report, none_found):
    print(f"[dev] {title} ...", file=sys.stderr, flush=True)
    report.unlink(missing_ok=True)
    start = time.monotonic()
    code = run_for_an_hour(command)
    counts = read_junit(report) if report.exists() else (0, 0, 0, [])
    # A runner that dies without naming a failed test must not look like success.
    if code not in (0, none_found) and counts[1] == 0:
        counts = (counts[0], counts[1] + 1, counts[2], [f"{title} itself ended with exit code {code}"])
    seconds = time.monotonic() - start
    print(f"[dev] {title}: {counts[0]} ok, {counts[1]} not, {counts[2]} left out, {seconds:.0f} s", file=sys.stderr, flush=True)
    return counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", choices=["ctest", "lit", "pytest"], action="append")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    build = (ROOT / args.build).resolve()
    reports = build / "test-reports"
    reports.mkdir(exist_ok=True)
    os.environ["TERRAZZO_BUILD"] = str(build)
    kinds = args.only or ["ctest", "lit", "pytest"]
    pattern = "|".join(re.escape(n) for n in args.names)
    jobs = str(len(os.sched_getaffinity(0)))
    totals = []

    if "ctest" in kinds:
        report = reports / "ctest.xml"
        command = ["ctest", "--test-dir", str(build), "-j", jobs, "--output-on-failure", "--timeout", "900",
                   "-E", "^lit$", "--no-tests=ignore", "--output-junit", str(report)]
        totals.append(run("unit tests", command + (["-R", pattern] if pattern else []), report, 0))
    if "lit" in kinds and (build / "test" / "lit.site.cfg.py").exists():
        report = reports / "lit.xml"
        lit = shutil.which("lit-22") or shutil.which("lit") or "lit-22"
        command = [lit, "-v", "-q", f"-j{jobs}", "--xunit-xml-output", str(report), str(build / "test")]
        totals.append(run("IR tests", command + (["--filter", pattern, "--allow-empty-runs"] if pattern else []), report, 0))
    if "pytest" in kinds:
        report = reports / "pytest.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--durations=8", f"--junitxml={report}", "test",
                   *sorted(str(folder) for folder in (ROOT / "backends").glob("*/test/integration"))]
        expression = " or ".join(args.names)
        totals.append(run("integration tests", command + (["-k", expression] if expression else []), report, 5))

    passed, failed, skipped = (sum(t[i] for t in totals) for i in range(3))
    for names in totals:
        for name in names[3]:
            print(f"FAILED {name}")
    if passed + failed == 0:
        print("no test has this name" if args.names else "no test ran", file=sys.stderr)
        failed = 1
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    sys.exit(1 if failed else 0)


main()
