// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-plan-arena %s | FileCheck %s

// %a and %c never live at the same time and share memory; %b meets both. 100 bytes take 128.
// CHECK: plan.arena @p_arena {bytes = 640 : i64}
// CHECK: plan.program @p
// CHECK: %[[A:.*]] = plan.slice @p_arena {bytes = 512 : i64, offset = 0 : i64}
// CHECK: %[[B:.*]] = plan.slice @p_arena {bytes = 100 : i64, offset = 512 : i64}
// CHECK: %[[C:.*]] = plan.slice @p_arena {bytes = 256 : i64, offset = 0 : i64}
// CHECK-NOT: plan.transient
// CHECK: plan.launch @k(%[[B]], %[[C]])
module {
  plan.kernel @k attributes {target = "none"} { builtin.module {
    tz.func @k(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
      tz.return %x : tensor<?x8xf32>
    }
  } }
  plan.program @p attributes {max_sizes = array<i64: 1>} {
    %h = plan.argument 0 "x" : <tensor<?x8xf32>>
    %a = plan.transient {bytes = 512 : i64} : <tensor<?x8xf32>>
    plan.launch @k(%h, %a) : !plan.buffer<tensor<?x8xf32>>, !plan.buffer<tensor<?x8xf32>>
    plan.barrier
    %b = plan.transient {bytes = 100 : i64} : <tensor<?x8xf32>>
    plan.launch @k(%a, %b) : !plan.buffer<tensor<?x8xf32>>, !plan.buffer<tensor<?x8xf32>>
    plan.barrier
    %c = plan.transient {bytes = 256 : i64} : <tensor<?x8xf32>>
    plan.launch @k(%b, %c) : !plan.buffer<tensor<?x8xf32>>, !plan.buffer<tensor<?x8xf32>>
    plan.barrier
    plan.launch @k(%c, %h) : !plan.buffer<tensor<?x8xf32>>, !plan.buffer<tensor<?x8xf32>>
  }
  // Launches between two barriers run at the same time, so nothing is shared.
  // CHECK: plan.arena @q_arena {bytes = 256 : i64}
  // CHECK: plan.program @q
  plan.program @q attributes {max_sizes = array<i64: 1>} {
    %h = plan.argument 0 "x" : <tensor<?x8xf32>>
    %a = plan.transient {bytes = 128 : i64} : <tensor<?x8xf32>>
    plan.launch @k(%h, %a) : !plan.buffer<tensor<?x8xf32>>, !plan.buffer<tensor<?x8xf32>>
    %b = plan.transient {bytes = 128 : i64} : <tensor<?x8xf32>>
    plan.launch @k(%h, %b) : !plan.buffer<tensor<?x8xf32>>, !plan.buffer<tensor<?x8xf32>>
  }
}
