// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-bring-to-rows --split-input-file %s | FileCheck %s

// A norm of several leading sizes, of halves.
// CHECK-LABEL: tz.func @norm
// CHECK: %[[C:.*]] = tz.elementwise cast(%arg0) : (tensor<?x?x64xf16>) -> tensor<?x?x64xf32>
// CHECK: %[[R:.*]] = tz.reshape %[[C]] : tensor<?x?x64xf32> -> tensor<?x64xf32>
// CHECK: %[[N:.*]] = tz.rms_norm %[[R]], %arg1
// CHECK: %[[B:.*]] = tz.reshape %[[N]] {sizes = ["B", "T + 1"]} : tensor<?x64xf32> -> tensor<?x?x64xf32>
// CHECK: tz.elementwise cast(%[[B]]) : (tensor<?x?x64xf32>) -> tensor<?x?x64xf16>
tz.func @norm(%x: tensor<?x?x64xf16> {tz.dims = ["B", "T + 1", 64]}, %w: tensor<64xf32>, %t: tensor<?xf32> {tz.dims = ["T"]}) -> tensor<?x?x64xf16> {
  %y = tz.rms_norm %x, %w {epsilon = 1.0e-5 : f64} : (tensor<?x?x64xf16>, tensor<64xf32>) -> tensor<?x?x64xf16>
  tz.return %y : tensor<?x?x64xf16>
}

// -----

// A vector is one row.
// CHECK-LABEL: tz.func @vector
// CHECK: tz.reshape %arg0 : tensor<64xf32> -> tensor<1x64xf32>
// CHECK: tz.reshape %{{.*}} : tensor<1x64xf32> -> tensor<64xf32>
tz.func @vector(%x: tensor<64xf32>, %w: tensor<64xf32>) -> tensor<64xf32> {
  %y = tz.rms_norm %x, %w {epsilon = 1.0e-5 : f64} : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  tz.return %y : tensor<64xf32>
}

// -----

// CHECK-LABEL: tz.func @elementwise
// CHECK: tz.elementwise add(%{{.*}}, %{{.*}}) : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
// Spread over a middle dimension it stays as it is.
// CHECK: tz.elementwise mul(%{{.*}}, %{{.*}}) : (tensor<?x?x64xf32>, tensor<?x1x64xf32>) -> tensor<?x?x64xf32>
tz.func @elementwise(%x: tensor<?x?x64xf32> {tz.dims = ["B", "T", 64]}, %y: tensor<?x1x64xf32> {tz.dims = ["B", 1, 64]}) -> tensor<?x?x64xf32> {
  %0 = tz.elementwise add(%x, %x) : (tensor<?x?x64xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  %1 = tz.elementwise mul(%0, %y) : (tensor<?x?x64xf32>, tensor<?x1x64xf32>) -> tensor<?x?x64xf32>
  tz.return %1 : tensor<?x?x64xf32>
}

// -----

// A product of halves computes on f32; its weight is read as it is.
// CHECK-LABEL: tz.func @product
// CHECK: %[[X:.*]] = tz.elementwise cast(%arg0) : (tensor<?x64xbf16>) -> tensor<?x64xf32>
// CHECK: %[[Y:.*]] = tz.matmul %[[X]], %{{.*}} : (tensor<?x64xf32>, tensor<32x64xbf16>) -> tensor<?x32xf32>
// CHECK: tz.elementwise cast(%[[Y]]) : (tensor<?x32xf32>) -> tensor<?x32xbf16>
tz.weight @w : tensor<32x64xbf16> {file = "m", tensor = "w", offset = 0 : i64, bytes = 4096 : i64, hash = 0 : i64}
tz.func @product(%x: tensor<?x64xbf16>) -> tensor<?x32xbf16> {
  %w = tz.use_weight @w : tensor<32x64xbf16>
  %y = tz.matmul %x, %w : (tensor<?x64xbf16>, tensor<32x64xbf16>) -> tensor<?x32xbf16>
  tz.return %y : tensor<?x32xbf16>
}
