// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// REQUIRES: backend-nvidia
// RUN: terrazzo-opt --load-plugin=nvidia %s --tz-nvidia-lower-loads --split-input-file | FileCheck %s

#mma = #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32, elements = f16,
  left = (d0, d1) -> (d0 floordiv 4 + ((d1 floordiv 2) mod 2) * 8, (d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 4) * 8),
  right = (d0, d1) -> ((d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 2) * 8, d0 floordiv 4),
  sums = (d0, d1) -> (d0 floordiv 4 + (d1 floordiv 2) * 8, (d0 mod 4) * 2 + d1 mod 2)>

// CHECK-LABEL: func @loads
// CHECK: nvgpu.ldmatrix %{{.*}}[%{{.*}}] {numTiles = 4 : i32, transpose = false} : {{.*}} -> vector<4x2xf16>
// CHECK: nvgpu.ldmatrix %{{.*}}[%{{.*}}] {numTiles = 2 : i32, transpose = false} : {{.*}} -> vector<2x2xf16>
// CHECK: nvgpu.ldmatrix %{{.*}}[%{{.*}}] {numTiles = 2 : i32, transpose = true} : {{.*}} -> vector<2x2xf16>
// CHECK: nvgpu.device_async_copy %{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}], 4 {bypassL1}
// CHECK: nvvm.cp.async.commit.group
// CHECK: nvvm.cp.async.wait.group 1
module attributes {plan.target = #tz_nvidia.target<"sm_80", "f16">} {
  func.func @loads(%m: memref<?xf16, #gpu.address_space<workgroup>>, %words: memref<?xi32>,
                   %to: memref<?xi32, #gpu.address_space<workgroup>>, %at: index) -> (vector<8xf16>, vector<4xf16>, vector<4xf16>) {
    %l = tile.load_fragment left #mma %m[%at] {stride = 72 : i64} : memref<?xf16, #gpu.address_space<workgroup>> -> vector<8xf16>
    %r = tile.load_fragment right #mma %m[%at] {stride = 72 : i64} : memref<?xf16, #gpu.address_space<workgroup>> -> vector<4xf16>
    %t = tile.load_fragment right #mma %m[%at] {stride = 72 : i64, transposed}
        : memref<?xf16, #gpu.address_space<workgroup>> -> vector<4xf16>
    tile.copy %words[%at] to %to[%at] : memref<?xi32>, memref<?xi32, #gpu.address_space<workgroup>>
    tile.commit_copies
    tile.wait_copies 1
    return %l, %r, %t : vector<8xf16>, vector<4xf16>, vector<4xf16>
  }
}

// -----

// Before 8.0 copies are made at once.
// CHECK-LABEL: func @copies
// CHECK: %[[V:.*]] = vector.load %{{.*}}[%{{.*}}] {alignment = 16 : i64} : memref<?xi32>, vector<4xi32>
// CHECK: vector.store %[[V]], %{{.*}}[%{{.*}}] {alignment = 16 : i64}
// CHECK-NOT: nvvm.cp
// CHECK: return
module attributes {plan.target = #tz_nvidia.target<"sm_75", "f16">} {
  func.func @copies(%words: memref<?xi32>, %to: memref<?xi32, #gpu.address_space<workgroup>>, %at: index) {
    tile.copy %words[%at] to %to[%at] : memref<?xi32>, memref<?xi32, #gpu.address_space<workgroup>>
    tile.commit_copies
    tile.wait_copies 0
    return
  }
}
