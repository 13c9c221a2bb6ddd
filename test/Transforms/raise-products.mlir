// RUN: terrazzo-opt %s --tz-raise-products --canonicalize | FileCheck %s

tz.weight @w : tensor<48x64xf32> {file = "", tensor = "w", offset = 0 : i64, bytes = 12288 : i64, hash = 0 : i64}

// Rows of any leading dimensions are rows.
// CHECK-LABEL: tz.func @linear
// CHECK: %[[ROWS:.*]] = tz.reshape %{{.*}} {sizes = ["B * T"]} : tensor<?x?x64xf32> -> tensor<?x64xf32>
// CHECK: %[[Y:.*]] = tz.matmul %[[ROWS]], %{{.*}} : (tensor<?x64xf32>, tensor<48x64xf32>) -> tensor<?x48xf32>
// CHECK: tz.reshape %[[Y]] {sizes = ["B", "T"]} : tensor<?x48xf32> -> tensor<?x?x48xf32>
tz.func @linear(%x: tensor<?x?x64xf32> {tz.dims = ["B", "T", 64]}) -> tensor<?x?x48xf32> {
  %w = tz.use_weight @w : tensor<48x64xf32>
  %y = tz.contract "btk,nk->btn" %x, %w : (tensor<?x?x64xf32>, tensor<48x64xf32>) -> tensor<?x?x48xf32>
  tz.return %y : tensor<?x?x48xf32>
}

// A weight that is turned around twice.
// CHECK-LABEL: tz.func @turned
// CHECK-NOT: tz.transpose
// CHECK: tz.matmul
tz.func @turned(%x: tensor<?x64xf32>) -> tensor<?x48xf32> {
  %w = tz.use_weight @w : tensor<48x64xf32>
  %t = tz.transpose %w [1, 0] : tensor<48x64xf32> -> tensor<64x48xf32>
  %y = tz.contract "tk,kn->tn" %x, %t : (tensor<?x64xf32>, tensor<64x48xf32>) -> tensor<?x48xf32>
  tz.return %y : tensor<?x48xf32>
}

// CHECK-LABEL: tz.func @rows
// CHECK: tz.embedding %{{.*}}, %{{.*}} : (tensor<48x64xf32>, tensor<?xi64>) -> tensor<?x64xf32>
tz.func @rows(%i: tensor<?x?xi64> {tz.dims = ["B", "T"]}) -> tensor<?x?x64xf32> {
  %w = tz.use_weight @w : tensor<48x64xf32>
  %y = tz.gather %w, %i {axis = 0 : i64} : (tensor<48x64xf32>, tensor<?x?xi64>) -> tensor<?x?x64xf32>
  tz.return %y : tensor<?x?x64xf32>
}

// What is no weight stays a product of arrays.
// CHECK-LABEL: tz.func @arrays
// CHECK: tz.contract
// CHECK-NOT: tz.matmul
tz.func @arrays(%x: tensor<?x64xf32>, %w: tensor<48x64xf32>) -> tensor<?x48xf32> {
  %y = tz.contract "tk,nk->tn" %x, %w : (tensor<?x64xf32>, tensor<48x64xf32>) -> tensor<?x48xf32>
  tz.return %y : tensor<?x48xf32>
}
