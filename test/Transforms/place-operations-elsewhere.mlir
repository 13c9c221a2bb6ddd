// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null, backend-cpu
// RUN: terrazzo-opt --load-plugin null --load-plugin cpu --tz-place-operations %s | FileCheck %s
// RUN: not terrazzo-opt --load-plugin null --load-plugin cpu --tz-place-operations=unsupported-is-error %s 2>&1 \
// RUN:   | FileCheck %s --check-prefix=ERROR

// A head of 24 values is none that the cpu backend runs; the next target takes it.
// CHECK: plan.placement = ["cpu(x86-64-v4) 1/2 ops; 1 elsewhere: 1 attention: cpu supports heads in multiples of 16 values, head_dim = 24", "null(paper) 1/2 ops"]
// CHECK: tz.attention {{.*}}plan.target = #tz_null.target<"paper">
// CHECK: tz.elementwise
// CHECK-NOT: plan.target =
// ERROR: error: 1 operation has no lowering for target 'cpu(x86-64-v4)': attention: cpu supports heads
module attributes {plan.targets = [#tz_cpu.target<"x86-64-v4", "">, #tz_null.target<"paper">]} {
  tz.func @trunk(%q: tensor<?x2x24xf32>, %position: tensor<i32>,
                 %k: !tz.cache<1x24xf16, ?> {tz.state = "k"}, %v: !tz.cache<1x24xf16, ?> {tz.state = "v"})
      -> (tensor<?x2x24xf32>, !tz.cache<1x24xf16, ?> {tz.state = "k"}, !tz.cache<1x24xf16, ?> {tz.state = "v"}) {
    %a = tz.attention %q, %k, %v, %position {scale = 1.0 : f64}
        : (tensor<?x2x24xf32>, !tz.cache<1x24xf16, ?>, !tz.cache<1x24xf16, ?>, tensor<i32>) -> tensor<?x2x24xf32>
    %b = tz.elementwise silu(%a) : (tensor<?x2x24xf32>) -> tensor<?x2x24xf32>
    tz.return %b, %k, %v : tensor<?x2x24xf32>, !tz.cache<1x24xf16, ?>, !tz.cache<1x24xf16, ?>
  }
}
