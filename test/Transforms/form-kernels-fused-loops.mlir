// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-form-kernels --split-input-file %s | FileCheck %s
//
// Loops whose elements one other operation uses, each once, are computed there.

// A mask that is counted, compared and chosen by in one kernel: what is counted may be computed again and again.
// CHECK: plan.kernel @mask_iota2_less_equal_select
// CHECK-NOT: plan.kernel
// CHECK: plan.program @mask
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.func @mask(%x: tensor<?x?xf32> {tz.dims = ["T", "S"]}) -> tensor<?x?xf32> attributes {tz.max_sizes = array<i64: 8, 8>} {
    %row = tz.iota {axis = 0 : i64, sizes = ["T"]} : tensor<?x1xi32>
    %column = tz.iota {axis = 0 : i64, sizes = ["S"]} : tensor<?xi32>
    %see = tz.elementwise less_equal(%column, %row) : (tensor<?xi32>, tensor<?x1xi32>) -> tensor<?x?xi1>
    %far = tz.scalar -1.0e9 : tensor<f32>
    %y = tz.elementwise select(%see, %x, %far) : (tensor<?x?xi1>, tensor<?x?xf32>, tensor<f32>) -> tensor<?x?xf32>
    tz.return %y : tensor<?x?xf32>
  }
}

// -----

// Spread over rows, each element would be computed for every row; used twice, twice.
// CHECK: plan.kernel @reused_exp
// CHECK: plan.kernel @reused_mul
// CHECK: plan.kernel @reused_neg
// CHECK: plan.kernel @reused_add_sub
// CHECK: plan.program @reused
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.func @reused(%x: tensor<?x?xf32> {tz.dims = ["T", "S"]}, %g: tensor<?xf32> {tz.dims = ["S"]}) -> tensor<?x?xf32>
      attributes {tz.max_sizes = array<i64: 8, 8>} {
    %e = tz.elementwise exp(%g) : (tensor<?xf32>) -> tensor<?xf32>
    %m = tz.elementwise mul(%x, %e) : (tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
    %n = tz.elementwise neg(%m) : (tensor<?x?xf32>) -> tensor<?x?xf32>
    %a = tz.elementwise add(%n, %m) : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
    %s = tz.elementwise sub(%a, %n) : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
    tz.return %s : tensor<?x?xf32>
  }
}

// -----

// What looks up a place reads its number from memory; a size that follows from another has no name in a kernel.
// CHECK: plan.kernel @places_floor_div
// CHECK: plan.kernel @places_neg
// CHECK: plan.kernel @places_gather
// CHECK: plan.kernel @places_pad
// CHECK: plan.kernel @places_silu
// CHECK: plan.program @places
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.func @places(%x: tensor<?x?xf32> {tz.dims = ["T", "S"]}, %i: tensor<?x?xi32> {tz.dims = ["T", "S"]})
      -> (tensor<?x?xf32>, tensor<?x?xf32>) attributes {tz.max_sizes = array<i64: 8, 8>} {
    %two = tz.scalar 2.0 : tensor<i32>
    %half = tz.elementwise floor_div(%i, %two) : (tensor<?x?xi32>, tensor<i32>) -> tensor<?x?xi32>
    %n = tz.elementwise neg(%x) : (tensor<?x?xf32>) -> tensor<?x?xf32>
    %g = tz.gather %n, %half {axis = 1 : i64, each} : (tensor<?x?xf32>, tensor<?x?xi32>) -> tensor<?x?xf32>
    %p = tz.pad %x [0, 1] [0, 1] : tensor<?x?xf32> -> tensor<?x?xf32>
    %s = tz.elementwise silu(%p) : (tensor<?x?xf32>) -> tensor<?x?xf32>
    tz.return %g, %s : tensor<?x?xf32>, tensor<?x?xf32>
  }
}

// -----

// A border behind which nothing lies ends vectors: only one that they do not run into is computed with what it borders.
// CHECK: plan.kernel @borders_silu_pad
// CHECK: plan.kernel @borders_tanh
// CHECK: plan.kernel @borders_pad
// CHECK: plan.kernel @borders_exp
// CHECK: plan.program @borders
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.func @borders(%x: tensor<4x?x24xf16> {tz.dims = [4, "T", 24]}) -> (tensor<6x?x24xf16>, tensor<4x?x27xf16>)
      attributes {tz.max_sizes = array<i64: 8>} {
    %a = tz.elementwise silu(%x) : (tensor<4x?x24xf16>) -> tensor<4x?x24xf16>
    %b = tz.pad %a [1, 0, 0] [1, 0, 0] : tensor<4x?x24xf16> -> tensor<6x?x24xf16>
    %c = tz.elementwise tanh(%x) : (tensor<4x?x24xf16>) -> tensor<4x?x24xf16>
    %d = tz.pad %c [0, 0, 1] [0, 0, 2] : tensor<4x?x24xf16> -> tensor<4x?x27xf16>
    %e = tz.elementwise exp(%d) : (tensor<4x?x27xf16>) -> tensor<4x?x27xf16>
    tz.return %b, %e : tensor<6x?x24xf16>, tensor<4x?x27xf16>
  }
}

// -----

// What could be an operation on rows is computed where loops use it, too; not where they go one by one and it would be in
// vectors.
// CHECK: plan.kernel @shares_mul_add_softmax
// CHECK: plan.kernel @shares_gelu
// CHECK: plan.kernel @shares_cumsum
// CHECK: plan.program @shares
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.func @shares(%x: tensor<?x64xf32> {tz.dims = ["T", 64]}, %g: tensor<64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>)
      attributes {tz.max_sizes = array<i64: 8>} {
    %s = tz.scalar 0.125 : tensor<f32>
    %m = tz.elementwise mul(%x, %s) : (tensor<?x64xf32>, tensor<f32>) -> tensor<?x64xf32>
    %a = tz.elementwise add(%m, %g) : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
    %y = tz.softmax %a {axis = 1 : i64} : tensor<?x64xf32> -> tensor<?x64xf32>
    %e = tz.elementwise gelu(%x) : (tensor<?x64xf32>) -> tensor<?x64xf32>
    %z = tz.cumsum %e {axis = 1 : i64} : tensor<?x64xf32> -> tensor<?x64xf32>
    tz.return %y, %z : tensor<?x64xf32>, tensor<?x64xf32>
  }
}
