// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-dedupe-kernels --mlir-print-debuginfo --mlir-use-nameloc-as-prefix=false %s \
// RUN:   | FileCheck %s

// Names do not matter, attributes of operations and the number of tokens do; a launch keeps its location.
// CHECK: plan.kernel @a
// CHECK-NOT: plan.kernel @b
// CHECK: plan.kernel @c
// CHECK: plan.kernel @d
#t = #tz_null.target<"paper">
plan.kernel @a attributes {target = #t, plan.max_size = 1 : i64} { builtin.module {
  tz.func @a(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %y = tz.elementwise silu(%x) : (tensor<?x8xf32>) -> tensor<?x8xf32>
    tz.return %y : tensor<?x8xf32>
  }
} }
plan.kernel @b attributes {target = #t, plan.max_size = 1 : i64} { builtin.module {
  tz.func @b(%other: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %name = tz.elementwise silu(%other) : (tensor<?x8xf32>) -> tensor<?x8xf32>
    tz.return %name : tensor<?x8xf32>
  }
} }
plan.kernel @c attributes {target = #t, plan.max_size = 8 : i64} { builtin.module {
  tz.func @c(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %y = tz.elementwise silu(%x) : (tensor<?x8xf32>) -> tensor<?x8xf32>
    tz.return %y : tensor<?x8xf32>
  }
} }
plan.kernel @d attributes {target = #t, plan.max_size = 1 : i64} { builtin.module {
  tz.func @d(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %y = tz.elementwise tanh(%x) : (tensor<?x8xf32>) -> tensor<?x8xf32>
    tz.return %y : tensor<?x8xf32>
  }
} }
plan.program @p attributes {max_sizes = array<i64: 1>} {
  %0 = plan.argument 0 "x" : <tensor<?x8xf32>>
  %1 = plan.result 0 "y" : <tensor<?x8xf32>>
  // CHECK: plan.launch @a{{.*}} loc(#[[A:.*]])
  plan.launch @a(%0, %1) : !plan.buffer<tensor<?x8xf32>>, !plan.buffer<tensor<?x8xf32>> loc("blk.0")
  // CHECK: plan.launch @a{{.*}} loc(#[[B:.*]])
  plan.launch @b(%0, %1) : !plan.buffer<tensor<?x8xf32>>, !plan.buffer<tensor<?x8xf32>> loc("blk.1")
  // CHECK: plan.launch @d
  plan.launch @d(%0, %1) : !plan.buffer<tensor<?x8xf32>>, !plan.buffer<tensor<?x8xf32>>
}
// CHECK-DAG: #[[A]] = loc("blk.0")
// CHECK-DAG: #[[B]] = loc("blk.1")
