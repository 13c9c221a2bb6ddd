// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-form-prepare %s | FileCheck %s

// One kernel for each type and layout, one launch for each weight.
// CHECK: plan.kernel @prepare_q8_0_64x32 attributes {plan.max_size = 1 : i64
// CHECK: tz.convert_layout %{{.*}} : tensor<64x32x!tz.block<q8_0>> -> tensor<64x32x!tz.block<q8_0>, #tz.layout<interleave = 16>>
// CHECK: plan.kernel @prepare_f32_16x8
// CHECK: plan.program @prepare attributes {max_sizes = array<i64>}
// CHECK: %[[A:.*]] = plan.weight @a
// CHECK: %[[PA:.*]] = plan.packed @a
// CHECK: plan.launch @prepare_q8_0_64x32(%[[A]], %[[PA]])
// CHECK: plan.launch @prepare_q8_0_64x32(
// CHECK: plan.launch @prepare_f32_16x8(
// CHECK-NOT: plan.launch
module attributes {plan.targets = [#tz_null.target<"paper">]} {
  tz.weight @a : tensor<64x32x!tz.block<q8_0>>
      {file = "m", tensor = "a", offset = 0 : i64, bytes = 2176 : i64, hash = 0 : i64}
  tz.weight @b : tensor<64x32x!tz.block<q8_0>>
      {file = "m", tensor = "b", offset = 2176 : i64, bytes = 2176 : i64, hash = 0 : i64}
  tz.weight @c : tensor<16x8xf32> {file = "m", tensor = "c", offset = 4352 : i64, bytes = 512 : i64, hash = 0 : i64}
  plan.program @p attributes {max_sizes = array<i64: 1>} {
    %0 = plan.packed @a : <tensor<64x32x!tz.block<q8_0>, #tz.layout<interleave = 16>>>
    %1 = plan.packed @b : <tensor<64x32x!tz.block<q8_0>, #tz.layout<interleave = 16>>>
    %2 = plan.packed @c : <tensor<16x8xf32, #tz.layout<interleave = 16>>>
  }
  plan.program @q attributes {max_sizes = array<i64: 8>} {
    %0 = plan.packed @a : <tensor<64x32x!tz.block<q8_0>, #tz.layout<interleave = 16>>>
  }
}
