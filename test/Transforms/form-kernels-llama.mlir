// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-specialise-sizes --tz-form-kernels \
// RUN:   --tz-dedupe-kernels %S/Inputs/llama.mlir | FileCheck %s

// Five launches a layer for one token, each after a barrier; both layers share their kernels.
// CHECK: plan.kernel @[[QKV:trunk_1_rms_norm_matmul3_rope2_cache_append2]] attributes {plan.max_size = 1 : i64
// CHECK: tz.func @[[QKV]]({{.*}}!tz.cache<1x32xf16, ?> {tz.state = "state0"}, {{.*}}!tz.cache<1x32xf16, ?> {tz.state = "state1"})
// CHECK: plan.kernel @trunk_1_attention
// CHECK: plan.program @trunk_1 attributes {function = "trunk", max_sizes = array<i64: 1>}
// CHECK: %[[K:.*]] = plan.state_buffer @blk.0.k
// CHECK: %[[V:.*]] = plan.state_buffer @blk.0.v
// CHECK: %[[IDS:.*]] = plan.argument 0 "tokens"
// CHECK: %[[CALL:.*]] = plan.argument 1 "position"
// CHECK: %[[HIDDEN:.*]] = plan.result 0 "hidden"
// CHECK: %[[X:.*]] = plan.transient {bytes = 256 : i64}
// CHECK: plan.launch @trunk_1_embedding(%{{.*}}, %[[IDS]], %[[X]])
// CHECK: %[[Q:.*]] = plan.transient {{.*}} <tensor<?x2x32xf32>>
// CHECK: plan.barrier
// CHECK-NEXT: plan.launch @[[QKV]](%[[X]], {{.*}}, %[[CALL]], %[[K]], %[[V]], %[[Q]])
// CHECK: %[[A:.*]] = plan.transient
// CHECK: plan.barrier
// CHECK-NEXT: plan.launch @trunk_1_attention(%[[Q]], %[[K]], %[[V]], %[[CALL]], %[[A]])
// The attention's heads are read as one row: a reshape is no copy.
// CHECK: plan.launch @trunk_1_matmul_add(%[[A]], %{{.*}}, %[[X]], %[[X1:.*]]) : !plan.buffer<tensor<?x2x32xf32>>
// CHECK: plan.launch @trunk_1_rms_norm_matmul2_silu_mul(%[[X1]],
// CHECK: plan.launch @trunk_1_matmul_add_2(
// CHECK: plan.launch @[[QKV]](
// CHECK: plan.launch @trunk_1_matmul_add_2({{.*}}, %[[HIDDEN]])

// Rows of 4096 tokens do not fit near memory, so norms stand alone.
// CHECK: plan.program @trunk_4096
// CHECK: plan.launch @trunk_4096_embedding_rms_norm(
// CHECK: plan.launch @trunk_4096_matmul3_rope2_cache_append2(
// CHECK: plan.launch @trunk_4096_rms_norm(
// CHECK: plan.launch @trunk_4096_matmul2_silu_mul(
// CHECK: plan.program @head_1
// CHECK: plan.argument 0 "hidden"
// CHECK: plan.result 0 "logits"
// CHECK: plan.launch @head_1_rms_norm_matmul
