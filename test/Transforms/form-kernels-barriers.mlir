// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-form-kernels %s | FileCheck %s

// Two products of two inputs need nothing of each other: no barrier stands between them.
// CHECK: plan.program @head
// CHECK: plan.launch @head_matmul(
// CHECK-NOT: plan.barrier
// CHECK: plan.launch @head_silu(
// CHECK: plan.barrier
// CHECK-NEXT: plan.launch @head_matmul_add(
// CHECK-NOT: plan.barrier
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.weight @a : tensor<64x64xf32> {file = "m", tensor = "a", offset = 0 : i64, bytes = 16384 : i64, hash = 0 : i64}
  tz.func @head(%h: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {tz.max_sizes = array<i64: 100000>} {
    %w = tz.use_weight @a : tensor<64x64xf32>
    %x = tz.matmul %h, %w : (tensor<?x64xf32>, tensor<64x64xf32>) -> tensor<?x64xf32>
    %s = tz.elementwise silu(%h) : (tensor<?x64xf32>) -> tensor<?x64xf32>
    %y = tz.matmul %s, %w : (tensor<?x64xf32>, tensor<64x64xf32>) -> tensor<?x64xf32>
    %z = tz.elementwise add(%x, %y) : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
    tz.return %z : tensor<?x64xf32>
  }
}
