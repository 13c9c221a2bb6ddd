// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-specialise-sizes --tz-form-kernels --tz-dedupe-kernels \
// RUN:   %S/Inputs/gemma.mlir | FileCheck %s

// A norm over the whole row of a product belongs to the next kernel, which also leaves the new residual stream.
// CHECK: plan.kernel @[[UP:trunk_1_rms_norm2_add_matmul2_gelu_tanh_mul]]
// CHECK: tz.func @[[UP]](%[[O:.*]]: tensor<?x64xf32>, %{{.*}}: tensor<64xf32>, %[[X:.*]]: tensor<?x64xf32>,
// CHECK: %[[N:.*]] = tz.rms_norm %[[O]]
// CHECK: %[[SUM:.*]] = tz.elementwise add(%[[X]], %[[N]])
// CHECK: tz.return %[[SUM]], %{{.*}} : tensor<?x64xf32>, tensor<?x128xf32>

// CHECK: plan.program @trunk_1
// CHECK: plan.launch @trunk_1_embedding_mul(
// CHECK: plan.launch @trunk_1_rms_norm3_matmul3_rope2_cache_append2(
// CHECK: plan.launch @trunk_1_attention(
// CHECK: plan.launch @trunk_1_matmul(
// CHECK: plan.launch @[[UP]](
// CHECK: plan.launch @trunk_1_matmul_2(
// CHECK: plan.launch @trunk_1_rms_norm4_add_matmul3_rope2_cache_append2(
// CHECK: plan.launch @trunk_1_matmul_2(
// CHECK: plan.launch @trunk_1_rms_norm_add({{.*}}, %{{.*}})
