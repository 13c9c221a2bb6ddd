// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-form-kernels --split-input-file %s | FileCheck %s

// A gate of one column is spread over all columns of a product beside it: both products are one kernel, the gate, whose
// columns no worker has whole, is another.
// CHECK: plan.kernel @head_matmul2
// CHECK-NOT: tz.elementwise
// CHECK: plan.kernel @head_mul
// CHECK: tz.elementwise mul({{.*}}) : (tensor<?x32xf32>, tensor<?x1xf32>) -> tensor<?x32xf32>
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.weight @w : tensor<32x32xf32> {file = "m", tensor = "w", offset = 0 : i64, bytes = 4096 : i64, hash = 0 : i64}
  tz.weight @g : tensor<1x32xf32> {file = "m", tensor = "g", offset = 0 : i64, bytes = 128 : i64, hash = 0 : i64}
  tz.func @head(%h: tensor<?x32xf32>) -> tensor<?x32xf32> {
    %w = tz.use_weight @w : tensor<32x32xf32>
    %g = tz.use_weight @g : tensor<1x32xf32>
    %y = tz.matmul %h, %w : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32>
    %s = tz.matmul %h, %g : (tensor<?x32xf32>, tensor<1x32xf32>) -> tensor<?x1xf32>
    %z = tz.elementwise mul(%y, %s) : (tensor<?x32xf32>, tensor<?x1xf32>) -> tensor<?x32xf32>
    tz.return %z : tensor<?x32xf32>
  }
}

// -----

// Heads that are no multiple of the vectors, and other heads than an operation before has, begin kernels of their own.
// CHECK: plan.kernel @head_matmul
// CHECK-NOT: tz.rms_norm
// CHECK: plan.kernel @head_rms_norm
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.weight @w : tensor<48x32xf32> {file = "m", tensor = "w", offset = 0 : i64, bytes = 6144 : i64, hash = 0 : i64}
  tz.weight @n : tensor<24xf32> {file = "m", tensor = "n", offset = 0 : i64, bytes = 96 : i64, hash = 0 : i64}
  tz.func @head(%h: tensor<?x32xf32>) -> tensor<?x2x24xf32> {
    %w = tz.use_weight @w : tensor<48x32xf32>
    %n = tz.use_weight @n : tensor<24xf32>
    %y = tz.matmul %h, %w : (tensor<?x32xf32>, tensor<48x32xf32>) -> tensor<?x48xf32>
    %r = tz.reshape %y : tensor<?x48xf32> -> tensor<?x2x24xf32>
    %z = tz.rms_norm %r, %n {epsilon = 1.0e-5 : f64} : (tensor<?x2x24xf32>, tensor<24xf32>) -> tensor<?x2x24xf32>
    tz.return %z : tensor<?x2x24xf32>
  }
}

// -----

// A state that is appended to twice stays with the product.
// CHECK: plan.kernel @trunk_matmul_cache_append2
!c = !tz.cache<2x16xf16, ?>
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.weight @t : tensor<8x32xf32> {file = "m", tensor = "t", offset = 0 : i64, bytes = 1024 : i64, hash = 0 : i64}
  tz.weight @w : tensor<32x32xf32> {file = "m", tensor = "w", offset = 0 : i64, bytes = 4096 : i64, hash = 0 : i64}
  tz.func @trunk(%ids: tensor<?xi32>, %p: tensor<i32>, %k: !c {tz.state = "k"}) -> (tensor<?x32xf32>, !c {tz.state = "k"}) {
    %t = tz.use_weight @t : tensor<8x32xf32>
    %w = tz.use_weight @w : tensor<32x32xf32>
    %x = tz.embedding %t, %ids : (tensor<8x32xf32>, tensor<?xi32>) -> tensor<?x32xf32>
    %y = tz.matmul %x, %w : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32>
    %r = tz.reshape %y : tensor<?x32xf32> -> tensor<?x2x16xf32>
    %a = tz.cache_append %k, %r, %p : (!c, tensor<?x2x16xf32>, tensor<i32>) -> !c
    %b = tz.cache_append %a, %r, %p : (!c, tensor<?x2x16xf32>, tensor<i32>) -> !c
    tz.return %x, %b : tensor<?x32xf32>, !c
  }
}
