// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-null
// RUN: terrazzo-opt --load-plugin null --tz-form-kernels --split-input-file --verify-diagnostics %s

// expected-error @+1 {{the module has no target whose plugin is loaded in 'plan.targets'}}
module {
}

// -----

module attributes {plan.targets = [#tz_null.target<"paper">]} {
  // expected-error @+1 {{argument 1 of type 'tensor<?x8xf32>' is none that a program takes}}
  tz.func @head(%h: tensor<?x8xf32>, %i: tensor<?x8xf32>) -> tensor<?x8xf32> {
    %y = tz.elementwise add(%h, %i) : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    tz.return %y : tensor<?x8xf32>
  }
}

// -----

module attributes {plan.targets = [#tz_null.target<"paper">]} {
  // expected-error @+1 {{returns 'tensor<?x8xf32>', which is not the one new value that a program gives}}
  tz.func @head(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
    tz.return %h : tensor<?x8xf32>
  }
}
