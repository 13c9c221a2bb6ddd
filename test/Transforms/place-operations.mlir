// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-place-operations %s | FileCheck %s

// Reshapes, weights and scalars are not work.
// CHECK: module attributes {plan.placement = ["null(paper) 2/2 ops"]
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.func @head(%h: tensor<?x32xf32>) -> tensor<?x4x8xf32> {
    %s = tz.scalar 2.0 : tensor<f32>
    %x = tz.elementwise mul(%h, %s) : (tensor<?x32xf32>, tensor<f32>) -> tensor<?x32xf32>
    // CHECK: tz.elementwise silu
    // CHECK-NOT: plan.target =
    %y = tz.elementwise silu(%x) : (tensor<?x32xf32>) -> tensor<?x32xf32>
    %z = tz.reshape %y : tensor<?x32xf32> -> tensor<?x4x8xf32>
    tz.return %z : tensor<?x4x8xf32>
  }
}
