// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-configure-kernels %s | FileCheck %s

// CHECK: plan.kernel @a attributes {config = #plan.config<factor = 1, tiles = [], scratch = 0>
plan.kernel @a attributes {target = #tz_null.target<"paper">, plan.max_size = 1 : i64} { builtin.module {
  tz.func @a(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %y = tz.elementwise silu(%x) : (tensor<?x8xf32>) -> tensor<?x8xf32>
    tz.return %y : tensor<?x8xf32>
  }
} }
