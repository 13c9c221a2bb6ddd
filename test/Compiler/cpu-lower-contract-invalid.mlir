// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-cpu
// RUN: terrazzo-opt --load-plugin cpu --tz-cpu-lower-contract --verify-diagnostics %s

module attributes {plan.target = #tz_cpu.target<"x86-64-v4", "vnni">} {
  func.func @columns(%a: vector<4xf32>, %l: vector<8xf16>, %r: vector<4xf16>) -> vector<4xf32> {
    // expected-error @+1 {{multiplies #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32> of 'f16'}}
    %0 = tile.contract #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32> %a, %l, %r : vector<4xf32>, vector<8xf16>, vector<4xf16>
    return %0 : vector<4xf32>
  }
}
