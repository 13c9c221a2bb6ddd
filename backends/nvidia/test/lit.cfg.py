# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Tests of the nvidia backend's passes and targets: those of test/, with another root.
import os
import shutil

lit_config.load_config(config, os.path.join(config.terrazzo_build, "test", "lit.site.cfg.py"))
config.name = "Terrazzo nvidia"
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.terrazzo_build, "backends", "nvidia", "lit")
config.substitutions.append(("%inputs", os.path.join(config.test_source_root, "..", "..", "..", "test", "Transforms", "Inputs")))
if shutil.which("ptxas"):
    config.available_features.add("ptxas")
