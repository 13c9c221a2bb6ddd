// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-form-prepare --verify-diagnostics %s

// expected-error @+1 {{the module names no targets in 'plan.targets'}}
module {
  plan.program @p attributes {max_sizes = array<i64: 1>} {
    %0 = plan.packed @a : <tensor<64x32xf32, #tz.layout<interleave = 16>>>
  }
}
