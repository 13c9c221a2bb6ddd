// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-form-kernels --split-input-file --mlir-print-local-scope %s | FileCheck %s
//
// Several sizes, and expressions of them: a kernel names its own, a launch says
// what they are.

// Rows come first; a kernel of one size names none.
// CHECK: plan.kernel @f_silu
// CHECK: tz.func @f_silu(%{{.*}}: tensor<?x?xf32> {tz.dims = ["n0", "n1"]}) -> (tensor<?x?xf32> {tz.dims = ["n0", "n1"]})
// CHECK-SAME: tz.symbols = ["n0", "n1"]
// CHECK: tz.func @f_pad(%{{.*}}: tensor<?x?xf32> {tz.dims = ["n0", "n1"]}) -> (tensor<?x?xf32> {tz.dims = ["n0", "n2"]})
// CHECK-SAME: tz.symbols = ["n0", "n1", "n2"]
// CHECK: tz.func @f_rms_norm(%{{.*}}: tensor<?x64xf32>, %{{.*}}) -> tensor<?x64xf32> {
// CHECK: plan.program @f attributes {function = "f", max_sizes = array<i64: 4, 16>}
// CHECK: plan.argument 0 "x" {sizes = affine_map<()[s0, s1] -> (s0, s1)>} : <tensor<?x?xf32>>
// CHECK: plan.result 0 "p" {sizes = affine_map<()[s0, s1] -> (s0, s1 + 3)>} : <tensor<?x?xf32>>
// CHECK: %[[S:.*]] = plan.transient {bytes = 256 : i64, sizes = affine_map<()[s0, s1] -> (s0, s1)>} : <tensor<?x?xf32>>
// CHECK: plan.launch @f_silu(%{{.*}}, %[[S]]) : !plan
// CHECK: plan.launch @f_pad(%[[S]], %{{.*}}) {sizes = affine_map<()[s0, s1] -> (s0, s1, s1 + 3)>}
// CHECK: plan.launch @f_rms_norm({{.*}}) {sizes = affine_map<()[s0, s1] -> (s0 * s1)>}
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.func @f(%x: tensor<?x?xf32> {tz.dims = ["B", "T"], tz.name = "x"},
             %y: tensor<?x?x64xf32> {tz.dims = ["B", "T", 64]}, %w: tensor<64xf32>)
      -> (tensor<?x?xf32> {tz.name = "p"}, tensor<?x?x64xf32>)
      attributes {tz.max_sizes = array<i64: 4, 16>} {
    %s = tz.elementwise silu(%x) : (tensor<?x?xf32>) -> tensor<?x?xf32>
    %p = tz.pad %s [0, 1] [0, 2] : tensor<?x?xf32> -> tensor<?x?xf32>
    %rows = tz.reshape %y : tensor<?x?x64xf32> -> tensor<?x64xf32>
    %n = tz.rms_norm %rows, %w {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
    %z = tz.reshape %n {sizes = ["B", "T"]} : tensor<?x64xf32> -> tensor<?x?x64xf32>
    tz.return %p, %z : tensor<?x?xf32>, tensor<?x?x64xf32>
  }
}

// -----

// A size that is always the same is brought to kernels like any other.
// CHECK-LABEL: plan.program @one
// CHECK: plan.launch @one_neg({{.*}}) {sizes = affine_map<() -> (1)>}
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.func @one(%x: tensor<?xf32> {tz.dims = ["T"], tz.name = "x"}) -> (tensor<1x?xf32> {tz.name = "y"})
      attributes {tz.max_sizes = array<i64: 16>} {
    %last = tz.slice %x [-1] [1] : tensor<?xf32> -> tensor<?xf32>
    %row = tz.reshape %last {sizes = ["1"]} : tensor<?xf32> -> tensor<1x?xf32>
    %y = tz.elementwise neg(%row) : (tensor<1x?xf32>) -> tensor<1x?xf32>
    tz.return %y : tensor<1x?xf32>
  }
}
