// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-form-kernels %s | FileCheck %s
//
// Each result has memory of its own: one that is an argument or another result
// is copied.

// CHECK: plan.program @f
// CHECK: %[[X:.*]] = plan.argument 0
// CHECK: %[[FIRST:.*]] = plan.result 0
// CHECK: %[[AGAIN:.*]] = plan.result 1
// CHECK: %[[GIVEN:.*]] = plan.result 2
// CHECK-DAG: plan.launch @f_silu_cast(%[[X]], %[[FIRST]], %[[AGAIN]])
// CHECK-DAG: plan.launch @f_cast(%[[X]], %[[GIVEN]])
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.func @f(%h: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x2x4xf32>, tensor<?x8xf32>) {
    %y = tz.elementwise silu(%h) : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %z = tz.reshape %y : tensor<?x8xf32> -> tensor<?x2x4xf32>
    tz.return %y, %z, %h : tensor<?x8xf32>, tensor<?x2x4xf32>, tensor<?x8xf32>
  }
}
