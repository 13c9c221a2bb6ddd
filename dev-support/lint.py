# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Formatting and the rules of the rooms: lint.py [--fix] [--rules-only]. Prints each offence, exits 1 when there is one.

The rules: every source says its licence; core never names a backend other than cpu and null, nor a backend's path; the
runtime includes no LLVM; no file passes 800 lines; every TZ code in the code has a row in docs/errors.md.
"""

import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORE = ("lib/", "runtime/", "tools/", "python/", "include/")
CXX = (".cpp", ".h", ".c")
# Vendors, their target dialects and libraries. `backends` and paths through it belong to CMake and the plugin scan.
VENDOR = re.compile(r"\b(nvidia|cuda|cublas\w*|ptx|amdgpu|rocm|hip|hipblas\w*|hexagon)\b|(?-i:\btz_(?!cpu\b|null\b|chip\b)[a-z]+)\b", re.I)
BACKEND_PATH = re.compile(r"backends/(?!cpu\b|null\b|lib|\*)[a-z]\w*/")
LLVM_INCLUDE = re.compile(r'#\s*include\s*["<](llvm|mlir|lld|clang)[/-]')


def sources():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [n for n in out.stdout.splitlines() if (ROOT / n).is_file()]


def rules(names):
    offences = []
    codes = {}
    for name in names:
        path = ROOT / name
        if not name.endswith((*CXX, ".td", ".py", ".cmake", ".txt", ".sh", ".fbs")) and name != "dev":
            continue
        text = path.read_text(encoding="utf-8")
        if "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception" not in text[:400] and not name.endswith("requirements.txt"):
            offences.append(f"{name}:1: no SPDX line")
        lines = text.splitlines()
        if len(lines) > 800:
            offences.append(f"{name}: {len(lines)} lines; files are split at 800")
        for number, line in enumerate(lines, 1):
            if name.startswith(CORE) and (found := VENDOR.search(line) or BACKEND_PATH.search(line)):
                offences.append(f"{name}:{number}: core names a backend: {found.group(0)}")
            if name.startswith("runtime/") and LLVM_INCLUDE.search(line):
                offences.append(f"{name}:{number}: the runtime includes LLVM")
            if name.startswith((*CORE, "backends/")):
                for code in re.findall(r'"(TZ\d{4})"', line):
                    codes.setdefault(code, f"{name}:{number}")
    documented = (ROOT / "docs" / "errors.md").read_text() if (ROOT / "docs" / "errors.md").exists() else ""
    offences += [f"{where}: {code} has no row in docs/errors.md" for code, where in sorted(codes.items()) if code not in documented]
    return offences


def formatting(names, fix):
    offences = []
    formatter = shutil.which("clang-format-22")
    files = [n for n in names if n.endswith((".cpp", ".h", ".c"))]
    if not formatter:
        offences.append("clang-format-22 is not installed: ./dev setup")
    elif files:
        command = [formatter, "-i"] if fix else [formatter, "--dry-run", "-Werror"]
        result = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True)
        offences += sorted({f"{line.split(':')[0]}: not formatted (./dev lint --fix)" for line in result.stderr.splitlines()
                            if "-Wclang-format-violations" in line})
    ruff = shutil.which("ruff") or next((str(p) for p in [ROOT / ".venv" / "bin" / "ruff"] if p.exists()), None)
    if ruff:
        result = subprocess.run([ruff, "check", "-q", "--no-cache", "--select", "E9,F", "--exclude", "lit.cfg.py,lit.site.cfg.py", *(["--fix"] if fix else []), "."],
                                cwd=ROOT, capture_output=True, text=True)
        if result.returncode:
            offences.append(result.stdout.strip())
    else:
        print("ruff is not installed: Python files are not checked", file=sys.stderr)
    return offences


def main():
    names = sources()
    offences = rules(names)
    if "--rules-only" not in sys.argv:
        offences += formatting(names, "--fix" in sys.argv)
    print("\n".join(offences))
    print(f"lint: {len(offences)} offences in {len(names)} files", file=sys.stderr)
    sys.exit(1 if offences else 0)


main()
