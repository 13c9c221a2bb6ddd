// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-cpu
// RUN: terrazzo-opt --load-plugin cpu --tz-choose-layouts %s | FileCheck %s

// One layout serves the gather and the product of a tied head; the norm's weight stays as in the file.
module attributes {plan.targets = [#tz_cpu.target<"x86-64-v4", "">]} {
  tz.weight @embd : tensor<96x64x!tz.block<q8_0>>
      {file = "m", tensor = "embd", offset = 0 : i64, bytes = 6528 : i64, hash = 0 : i64}
  tz.weight @square : tensor<8x8xf32>
      {file = "m", tensor = "square", offset = 8192 : i64, bytes = 256 : i64, hash = 0 : i64}
  tz.weight @norm : tensor<64xf32> {file = "m", tensor = "norm", offset = 6528 : i64, bytes = 256 : i64, hash = 0 : i64}
  tz.func @trunk_1(%ids: tensor<?xi32>) -> tensor<?x64xf32> {
    // CHECK: tz.use_weight @embd : tensor<96x64x!tz.block<q8_0>, #tz.layout<interleave = 16>>
    %w = tz.use_weight @embd : tensor<96x64x!tz.block<q8_0>>
    %x = tz.embedding %w, %ids : (tensor<96x64x!tz.block<q8_0>>, tensor<?xi32>) -> tensor<?x64xf32>
    tz.return %x : tensor<?x64xf32>
  }
  tz.func @head_1(%h: tensor<?x64xf32>) -> tensor<?x96xf32> {
    // CHECK: tz.use_weight @norm : tensor<64xf32>
    %n = tz.use_weight @norm : tensor<64xf32>
    %x = tz.rms_norm %h, %n {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
    // CHECK: tz.use_weight @embd : tensor<96x64x!tz.block<q8_0>, #tz.layout<interleave = 16>>
    %w = tz.use_weight @embd : tensor<96x64x!tz.block<q8_0>>
    // CHECK: tz.matmul {{.*}} tensor<96x64x!tz.block<q8_0>, #tz.layout<interleave = 16>>) ->
    %y = tz.matmul %x, %w : (tensor<?x64xf32>, tensor<96x64x!tz.block<q8_0>>) -> tensor<?x96xf32>
    tz.return %y : tensor<?x96xf32>
  }
  // What reads it otherwise keeps it as it stands in the file.
  // CHECK: tz.func @both_1
  tz.func @both_1(%h: tensor<?x8xf32>) -> tensor<?x8x8xf32> {
    // CHECK-DAG: %[[P:.*]] = tz.use_weight @square : tensor<8x8xf32, #tz.layout<interleave = 16>>
    // CHECK-DAG: %[[W:.*]] = tz.use_weight @square : tensor<8x8xf32>
    %w = tz.use_weight @square : tensor<8x8xf32>
    // CHECK: tz.matmul %{{.*}}, %[[P]]
    %y = tz.matmul %h, %w : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
    %r = tz.reshape %y : tensor<?x8xf32> -> tensor<?x1x8xf32>
    // CHECK: tz.elementwise add(%{{.*}}, %[[W]])
    %z = tz.elementwise add(%r, %w) : (tensor<?x1x8xf32>, tensor<8x8xf32>) -> tensor<?x8x8xf32>
    tz.return %z : tensor<?x8x8xf32>
  }
}
