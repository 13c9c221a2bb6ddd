// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-choose-layouts --verify-diagnostics %s

// expected-error @+1 {{the module has no target whose plugin is loaded in 'plan.targets'}}
module {
}
