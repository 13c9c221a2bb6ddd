// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-lower-kernel %s -split-input-file -verify-diagnostics

// expected-error @+1 {{kernel has no 'plan.config' or no 'plan.max_size'}}
module {
}

// -----

module attributes {plan.max_size = 1 : i64, plan.config = #plan.config<factor = 2, tiles = [0, 0], scratch = 0>} {
  // expected-error @+1 {{kernel's config lacks the options of a contraction}}
  tz.func @product(%x: tensor<?x64xf32>, %w: tensor<32x64xf32, #tz.layout<interleave = 16>>) -> tensor<?x32xf32> {
    %y = tz.matmul %x, %w : (tensor<?x64xf32>, tensor<32x64xf32, #tz.layout<interleave = 16>>) -> tensor<?x32xf32>
    tz.return %y : tensor<?x32xf32>
  }
}

// -----

module attributes {plan.max_size = 1 : i64, plan.config = #plan.config<factor = 2, tiles = [0, 0], scratch = 0>} {
  tz.func @chain(%x: tensor<?x64xf32>, %w: tensor<64x64xf32, #tz.layout<interleave = 16>>) -> tensor<?x64xf32> {
    %y = tz.matmul %x, %w : (tensor<?x64xf32>, tensor<64x64xf32, #tz.layout<interleave = 16>>) -> tensor<?x64xf32>
    // expected-error @+1 {{has another input than the kernel's first product}}
    %z = tz.matmul %y, %w : (tensor<?x64xf32>, tensor<64x64xf32, #tz.layout<interleave = 16>>) -> tensor<?x64xf32>
    tz.return %z : tensor<?x64xf32>
  }
}

// -----

module attributes {plan.max_size = 1 : i64, plan.config = #plan.config<factor = 2, tiles = [0, 0], scratch = 0>} {
  tz.func @unpacked(%x: tensor<?x64xf32>, %w: tensor<32x64xf32>) -> tensor<?x32xf32> {
    // expected-error @+1 {{has a weight that nobody has packed}}
    %y = tz.matmul %x, %w : (tensor<?x64xf32>, tensor<32x64xf32>) -> tensor<?x32xf32>
    tz.return %y : tensor<?x32xf32>
  }
}

// -----

module attributes {plan.max_size = 1 : i64, plan.config = #plan.config<factor = 2, tiles = [0, 0], scratch = 0>} {
  tz.func @no_layout(%w: tensor<32x64xf32>) -> tensor<32x64xf32, "no layout"> {
    // expected-error @+1 {{it packs into layouts alone}}
    %p = tz.convert_layout %w : tensor<32x64xf32> -> tensor<32x64xf32, "no layout">
    tz.return %p : tensor<32x64xf32, "no layout">
  }
}

// -----

module attributes {plan.max_size = 1 : i64, plan.config = #plan.config<factor = 2, tiles = [0, 0], scratch = 0>} {
  tz.func @double(%x: tensor<?x64xf64>) -> tensor<?x64xf64> {
    // expected-error @+1 {{kernels compute it on f32 at most; cast tensor<?x64xf64>}}
    %y = tz.elementwise silu(%x) : (tensor<?x64xf64>) -> tensor<?x64xf64>
    tz.return %y : tensor<?x64xf64>
  }
}
