// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-lower-simt-kernel --canonicalize --cse %s -split-input-file | FileCheck %s

// Products of fragments, whoever holds what: where elements go follows from the fragment's maps.

!w = tensor<64x64x!tz.block<q4_1>, #tz.layout<interleave = 16>>
#mma = #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32, elements = f16,
  left = (d0, d1) -> (d0 floordiv 4 + ((d1 floordiv 2) mod 2) * 8, (d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 4) * 8),
  right = (d0, d1) -> ((d0 mod 4) * 2 + d1 mod 2 + (d1 floordiv 2) * 8, d0 floordiv 4),
  sums = (d0, d1) -> (d0 floordiv 4 + (d1 floordiv 2) * 8, (d0 mod 4) * 2 + d1 mod 2)>

// Lanes hold two quads of the left side, rows lane / 4 and eight below; four sums each.
// CHECK: #[[MMA:.*]] = #tile.fragment
// CHECK: func.func @product
// CHECK: tile.copy
// CHECK: tile.commit_copies
// CHECK: tile.wait_copies 0
// CHECK-COUNT-2: tile.unpack_lane
// CHECK: tile.load_fragment right #[[MMA]] %{{.*}}[%{{.*}}] {stride = 72 : i64} : memref<?xf16, #gpu.address_space<workgroup>> -> vector<4xf16>
// CHECK: tile.contract #[[MMA]] %{{.*}}, %{{.*}}, %{{.*}} : vector<4xf32>, vector<8xf16>, vector<4xf16>
module attributes {plan.max_size = 64 : i64, plan.config = #plan.config<factor = 1, tiles = [16, 0], scratch = 32768,
    options = {group_columns = 64 : i64, group_rows = 16 : i64, lanes = 32 : i64, matrix = #mma, threads = 128 : i64}>} {
  tz.func @product(%x: tensor<?x64xf32>, %w: !w) -> tensor<?x64xf32> {
    %y = tz.matmul %x, %w : (tensor<?x64xf32>, !w) -> tensor<?x64xf32>
    tz.return %y : tensor<?x64xf32>
  }
}

// -----

!w = tensor<64x64x!tz.block<q4_1>, #tz.layout<interleave = 16>>
#mfma = #tile.fragment<rows = 16, columns = 16, depth = 16, lanes = 64, elements = f16,
  left = (d0, d1) -> (d0 mod 16, (d0 floordiv 16) * 4 + d1),
  right = (d0, d1) -> ((d0 floordiv 16) * 4 + d1, d0 mod 16),
  sums = (d0, d1) -> ((d0 floordiv 16) * 4 + d1, d0 mod 16)>

// Sixty-four lanes with one quad each.
// CHECK: #[[MFMA:.*]] = #tile.fragment
// CHECK: func.func @product
// CHECK-COUNT-1: tile.unpack_lane
// CHECK: tile.load_fragment right #[[MFMA]] %{{.*}}[%{{.*}}] {stride = 72 : i64} : memref<?xf16, #gpu.address_space<workgroup>> -> vector<4xf16>
// CHECK: tile.contract #[[MFMA]] %{{.*}}, %{{.*}}, %{{.*}} : vector<4xf32>, vector<4xf16>, vector<4xf16>
module attributes {plan.max_size = 64 : i64, plan.config = #plan.config<factor = 1, tiles = [16, 0], scratch = 32768,
    options = {group_columns = 64 : i64, group_rows = 16 : i64, lanes = 64 : i64, matrix = #mfma, threads = 256 : i64}>} {
  tz.func @product(%x: tensor<?x64xf32>, %w: !w) -> tensor<?x64xf32> {
    %y = tz.matmul %x, %w : (tensor<?x64xf32>, !w) -> tensor<?x64xf32>
    tz.return %y : tensor<?x64xf32>
  }
}
