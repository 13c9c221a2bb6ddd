# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Tests of the IR and of the tools: every .mlir and .test below this folder, run by lit.
import os
import sys

import lit.formats

config.name = "Terrazzo"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.terrazzo_build, "test")

# The tools of this build first, then LLVM's FileCheck, not and count.
config.environment["PATH"] = os.pathsep.join(
    [config.terrazzo_bin, config.llvm_bin, os.environ.get("PATH", "")])
# Only the plugins of this build, whatever the caller's environment says.
config.environment.pop("TERRAZZO_PLUGIN_PATH", None)
config.environment["FILECHECK_OPTS"] = "--enable-var-scope --dump-input=fail"

config.substitutions.append(("%source_root", os.path.dirname(config.test_source_root)))
config.substitutions.append(("%python", sys.executable))
config.substitutions.append(("%backends", config.terrazzo_backends))
config.substitutions.append(("%bad_plugins", config.terrazzo_bad_plugins))
for name in os.listdir(config.terrazzo_backends) if os.path.isdir(config.terrazzo_backends) else []:
    # A test of one backend says REQUIRES: backend-<name>.
    config.available_features.add("backend-" + name[len("libterrazzo-"):-len(".so")])
