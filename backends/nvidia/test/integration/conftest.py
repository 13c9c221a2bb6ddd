# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The fixtures of test/Integration: the built programs, the models, the golden data."""

import importlib.util
import pathlib

_path = pathlib.Path(__file__).resolve().parents[4] / "test" / "Integration" / "conftest.py"
_spec = importlib.util.spec_from_file_location("terrazzo_integration", _path)
shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(shared)

terrazzo = shared.terrazzo
smollm2 = shared.smollm2
model = shared.model
evaluate = shared.evaluate


def pytest_configure(config):
    config.golden = shared.golden
