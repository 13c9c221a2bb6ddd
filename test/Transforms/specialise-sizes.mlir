// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-specialise-sizes='sizes=head:1,8;absent:4' %s | FileCheck %s

// CHECK: tz.func @head_1(%{{.*}}: tensor<?x32xf32> {tz.dims = ["T", 32]}) -> tensor<?x32xf32>
// CHECK-SAME: attributes {tz.max_tokens = 1 : i64}
// CHECK: tz.func @head_8({{.*}} attributes {tz.max_tokens = 8 : i64}
// CHECK: tz.func @other(
// CHECK-NOT: tz.func @head(
tz.func @head(%h: tensor<?x32xf32> {tz.dims = ["T", 32]}) -> tensor<?x32xf32> {
  %y = tz.elementwise silu(%h) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  tz.return %y : tensor<?x32xf32>
}
tz.func @other(%h: tensor<?x32xf32>) -> tensor<?x32xf32> {
  tz.return %h : tensor<?x32xf32>
}
