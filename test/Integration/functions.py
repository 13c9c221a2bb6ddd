# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The functions of a module on arrays of NumPy's, through `terrazzo call`."""

import numpy as np


class Functions:
    """`module` compiled once, for a target of the CPU ("cpu", "cpu:x86-64-v3") or an emulated device ("emu:sm_80")."""

    def __init__(self, terrazzo, folder, module, device="cpu"):
        self.terrazzo, self.folder, self.device = terrazzo, folder, device
        name = device.replace(":", "-")
        self.package = folder / f"{name}.tzp"
        (folder / f"{name}.mlir").write_text(module)
        target = [] if device == "cpu" else ["--target", device.replace("emu", "nvidia")]
        terrazzo("compile", "-m", folder / f"{name}.mlir", "-o", self.package, *target)

    def __call__(self, function, results, **arrays):
        """The arrays that `results` names, by name."""
        words = ["--device", self.device] if self.device.startswith("emu") else []
        for name, array in arrays.items():
            np.save(self.folder / f"{name}.npy", array)
            words += ["--input", f"{name}={self.folder / name}.npy"]
        for name in results:
            words += ["--output", f"{name}={self.folder}/{name}.npy"]
        self.terrazzo("call", self.package, "--function", function, *words)
        return {name: np.load(self.folder / f"{name}.npy") for name in results}
