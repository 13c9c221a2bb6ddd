// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-specialise-sizes --verify-diagnostics %s

// expected-error @+1 {{has the sizes T, S; one that changes from call to call is what programs have so far}}
tz.func @two(%a: tensor<?x32xf32> {tz.dims = ["T", 32]}, %b: tensor<?x32xf32> {tz.dims = ["S", 32]}) -> tensor<?x32xf32> {
  %y = tz.elementwise silu(%a) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  tz.return %y : tensor<?x32xf32>
}
