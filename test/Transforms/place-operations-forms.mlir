// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-place-operations --split-input-file --verify-diagnostics %s

// What passes the verifier and has no kernel form is refused at the operation, in words.

// Arrays that are no rows are loops, which move elements of any kind and compute on f32 at most.
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.func @f(%h: tensor<4x?x8xf64>) -> tensor<4x?x8xf64> {
    // expected-error @+1 {{elementwise: kernels compute it on f32 at most; cast tensor<4x?x8xf64>}}
    %y = tz.elementwise tanh(%h) : (tensor<4x?x8xf64>) -> tensor<4x?x8xf64>
    tz.return %y : tensor<4x?x8xf64>
  }
}

// -----

module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.func @f(%h: tensor<4xi7>) -> tensor<4xi7> {
    // expected-error @+1 {{elementwise: no kernel computes on i7}}
    %y = tz.elementwise neg(%h) : (tensor<4xi7>) -> tensor<4xi7>
    tz.return %y : tensor<4xi7>
  }
}

// -----

module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.weight @n : tensor<8xf32> {file = "m", tensor = "n", offset = 0 : i64, bytes = 32 : i64, hash = 0 : i64}
  tz.func @f(%h: tensor<8xf32>) -> tensor<8xf32> {
    %n = tz.use_weight @n : tensor<8xf32>
    // expected-error @+1 {{rms_norm: tensor<8xf32> is a vector; kernels of rows take arrays of them}}
    %y = tz.rms_norm %h, %n {epsilon = 1.0e-5 : f64} : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    tz.return %y : tensor<8xf32>
  }
}

// -----

module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.weight @n : tensor<8xf32> {file = "m", tensor = "n", offset = 0 : i64, bytes = 32 : i64, hash = 0 : i64}
  tz.func @f(%h: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %n = tz.use_weight @n : tensor<8xf32>
    // expected-error @+1 {{rms_norm: tensor<?x?x8xf32> has more than one '?'; the first dimension alone may change from call to call}}
    %y = tz.rms_norm %h, %n {epsilon = 1.0e-5 : f64} : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
    tz.return %y : tensor<?x?x8xf32>
  }
}

// -----

module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.func @f(%h: tensor<?x8xf64>) -> tensor<?x8xf64> {
    // expected-error @+1 {{elementwise: kernels compute it on f32 at most; cast tensor<?x8xf64>}}
    %y = tz.elementwise silu(%h) : (tensor<?x8xf64>) -> tensor<?x8xf64>
    tz.return %y : tensor<?x8xf64>
  }
}

// -----

module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.func @f(%h: tensor<?xf32>, %w: tensor<?xf32>) -> tensor<?xf32> {
    // expected-error @+1 {{rms_norm: it normalises over the dimension that changes from call to call}}
    %y = tz.rms_norm %h, %w {epsilon = 1.0e-5 : f64} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
    tz.return %y : tensor<?xf32>
  }
}

// -----

module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.weight @w : tensor<4x2x8xf32> {file = "m", tensor = "w", offset = 0 : i64, bytes = 256 : i64, hash = 0 : i64}
  tz.func @f(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %w = tz.use_weight @w : tensor<4x2x8xf32>
    %r = tz.reshape %w : tensor<4x2x8xf32> -> tensor<8x8xf32>
    // expected-error @+1 {{matmul: its weight tensor<8x8xf32> is the result of another operation; kernels take weights as they stand in the file}}
    %y = tz.matmul %h, %r : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
    tz.return %y : tensor<?x8xf32>
  }
}

// -----

module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.weight @w : tensor<8x8xi8> {file = "m", tensor = "w", offset = 0 : i64, bytes = 64 : i64, hash = 0 : i64}
  tz.func @f(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %w = tz.use_weight @w : tensor<8x8xi8>
    // expected-error @+1 {{matmul: a weight of i8 has no kernel; block formats, f32, f16 and bf16 have}}
    %y = tz.matmul %h, %w : (tensor<?x8xf32>, tensor<8x8xi8>) -> tensor<?x8xf32>
    tz.return %y : tensor<?x8xf32>
  }
}

// -----

module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.weight @w : tensor<8x8xf32> {file = "m", tensor = "w", offset = 0 : i64, bytes = 256 : i64, hash = 0 : i64}
  tz.func @f(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %w = tz.use_weight @w : tensor<8x8xf32, #tz.layout<interleave = 8>>
    // expected-error @+1 {{matmul: kernels read weights whose layout keeps the same unit of 16 rows side by side, not #tz.layout<interleave = 8>}}
    %y = tz.matmul %h, %w : (tensor<?x8xf32>, tensor<8x8xf32, #tz.layout<interleave = 8>>) -> tensor<?x8xf32>
    tz.return %y : tensor<?x8xf32>
  }
}

// -----

module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.weight @w : tensor<2x32x!tz.block<q8_0>> {file = "m", tensor = "w", offset = 0 : i64, bytes = 68 : i64, hash = 0 : i64}
  tz.func @f(%h: tensor<?x2x32xf32>) -> tensor<?x2x32xf32> {
    %w = tz.use_weight @w : tensor<2x32x!tz.block<q8_0>>
    // expected-error @+1 {{elementwise: a weight of tensor<2x32x!tz.block<q8_0>> is read by products and embeddings alone}}
    %y = tz.elementwise add(%h, %w) : (tensor<?x2x32xf32>, tensor<2x32x!tz.block<q8_0>>) -> tensor<?x2x32xf32>
    tz.return %y : tensor<?x2x32xf32>
  }
}

// -----

module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.func @f(%h: tensor<?x2x8xf32>, %p: tensor<i32>, %k: !tz.cache<2x8xbf16, ?> {tz.state = "k"}) -> (!tz.cache<2x8xbf16, ?> {tz.state = "k"}) {
    // expected-error @+1 {{cache_append: caches hold f16 or f32, not bf16}}
    %a = tz.cache_append %k, %h, %p : (!tz.cache<2x8xbf16, ?>, tensor<?x2x8xf32>, tensor<i32>) -> !tz.cache<2x8xbf16, ?>
    tz.return %a : !tz.cache<2x8xbf16, ?>
  }
}
