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


@pytest.mark.parametrize("name", ["bin/terrazzo", "bin/terrazzo-run"])
def test_no_compiler_in_the_runtime(name, tmp_path):
    libraries = needed(BUILD / name)
    own = [n for n in libraries if n.startswith("libterrazzo")]
    assert all(ALLOWED.match(n) for n in libraries if n not in own), libraries
    for library in own:
        assert all(ALLOWED.match(n) for n in needed(BUILD / "lib" / library))
    stripped = tmp_path / "stripped"
    subprocess.run(["strip", "-o", stripped, BUILD / name], check=True)
    assert stripped.stat().st_size < 2 << 20


def test_rules_of_the_sources():
    result = subprocess.run([sys.executable, ROOT / "dev-support" / "lint.py", "--rules-only"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
