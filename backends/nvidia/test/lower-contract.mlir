// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-nvidia
// RUN: terrazzo-opt --load-plugin=nvidia %s --tz-nvidia-lower-contract --split-input-file --verify-diagnostics | FileCheck %s

#mma = #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32, elements = f16,
  left = (d0, d1) -> (d0 floordiv 4 + ((d1 floordiv 2) mod 2) * 8, (d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 4) * 8),
  right = (d0, d1) -> ((d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 2) * 8, d0 floordiv 4),
  sums = (d0, d1) -> (d0 floordiv 4 + (d1 floordiv 2) * 8, (d0 mod 4) * 2 + d1 mod 2)>

// CHECK-LABEL: func @halves
// CHECK: llvm.call_intrinsic "llvm.nvvm.mma.m16n8k16.row.col.f32.f32"({{.*}}) : (vector<2xf16>, vector<2xf16>, vector<2xf16>, vector<2xf16>, vector<2xf16>, vector<2xf16>, f32, f32, f32, f32)
// CHECK-NOT: mma
// CHECK: return
module attributes {plan.target = #tz_nvidia.target<"sm_80", "f16">} {
  func.func @halves(%a: vector<4xf32>, %l: vector<8xf16>, %r: vector<4xf16>) -> vector<4xf32> {
    %0 = tile.contract #mma %a, %l, %r : vector<4xf32>, vector<8xf16>, vector<4xf16>
    return %0 : vector<4xf32>
  }
}

// -----

#brains = #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32, elements = bf16,
  left = (d0, d1) -> (d0 floordiv 4 + ((d1 floordiv 2) mod 2) * 8, (d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 4) * 8),
  right = (d0, d1) -> ((d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 2) * 8, d0 floordiv 4),
  sums = (d0, d1) -> (d0 floordiv 4 + (d1 floordiv 2) * 8, (d0 mod 4) * 2 + d1 mod 2)>

// CHECK-LABEL: func @brains
// CHECK: llvm.call_intrinsic "llvm.nvvm.mma.m16n8k16.row.col.bf16"({{.*}}) : (i32, i32, i32, i32, i32, i32, f32, f32, f32, f32)
module attributes {plan.target = #tz_nvidia.target<"sm_90a", "bf16">} {
  func.func @brains(%a: vector<4xf32>, %l: vector<8xbf16>, %r: vector<4xbf16>) -> vector<4xf32> {
    %0 = tile.contract #brains %a, %l, %r : vector<4xf32>, vector<8xbf16>, vector<4xbf16>
    return %0 : vector<4xf32>
  }
}

// -----

#mma = #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32, elements = f16,
  left = (d0, d1) -> (d0 floordiv 4 + ((d1 floordiv 2) mod 2) * 8, (d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 4) * 8),
  right = (d0, d1) -> ((d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 2) * 8, d0 floordiv 4),
  sums = (d0, d1) -> (d0 floordiv 4 + (d1 floordiv 2) * 8, (d0 mod 4) * 2 + d1 mod 2)>

// Two steps where instructions are half as deep.
// CHECK-LABEL: func @steps
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.nvvm.mma.m16n8k8.row.col.f32.f32"
// CHECK-NOT: mma
// CHECK: return
module attributes {plan.target = #tz_nvidia.target<"sm_75", "f16">} {
  func.func @steps(%a: vector<4xf32>, %l: vector<8xf16>, %r: vector<4xf16>) -> vector<4xf32> {
    %0 = tile.contract #mma %a, %l, %r : vector<4xf32>, vector<8xf16>, vector<4xf16>
    return %0 : vector<4xf32>
  }
}

// -----

#brains = #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32, elements = bf16,
  left = (d0, d1) -> (d0 floordiv 4 + ((d1 floordiv 2) mod 2) * 8, (d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 4) * 8),
  right = (d0, d1) -> ((d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 2) * 8, d0 floordiv 4),
  sums = (d0, d1) -> (d0 floordiv 4 + (d1 floordiv 2) * 8, (d0 mod 4) * 2 + d1 mod 2)>

module attributes {plan.target = #tz_nvidia.target<"sm_75", "f16">} {
  func.func @none(%a: vector<4xf32>, %l: vector<8xbf16>, %r: vector<4xbf16>) -> vector<4xf32> {
    // expected-error @+1 {{multiplies #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32, elements = bf16,}}
    %0 = tile.contract #brains %a, %l, %r : vector<4xf32>, vector<8xbf16>, vector<4xbf16>
    return %0 : vector<4xf32>
  }
}

// -----

// Its own fragments alone: who holds what is part of what an instruction is.
module attributes {plan.target = #tz_nvidia.target<"sm_80", "f16">} {
  func.func @other(%a: vector<4xf32>, %l: vector<8xf16>, %r: vector<4xf16>) -> vector<4xf32> {
    // expected-error @+1 {{multiplies #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32> of 'f16'}}
    %0 = tile.contract #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32> %a, %l, %r : vector<4xf32>, vector<8xf16>, vector<4xf16>
    return %0 : vector<4xf32>
  }
}
