// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null, backend-cpu
// RUN: terrazzo-opt --load-plugin null --load-plugin cpu --tz-place-copies --split-input-file --verify-diagnostics %s

// expected-error @below {{tz-place-copies: the module names no targets in 'plan.targets'}}
module {}

// -----

module attributes {plan.targets = [#tz_null.target<"paper">, #tz_cpu.target<"x86-64-v4", "">]} {
  plan.state @k : !tz.cache<1x32xf16, ?>
  plan.kernel @device attributes {target = #tz_null.target<"paper">} { builtin.module {
    tz.func @device(%x: tensor<?x1x32xf32>, %p: tensor<i32>, %k: !tz.cache<1x32xf16, ?> {tz.state = "k"})
        -> (!tz.cache<1x32xf16, ?> {tz.state = "k"}) {
      %l = tz.cache_append %k, %x, %p : (!tz.cache<1x32xf16, ?>, tensor<?x1x32xf32>, tensor<i32>) -> !tz.cache<1x32xf16, ?>
      tz.return %l : !tz.cache<1x32xf16, ?>
    }
  } }
  plan.kernel @host attributes {target = #tz_cpu.target<"x86-64-v4", "">} { builtin.module {
    tz.func @host(%x: tensor<?x1x32xf32>, %p: tensor<i32>, %k: !tz.cache<1x32xf16, ?> {tz.state = "k"})
        -> (!tz.cache<1x32xf16, ?> {tz.state = "k"}) {
      %l = tz.cache_append %k, %x, %p : (!tz.cache<1x32xf16, ?>, tensor<?x1x32xf32>, tensor<i32>) -> !tz.cache<1x32xf16, ?>
      tz.return %l : !tz.cache<1x32xf16, ?>
    }
  } }
  plan.program @p attributes {max_sizes = array<i64: 1>} {
    %x = plan.argument 0 "x" : <tensor<?x1x32xf32>>
    %p = plan.argument 1 "p" : <tensor<i32>>
    // expected-error @below {{the state is used by kernels of two targets}}
    %k = plan.state_buffer @k : <!tz.cache<1x32xf16, ?>>
    plan.launch @device(%x, %p, %k) : !plan.buffer<tensor<?x1x32xf32>>, !plan.buffer<tensor<i32>>, !plan.buffer<!tz.cache<1x32xf16, ?>>
    plan.barrier
    plan.launch @host(%x, %p, %k) : !plan.buffer<tensor<?x1x32xf32>>, !plan.buffer<tensor<i32>>, !plan.buffer<!tz.cache<1x32xf16, ?>>
  }
}

// -----

plan.program @p attributes {max_sizes = array<i64: 1>} {
  %x = plan.argument 0 "x" : <tensor<?x32xf32>>
  %y = plan.transient {bytes = 128 : i64} : <tensor<?x32xf32>>
  // expected-error @below {{copies within one side}}
  plan.copy %x, %y : <tensor<?x32xf32>>
}

// -----

plan.program @p attributes {max_sizes = array<i64: 1>} {
  %w = plan.weight @w : <tensor<4x32xf32>>
  %y = plan.transient {bytes = 512 : i64, host} : <tensor<4x32xf32>>
  // expected-error @below {{copies what is no argument, result, transient or slice}}
  plan.copy %w, %y : <tensor<4x32xf32>>
}
