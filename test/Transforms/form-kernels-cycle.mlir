// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-form-kernels %s | FileCheck %s

// The sum cannot join the first product, whose result it adds: it also needs the norm of the second product, which needs
// the first.
// CHECK: plan.program @head
// CHECK: %[[LOGITS:.*]] = plan.result 0 "result0"
// CHECK: plan.launch @head_matmul_silu(%{{[0-9]+}}, %{{[0-9]+}}, %[[X:[0-9]+]], %[[S:[0-9]+]])
// CHECK: plan.launch @head_matmul(%[[S]], %{{[0-9]+}}, %[[R:[0-9]+]])
// CHECK: plan.launch @head_rms_norm_add(%[[R]], %{{[0-9]+}}, %[[X]], %[[LOGITS]])
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.weight @a : tensor<64x64xf32> {file = "m", tensor = "a", offset = 0 : i64, bytes = 16384 : i64, hash = 0 : i64}
  tz.weight @n : tensor<64xf32> {file = "m", tensor = "n", offset = 16384 : i64, bytes = 256 : i64, hash = 0 : i64}
  tz.func @head(%h: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {tz.max_sizes = array<i64: 1>} {
    %w = tz.use_weight @a : tensor<64x64xf32>
    %g = tz.use_weight @n : tensor<64xf32>
    %x = tz.matmul %h, %w : (tensor<?x64xf32>, tensor<64x64xf32>) -> tensor<?x64xf32>
    %s = tz.elementwise silu(%x) : (tensor<?x64xf32>) -> tensor<?x64xf32>
    %r = tz.matmul %s, %w : (tensor<?x64xf32>, tensor<64x64xf32>) -> tensor<?x64xf32>
    %y = tz.rms_norm %r, %g {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
    %z = tz.elementwise add(%x, %y) : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
    tz.return %z : tensor<?x64xf32>
  }
}
