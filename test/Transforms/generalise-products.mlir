// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-generalise-products %s | FileCheck %s

tz.weight @w : tensor<40x16xf32> {file = "m", tensor = "w", offset = 0 : i64, bytes = 2560 : i64, hash = 0 : i64}

// An argument and what is computed; the model's own weights stay.
// CHECK-LABEL: tz.func @products
// CHECK: %[[W:.*]] = tz.use_weight @w
// CHECK: %[[A:.*]] = tz.contract "tk,nk->tn" %arg0, %arg1 : (tensor<?x16xf32>, tensor<40x16xf16>) -> tensor<?x40xf32>
// CHECK: %[[D:.*]] = tz.elementwise mul(%[[W]], %[[W]])
// CHECK: tz.contract "tk,nk->tn" %arg0, %[[D]]
// CHECK: tz.matmul %arg0, %[[W]]
tz.func @products(%x: tensor<?x16xf32>, %a: tensor<40x16xf16>) -> (tensor<?x40xf32>, tensor<?x40xf32>, tensor<?x40xf32>) {
  %w = tz.use_weight @w : tensor<40x16xf32>
  %0 = tz.matmul %x, %a : (tensor<?x16xf32>, tensor<40x16xf16>) -> tensor<?x40xf32>
  %d = tz.elementwise mul(%w, %w) : (tensor<40x16xf32>, tensor<40x16xf32>) -> tensor<40x16xf32>
  %1 = tz.matmul %x, %d : (tensor<?x16xf32>, tensor<40x16xf32>) -> tensor<?x40xf32>
  %2 = tz.matmul %x, %w : (tensor<?x16xf32>, tensor<40x16xf32>) -> tensor<?x40xf32>
  tz.return %0, %1, %2 : tensor<?x40xf32>, tensor<?x40xf32>, tensor<?x40xf32>
}

// CHECK-LABEL: tz.func @rows
// CHECK: %[[R:.*]] = tz.gather %arg0, %arg1 {axis = 0 : i64} : (tensor<40x16xf16>, tensor<?xi32>) -> tensor<?x16xf16>
// CHECK: tz.elementwise cast(%[[R]]) : (tensor<?x16xf16>) -> tensor<?x16xf32>
// CHECK: tz.embedding %{{.*}}, %arg1
tz.func @rows(%t: tensor<40x16xf16>, %i: tensor<?xi32>) -> (tensor<?x16xf32>, tensor<?x16xf32>) {
  %0 = tz.embedding %t, %i : (tensor<40x16xf16>, tensor<?xi32>) -> tensor<?x16xf32>
  %w = tz.use_weight @w : tensor<40x16xf32>
  %1 = tz.embedding %w, %i : (tensor<40x16xf32>, tensor<?xi32>) -> tensor<?x16xf32>
  tz.return %0, %1 : tensor<?x16xf32>, tensor<?x16xf32>
}
