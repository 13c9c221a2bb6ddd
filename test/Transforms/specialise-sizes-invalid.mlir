// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-specialise-sizes --verify-diagnostics %s

// expected-error @+1 {{'tz.sizes' asks for 81 programs, each value of a size with each of the others; up to 64 are made}}
tz.func @many(%a: tensor<?x?xf32> {tz.dims = ["T", "S"]}) -> tensor<?x?xf32>
    attributes {tz.sizes = {T = [1, 2, 3, 4, 5, 6, 7, 8, 9], S = [1, 2, 3, 4, 5, 6, 7, 8, 9]}} {
  %y = tz.elementwise silu(%a) : (tensor<?x?xf32>) -> tensor<?x?xf32>
  tz.return %y : tensor<?x?xf32>
}
