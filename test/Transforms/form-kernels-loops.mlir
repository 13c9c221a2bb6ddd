// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-form-kernels %s | FileCheck %s

// Operations on arrays that are no rows are loops, those on rows join each other as ever. A product reads memory; the
// reduction computes what it alone uses where it uses it.
// CHECK: plan.kernel @f_transpose
// CHECK: plan.kernel @f_tanh
// CHECK: plan.program @f
// CHECK: %[[X:.*]] = plan.argument 0 "arg0"
// CHECK: %[[Y:.*]] = plan.result 0 "result0"
// Bytes of what has two '?' are those at the largest size of both.
// CHECK: plan.transient {bytes = 768 : i64} : <tensor<3x?x?xf32>>
// CHECK: plan.launch @f_contract
// CHECK: plan.launch @f_transpose_reduce
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.func @f(%x: tensor<?x3x4xf32>) -> tensor<?x3x1xf32> attributes {tz.max_sizes = array<i64: 8>} {
    %h = tz.transpose %x [1, 0, 2] : tensor<?x3x4xf32> -> tensor<3x?x4xf32>
    %y = tz.elementwise tanh(%x) : (tensor<?x3x4xf32>) -> tensor<?x3x4xf32>
    %z = tz.elementwise silu(%y) : (tensor<?x3x4xf32>) -> tensor<?x3x4xf32>
    %s = tz.contract "htd,shd->hts" %h, %z : (tensor<3x?x4xf32>, tensor<?x3x4xf32>) -> tensor<3x?x?xf32>
    %t = tz.transpose %s [1, 0, 2] : tensor<3x?x?xf32> -> tensor<?x3x?xf32>
    %m = tz.reduce max %t [2] : tensor<?x3x?xf32> -> tensor<?x3x1xf32>
    tz.return %m : tensor<?x3x1xf32>
  }
}
