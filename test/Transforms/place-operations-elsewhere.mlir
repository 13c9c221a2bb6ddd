// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-nvidia, backend-cpu
// RUN: terrazzo-opt --load-plugin nvidia --load-plugin cpu --tz-place-operations %s | FileCheck %s
// RUN: not terrazzo-opt --load-plugin nvidia --load-plugin cpu --tz-place-operations=unsupported-is-error %s 2>&1 \
// RUN:   | FileCheck %s --check-prefix=ERROR

// A cache of f32 is none that the device takes; the next target takes it.
// CHECK: plan.placement = ["nvidia(sm_80) 1/2 ops; 1 elsewhere: 1 attention: nvidia supports caches of f16", "cpu(x86-64-v4) 1/2 ops"]
// CHECK: tz.attention {{.*}}plan.target = #tz_cpu.target<"x86-64-v4", "">
// CHECK: tz.elementwise
// CHECK-NOT: plan.target =
// ERROR: error: 1 operation has no lowering for target 'nvidia(sm_80)': attention: nvidia supports caches of f16
module attributes {plan.targets = [#tz_nvidia.target<"sm_80", "f16">, #tz_cpu.target<"x86-64-v4", "">]} {
  tz.func @trunk(%q: tensor<?x2x24xf32>, %position: tensor<i32>,
                 %k: !tz.cache<1x24xf32, ?> {tz.state = "k"}, %v: !tz.cache<1x24xf32, ?> {tz.state = "v"})
      -> (tensor<?x2x24xf32>, !tz.cache<1x24xf32, ?> {tz.state = "k"}, !tz.cache<1x24xf32, ?> {tz.state = "v"}) {
    %a = tz.attention %q, %k, %v, %position {scale = 1.0 : f64}
        : (tensor<?x2x24xf32>, !tz.cache<1x24xf32, ?>, !tz.cache<1x24xf32, ?>, tensor<i32>) -> tensor<?x2x24xf32>
    %b = tz.elementwise silu(%a) : (tensor<?x2x24xf32>) -> tensor<?x2x24xf32>
    tz.return %b, %k, %v : tensor<?x2x24xf32>, !tz.cache<1x24xf32, ?>, !tz.cache<1x24xf32, ?>
  }
}
