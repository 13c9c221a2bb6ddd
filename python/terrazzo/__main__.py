# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`python -m terrazzo`: the command line, the program `terrazzo` beside this package, else of the PATH."""

import os
import pathlib
import shutil
import sys


def main() -> None:
    beside = pathlib.Path(__file__).parent / "bin" / "terrazzo"
    program = str(beside) if beside.exists() else shutil.which("terrazzo")
    if program is None:
        sys.exit("error: there is no program 'terrazzo' beside this package or in PATH")
    os.execv(program, [program, *sys.argv[1:]])


if __name__ == "__main__":
    main()
