// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-specialise-sizes %s | FileCheck %s

// CHECK: tz.func @given_1(%{{.*}}: tensor<?x32xf32> {tz.dims = ["R", 32]}) -> tensor<?x32xf32>
// CHECK-SAME: attributes {tz.function = "given", tz.max_sizes = array<i64: 1>}
// CHECK: tz.func @given_8({{.*}} attributes {tz.function = "given", tz.max_sizes = array<i64: 8>}
tz.func @given(%h: tensor<?x32xf32> {tz.dims = ["R", 32]}) -> tensor<?x32xf32> attributes {tz.sizes = {R = [1, 8]}} {
  %y = tz.elementwise silu(%h) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  tz.return %y : tensor<?x32xf32>
}

// A function that does not say gets one variant; one without a size needs no other.
// CHECK: tz.func @unsaid_512({{.*}} attributes {tz.function = "unsaid", tz.max_sizes = array<i64: 512>}
tz.func @unsaid(%h: tensor<?x32xf32>) -> tensor<?x32xf32> {
  tz.return %h : tensor<?x32xf32>
}
// CHECK: tz.func @fixed_1({{.*}} attributes {tz.function = "fixed", tz.max_sizes = array<i64>}
tz.func @fixed(%h: tensor<4x32xf32>) -> tensor<4x32xf32> {
  tz.return %h : tensor<4x32xf32>
}

// Each value of a size with each of the others.
// CHECK: tz.func @two_4x1({{.*}} attributes {tz.function = "two", tz.max_sizes = array<i64: 4, 1>}
// CHECK: tz.func @two_4x128({{.*}} attributes {tz.function = "two", tz.max_sizes = array<i64: 4, 128>}
tz.func @two(%h: tensor<?x?xf32> {tz.dims = ["B", "T"]}) -> tensor<?x?xf32> attributes {tz.sizes = {T = [1, 128], B = [4]}} {
  tz.return %h : tensor<?x?xf32>
}
// CHECK: tz.func @unsaid_two_128x128(
tz.func @unsaid_two(%h: tensor<?x?xf32> {tz.dims = ["B", "T"]}) -> tensor<?x?xf32> {
  tz.return %h : tensor<?x?xf32>
}
// CHECK-NOT: tz.func @
