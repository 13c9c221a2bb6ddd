// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin=null %s | terrazzo-opt --load-plugin=null | FileCheck %s
// RUN: terrazzo-opt --load-plugin=null --mlir-print-op-generic %s | terrazzo-opt --load-plugin=null | FileCheck %s
// RUN: terrazzo-opt --load-plugin=null --emit-bytecode %s | terrazzo-opt --load-plugin=null | FileCheck %s

// Every op, type and attribute of the dialect is written and read back, as text, in generic form and as bytecode.

// CHECK: #plan.target_spec<levels = [<name = "l1", bytes = 32768, bandwidth = 100000000000, shared = 1>, <name = "memory", bytes = 1073741824, bandwidth = 10000000000, shared = 0>], units = [<"u8s8_s32", tile = [16, 1, 4], rate = 1000000000>]>
module attributes {plan.spec = #plan.target_spec<
    levels = [<name = "l1", bytes = 32768, bandwidth = 100000000000, shared = 1>,
              <name = "memory", bytes = 1073741824, bandwidth = 10000000000, shared = 0>],
    units = [<"u8s8_s32", tile = [16, 1, 4], rate = 1000000000>]>} {
  tz.weight @w : tensor<8xf32> {file = "m.gguf", tensor = "w", offset = 0 : i64, bytes = 32 : i64, hash = 0 : i64}

  // CHECK: plan.kernel @norm attributes {config = #plan.config<factor = 2, tiles = [1, 0], scratch = 64, options = {unroll = 4 : i64}>, target = #tz_null.target<"paper">} {
  // CHECK-NEXT: builtin.module {
  // CHECK-NEXT: tz.func @norm
  plan.kernel @norm attributes {config = #plan.config<factor = 2, tiles = [1, 0], scratch = 64, options = {unroll = 4 : i64}>, target = #tz_null.target<"paper">} {
    builtin.module {
      tz.func @norm(%x: tensor<?x8xf32>, %w: tensor<8xf32>) -> tensor<?x8xf32> {
        %0 = tz.rms_norm %x, %w {epsilon = 1.0e-5 : f64} : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
        tz.return %0 : tensor<?x8xf32>
      }
    }
  }
  // CHECK: plan.kernel @copy attributes {config = #plan.config<factor = 1, tiles = [], scratch = 0>, target = #tz_null.target<"paper">} {
  plan.kernel @copy attributes {config = #plan.config<factor = 1, tiles = [], scratch = 0>, target = #tz_null.target<"paper">} {
    builtin.module {
      tz.func @copy(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
        tz.return %x : tensor<?x8xf32>
      }
    }
  }
  // CHECK: plan.arena @arena {bytes = 4096 : i64}
  plan.arena @arena {bytes = 4096 : i64}
  // CHECK: plan.state @blk.0.k : !tz.cache<3x64xf16, ?>
  plan.state @"blk.0.k" : !tz.cache<3x64xf16, ?>

  // CHECK: plan.program @trunk_1 attributes {max_sizes = array<i64: 1>} {
  plan.program @trunk_1 attributes {max_sizes = array<i64: 1>} {
    // CHECK: plan.argument 0 "x" : <tensor<?x8xf32>>
    %x = plan.argument 0 "x" : !plan.buffer<tensor<?x8xf32>>
    // CHECK: plan.weight @w : <tensor<8xf32>>
    %w = plan.weight @w : !plan.buffer<tensor<8xf32>>
    // CHECK: plan.packed @w : <tensor<8xf32, #tz.layout<interleave = 16>>>
    %p = plan.packed @w : !plan.buffer<tensor<8xf32, #tz.layout<interleave = 16>>>
    // CHECK: plan.state_buffer @blk.0.k : <!tz.cache<3x64xf16, ?>>
    %k = plan.state_buffer @"blk.0.k" : !plan.buffer<!tz.cache<3x64xf16, ?>>
    // CHECK: plan.transient {bytes = 32 : i64} : <tensor<?x8xf32>>
    %t = plan.transient {bytes = 32 : i64} : !plan.buffer<tensor<?x8xf32>>
    // CHECK: plan.slice @arena {bytes = 32 : i64, offset = 64 : i64} : <tensor<?x8xf32>>
    %s = plan.slice @arena {offset = 64 : i64, bytes = 32 : i64} : !plan.buffer<tensor<?x8xf32>>
    // CHECK: plan.launch @norm(%{{.*}}, %{{.*}}, %{{.*}}) : !plan.buffer<tensor<?x8xf32>>, !plan.buffer<tensor<8xf32>>, !plan.buffer<tensor<?x8xf32>>
    plan.launch @norm(%x, %w, %s) : !plan.buffer<tensor<?x8xf32>>, !plan.buffer<tensor<8xf32>>, !plan.buffer<tensor<?x8xf32>>
    // CHECK-NEXT: plan.barrier
    plan.barrier
    // CHECK-NEXT: plan.launch @copy
    plan.launch @copy(%s, %t) : !plan.buffer<tensor<?x8xf32>>, !plan.buffer<tensor<?x8xf32>>
  }
}
