// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-configure-kernels --verify-diagnostics %s

// expected-error @+1 {{has the target "cpu", whose plugin is not loaded}}
plan.kernel @a attributes {target = "cpu"} { builtin.module {
  tz.func @a(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
    tz.return %x : tensor<?x8xf32>
  }
} }
