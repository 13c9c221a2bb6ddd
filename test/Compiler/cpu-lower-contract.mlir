// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-cpu
// RUN: terrazzo-opt --load-plugin cpu --tz-cpu-lower-contract --split-input-file %s | FileCheck %s

// CHECK-LABEL: func @vnni
// CHECK: %[[X:.*]] = vector.bitcast %{{.*}} : vector<16xi32> to vector<64xi8>
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%arg0, %arg1, %[[X]])
module attributes {plan.target = #tz_cpu.target<"x86-64-v4", "vnni">} {
  func.func @vnni(%a: vector<16xi32>, %w: vector<64xi8>, %x: vector<4xi8>) -> vector<16xi32> {
    %0 = tile.contract #tile.fragment<rows = 16, columns = 1, depth = 4> %a, %w, %x {bound = 15 : i64} : vector<16xi32>, vector<64xi8>, vector<4xi8>
    return %0 : vector<16xi32>
  }
}

// -----

// Without it, pairs of products whose sum fits 16 bits are added there.
// CHECK-LABEL: func @small
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// CHECK-LABEL: func @large
// CHECK-NOT: pmadd.ub.sw
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
module attributes {plan.target = #tz_cpu.target<"x86-64-v3", "">} {
  func.func @small(%a: vector<16xi32>, %w: vector<64xi8>, %x: vector<4xi8>) -> vector<16xi32> {
    %0 = tile.contract #tile.fragment<rows = 16, columns = 1, depth = 4> %a, %w, %x {bound = 15 : i64} : vector<16xi32>, vector<64xi8>, vector<4xi8>
    return %0 : vector<16xi32>
  }
  func.func @large(%a: vector<16xi32>, %w: vector<64xi8>, %x: vector<4xi8>) -> vector<16xi32> {
    %0 = tile.contract #tile.fragment<rows = 16, columns = 1, depth = 4> %a, %w, %x : vector<16xi32>, vector<64xi8>, vector<4xi8>
    return %0 : vector<16xi32>
  }
}

// -----

// CHECK-LABEL: func @floats
// CHECK: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
// CHECK: math.fma
module attributes {plan.target = #tz_cpu.target<"x86-64-v4", "vnni+bf16=fast">} {
  func.func @floats(%a: vector<16xf32>, %w: vector<32xbf16>, %x: vector<2xbf16>, %v: vector<16xf32>, %y: vector<1xf32>) -> vector<16xf32> {
    %0 = tile.contract #tile.fragment<rows = 16, columns = 1, depth = 2> %a, %w, %x : vector<16xf32>, vector<32xbf16>, vector<2xbf16>
    %1 = tile.contract #tile.fragment<rows = 16, columns = 1, depth = 1> %0, %v, %y : vector<16xf32>, vector<16xf32>, vector<1xf32>
    return %1 : vector<16xf32>
  }
}
