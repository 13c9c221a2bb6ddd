// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-form-kernels --split-input-file --verify-diagnostics %s

// expected-error @+1 {{the module has no target whose plugin is loaded in 'plan.targets'}}
module {
}
