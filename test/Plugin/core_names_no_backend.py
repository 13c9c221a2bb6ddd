# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Core never names a chip's vendor, a backend's dialect or a backend's folder: a new chip needs no edit to core.

    core_names_no_backend.py <root of the tree>

Prints each line that does and exits with 1. The words "cpu" and "null" may occur: the CPU team is core's, and a null
is a null.
"""
import pathlib
import re
import sys

ROOMS = ["include", "lib", "runtime", "tools", "python"]
SUFFIXES = {".h", ".cpp", ".c", ".td", ".fbs", ".py", ".txt", ".cmake", ".in"}
# Found inside other words too; "hip" would be, in "chip", so it stands alone.
VENDORS = ["nvidia", "cuda", "amdgpu", "rocm", "hexagon", "qualcomm"]
WHOLE_WORDS = ["hip"]
ORDINARY_WORDS = {"cpu", "null"}


def forbidden(root: pathlib.Path) -> re.Pattern:
    names = sorted(p.name for p in (root / "backends").iterdir() if p.is_dir())
    if not names:
        sys.exit(f"{root}/backends is empty: nothing to look for")
    joined = "|".join(map(re.escape, names))
    # A dialect in IR or C++ (tz_x, TzX), or a folder.
    parts = [rf"\btz_?({joined})\b", rf"\bTz({joined})", rf"backends/({joined})\b"]
    words = WHOLE_WORDS + [name for name in names if name not in ORDINARY_WORDS]
    parts += VENDORS
    parts.append(r"(?<![a-z])(" + "|".join(map(re.escape, words)) + r")(?![a-z])")
    return re.compile("|".join(parts), re.IGNORECASE)


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    pattern = forbidden(root)
    searched, hits = 0, 0
    for room in ROOMS:
        for path in sorted((root / room).rglob("*")):
            if not path.is_file() or path.suffix not in SUFFIXES:
                continue
            searched += 1
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                if match := pattern.search(line):
                    hits += 1
                    print(f"{path.relative_to(root)}:{number}: names '{match.group()}': {line.strip()}")
    print(f"{searched} files, {hits} lines name a backend")
    return 1 if hits or not searched else 0


if __name__ == "__main__":
    sys.exit(main())
