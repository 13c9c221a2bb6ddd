// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-place-operations --split-input-file --verify-diagnostics %s

// expected-error @+1 {{the module names no targets in 'plan.targets'}}
module {
}

// -----

// expected-error @+1 {{no loaded plugin stands behind the target "cpu"}}
module attributes {plan.targets = ["cpu"]} {
}
