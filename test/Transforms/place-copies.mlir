// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null, backend-cpu
// RUN: terrazzo-opt --load-plugin null --load-plugin cpu --tz-place-copies %s | FileCheck %s
// RUN: terrazzo-opt --load-plugin null --load-plugin cpu --tz-place-copies --tz-plan-arena %s \
// RUN:   | FileCheck %s --check-prefix=ARENA

module attributes {plan.targets = [#tz_null.target<"paper">, #tz_cpu.target<"x86-64-v4", "">]} {
  plan.kernel @device attributes {target = #tz_null.target<"paper">} { builtin.module {
    tz.func @device(%x: tensor<?x32xf32>, %t: tensor<?xi32>) -> tensor<?x32xf32> {
      %y = tz.elementwise silu(%x) : (tensor<?x32xf32>) -> tensor<?x32xf32>
      tz.return %y : tensor<?x32xf32>
    }
  } }
  plan.kernel @host attributes {target = #tz_cpu.target<"x86-64-v4", "">} { builtin.module {
    tz.func @host(%x: tensor<?x32xf32>, %t: tensor<?xi32>) -> tensor<?x32xf32> {
      %y = tz.elementwise silu(%x) : (tensor<?x32xf32>) -> tensor<?x32xf32>
      tz.return %y : tensor<?x32xf32>
    }
  } }

  // There, once for both readers, and back; the tokens are bound on both sides.
  // CHECK-LABEL: plan.program @there_and_back
  // CHECK: %[[T:.*]] = plan.argument 1 "t"
  // CHECK: %[[HT:.*]] = plan.argument 1 "t"
  // CHECK: %[[X:.*]] = plan.transient {bytes = 128 : i64} :
  // CHECK: %[[HX:.*]] = plan.transient {bytes = 128 : i64, host}
  // CHECK: plan.launch @device(%{{.*}}, %[[T]], %[[X]])
  // CHECK: plan.barrier
  // CHECK-NEXT: plan.copy %[[X]], %[[HX]] : <tensor<?x32xf32>>
  // CHECK-NEXT: plan.barrier
  // CHECK-NEXT: plan.launch @host(%[[HX]], %[[HT]], %[[HY:[a-z0-9]+]])
  // CHECK-NEXT: plan.launch @host(%[[HX]], %[[HT]],
  // CHECK-NEXT: plan.barrier
  // CHECK-NEXT: plan.copy %[[HY]], %[[Y:.*]] :
  // CHECK-NEXT: plan.barrier
  // CHECK-NEXT: plan.launch @device(%[[Y]], %[[T]],
  // CHECK-NOT: plan.barrier

  // ARENA-DAG: plan.arena @there_and_back_arena {bytes = 128 : i64}
  // ARENA-DAG: plan.arena @there_and_back_host_arena {bytes = 384 : i64}
  // ARENA: plan.slice @there_and_back_host_arena {bytes = 128 : i64, host, offset =
  plan.program @there_and_back attributes {max_sizes = array<i64: 1>} {
    %in = plan.argument 0 "x" : <tensor<?x32xf32>>
    %t = plan.argument 1 "t" : <tensor<?xi32>>
    %out = plan.result 0 "y" : <tensor<?x32xf32>>
    %x = plan.transient {bytes = 128 : i64} : <tensor<?x32xf32>>
    %y = plan.transient {bytes = 128 : i64} : <tensor<?x32xf32>>
    %z = plan.transient {bytes = 128 : i64} : <tensor<?x32xf32>>
    plan.launch @device(%in, %t, %x) : !plan.buffer<tensor<?x32xf32>>, !plan.buffer<tensor<?xi32>>, !plan.buffer<tensor<?x32xf32>>
    plan.barrier
    plan.launch @host(%x, %t, %y) : !plan.buffer<tensor<?x32xf32>>, !plan.buffer<tensor<?xi32>>, !plan.buffer<tensor<?x32xf32>>
    plan.launch @host(%x, %t, %z) : !plan.buffer<tensor<?x32xf32>>, !plan.buffer<tensor<?xi32>>, !plan.buffer<tensor<?x32xf32>>
    plan.barrier
    plan.launch @device(%y, %t, %out) : !plan.buffer<tensor<?x32xf32>>, !plan.buffer<tensor<?xi32>>, !plan.buffer<tensor<?x32xf32>>
  }

  // The caller's rows lie on the device, whoever needs them.
  // CHECK-LABEL: plan.program @callers
  // CHECK: %[[IN:.*]] = plan.argument 0 "x"
  // CHECK: %[[HIN:.*]] = plan.transient {bytes = 1024 : i64, host}
  // CHECK: %[[OUT:.*]] = plan.result 0 "y"
  // CHECK: %[[HOUT:.*]] = plan.transient {bytes = 1024 : i64, host}
  // CHECK-NOT: plan.barrier
  // CHECK: plan.copy %[[IN]], %[[HIN]]
  // CHECK-NEXT: plan.barrier
  // CHECK-NEXT: plan.launch @host(%[[HIN]], %{{.*}}, %[[HOUT]])
  // CHECK-NEXT: plan.barrier
  // CHECK-NEXT: plan.copy %[[HOUT]], %[[OUT]]
  // CHECK-NEXT: }
  plan.program @callers attributes {max_sizes = array<i64: 8>} {
    %in = plan.argument 0 "x" : <tensor<?x32xf32>>
    %t = plan.argument 1 "t" : <tensor<?xi32>>
    %out = plan.result 0 "y" : <tensor<?x32xf32>>
    plan.launch @host(%in, %t, %out) : !plan.buffer<tensor<?x32xf32>>, !plan.buffer<tensor<?xi32>>, !plan.buffer<tensor<?x32xf32>>
  }

  // Nothing crosses, nothing changes.
  // CHECK-LABEL: plan.program @device_only
  // CHECK-NOT: plan.copy
  // CHECK-NOT: host
  plan.program @device_only attributes {max_sizes = array<i64: 8>} {
    %in = plan.argument 0 "x" : <tensor<?x32xf32>>
    %t = plan.argument 1 "t" : <tensor<?xi32>>
    %out = plan.result 0 "y" : <tensor<?x32xf32>>
    plan.launch @device(%in, %t, %out) : !plan.buffer<tensor<?x32xf32>>, !plan.buffer<tensor<?xi32>>, !plan.buffer<tensor<?x32xf32>>
  }
}
