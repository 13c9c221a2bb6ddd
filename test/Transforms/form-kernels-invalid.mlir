// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-form-kernels --split-input-file --verify-diagnostics %s

// expected-error @+1 {{the module has no target whose plugin is loaded in 'plan.targets'}}
module {
}

// -----

module attributes {plan.targets = [#tz_null.target<"paper">]} {
  // expected-error @+1 {{result 'result0' is an argument, a weight or another result; each is a value of its own that the function computes}}
  tz.func @f(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
    tz.return %h : tensor<?x8xf32>
  }
}

// -----

module attributes {plan.targets = [#tz_null.target<"paper">]} {
  // expected-error @+1 {{result 'again' is an argument, a weight or another result}}
  tz.func @f(%h: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x2x4xf32> {tz.name = "again"}) {
    %y = tz.elementwise silu(%h) : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %z = tz.reshape %y : tensor<?x8xf32> -> tensor<?x2x4xf32>
    tz.return %y, %z : tensor<?x8xf32>, tensor<?x2x4xf32>
  }
}
