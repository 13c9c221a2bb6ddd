# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rules of the rooms, checked on the sources and on what was built."""

import re
import subprocess
import sys

import pytest
from conftest import BUILD, ROOT

ALLOWED = re.compile(r"^(libc|libm|libpthread|libdl|librt|ld-linux-x86-64)\.so\.\d+$")


def needed(path):
    out = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", out)


@pytest.mark.parametrize("name", ["bin/terrazzo", "bin/terrazzo-run", "lib/libTerrazzoRuntime.so"])
def test_no_compiler_in_the_runtime(name):
    libraries = needed(BUILD / name)
    assert libraries and all(ALLOWED.match(n) for n in libraries), libraries


def test_size_of_the_runtime(tmp_path):
    stripped = tmp_path / "stripped"
    subprocess.run(["strip", "-o", stripped, BUILD / "lib/libTerrazzoRuntime.so"], check=True)
    assert stripped.stat().st_size < 2_000_000


def test_rules_of_the_sources():
    result = subprocess.run([sys.executable, ROOT / "dev-support" / "lint.py", "--rules-only"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
