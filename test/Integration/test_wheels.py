# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The wheels of this build in a fresh environment: what a user of torch types, and the command line."""

import os
import subprocess
import sys
import sysconfig

from conftest import BUILD, ROOT

EXAMPLE = """
import torch
fast = torch.compile(torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.GELU()).eval(), backend="terrazzo")
with torch.no_grad():
    print(tuple(fast(torch.ones(2, 16)).shape))
"""


def test_wheels(tmp_path):
    subprocess.run([sys.executable, ROOT / "dev-support/make_wheels.py", "--build", BUILD, "--output", tmp_path], check=True)
    wheels = {path.name.split("-")[0]: path for path in tmp_path.glob("*.whl")}
    assert set(wheels) == {"terrazzo", "terrazzo_compiler"}
    assert wheels["terrazzo"].stat().st_size < 5_000_000
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "fresh"], check=True)
    python = tmp_path / "fresh/bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", *wheels.values()], check=True)
    # Only torch comes from elsewhere: it is large.
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TERRAZZO_", "PYTHON"))}
    environment["PYTHONPATH"] = sysconfig.get_paths()["purelib"]

    def run(*words):
        return subprocess.run([python, *words], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)

    said = run("-c", EXAMPLE)
    assert "(2, 32)" in said.stdout
    assert "terrazzo: 2/2 operations placed on cpu" in said.stderr
    assert "usable" in run("-m", "terrazzo", "targets").stdout
    where = run("-c", "import terrazzo, sys; print(terrazzo.__file__, 'torch' in sys.modules, 'numpy' in sys.modules)").stdout.split()
    assert where[0].startswith(str(tmp_path)) and where[1:] == ["False", "False"]
