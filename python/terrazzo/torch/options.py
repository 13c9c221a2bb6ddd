# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What users may choose: torch.compile(..., backend="terrazzo", options={...})."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch._inductor


@dataclass(frozen=True)
class Options:
    device: str = "cpu"  # as the tools' --device
    target: str | None = None  # as the tools' --target; None: that of the device
    threads: int = 0  # 0: as many as torch's
    fallback: str = "eager"  # what has no kernel runs in torch; "error": is refused
    frozen: bool = False  # parameters never change: calls do not look whether they did
    min_block: int = 8  # operations: smaller parts of a graph that falls apart stay in torch
    verbose: bool = True  # a line for each graph on stderr

    @staticmethod
    def of(mode: str | None, given: Mapping[str, Any] | None) -> Options:
        """Raises ValueError, which names the options that there are, for another one."""
        known = {field.name: field for field in fields(Options)}
        for name in given or {}:
            if name not in known:
                raise ValueError(f"terrazzo has no option {name!r}; it has {', '.join(known)}")
        if mode not in (None, "default") and mode not in torch._inductor.list_mode_options():
            raise ValueError(f"torch has no mode {mode!r}; all of its are one to terrazzo")
        options = Options(**(given or {}))
        if options.fallback not in ("eager", "error"):
            raise ValueError(f"the option fallback is 'eager' or 'error', not {options.fallback!r}")
        return options
