// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --canonicalize --cse %s | FileCheck %s

// A reshape of a reshape is one, one that changes nothing is none, and what is computed twice is computed once.
// CHECK-LABEL: tz.func @f
// CHECK-NEXT: %[[R:.*]] = tz.reshape %{{.*}} : tensor<?x4x8xf32> -> tensor<?x32xf32>
// CHECK-NEXT: %[[S:.*]] = tz.elementwise silu(%[[R]])
// CHECK-NEXT: tz.elementwise add(%[[S]], %[[S]])
// CHECK-NEXT: tz.return
tz.func @f(%x: tensor<?x4x8xf32>) -> tensor<?x32xf32> {
  %a = tz.reshape %x : tensor<?x4x8xf32> -> tensor<?x2x16xf32>
  %b = tz.reshape %a : tensor<?x2x16xf32> -> tensor<?x32xf32>
  %c = tz.reshape %b : tensor<?x32xf32> -> tensor<?x32xf32>
  %s = tz.elementwise silu(%b) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  %t = tz.elementwise silu(%c) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = tz.elementwise add(%s, %t) : (tensor<?x32xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>
  tz.return %y : tensor<?x32xf32>
}
