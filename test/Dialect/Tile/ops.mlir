// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt %s | terrazzo-opt | FileCheck %s
// RUN: terrazzo-opt --mlir-print-op-generic %s | terrazzo-opt | FileCheck %s

#mfma = #tile.fragment<rows = 16, columns = 16, depth = 16, lanes = 64, elements = f16,
  left = (d0, d1) -> (d0 mod 16, (d0 floordiv 16) * 4 + d1),
  right = (d0, d1) -> ((d0 floordiv 16) * 4 + d1, d0 mod 16),
  sums = (d0, d1) -> ((d0 floordiv 16) * 4 + d1, d0 mod 16)>

// CHECK: #[[$MFMA:.*]] = #tile.fragment<rows = 16, columns = 16, depth = 16, lanes = 64, elements = f16, left = (d0, d1) -> ({{.*}}), right = (d0, d1) -> ({{.*}}), sums = (d0, d1) -> ({{.*}})>

// CHECK-LABEL: func @contract
func.func @contract(%acc: vector<16xi32>, %w: vector<64xi8>, %x: vector<4xi8>, %c: vector<4xf32>, %l: vector<8xf16>, %r: vector<4xf16>)
    -> (vector<16xi32>, vector<4xf32>) {
  // CHECK: tile.contract #tile.fragment<rows = 16, columns = 1, depth = 4> %{{.*}}, %{{.*}}, %{{.*}} {bound = 15 : i64} : vector<16xi32>, vector<64xi8>, vector<4xi8>
  %0 = tile.contract #tile.fragment<rows = 16, columns = 1, depth = 4> %acc, %w, %x {bound = 15 : i64} : vector<16xi32>, vector<64xi8>, vector<4xi8>
  // CHECK: tile.contract #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32> %{{.*}} : vector<4xf32>, vector<8xf16>, vector<4xf16>
  %1 = tile.contract #tile.fragment<rows = 16, columns = 8, depth = 16, lanes = 32> %c, %l, %r : vector<4xf32>, vector<8xf16>, vector<4xf16>
  return %0, %1 : vector<16xi32>, vector<4xf32>
}

// CHECK-LABEL: func @scale
func.func @scale(%acc: vector<16xf32>, %i: vector<16xi32>, %d: vector<16xf32>, %f: f32) -> vector<16xf32> {
  // CHECK: tile.scale {{.*}} : vector<16xf32>, vector<16xi32>, vector<16xf32>
  %0 = tile.scale %acc, %i, %d, %f : vector<16xf32>, vector<16xi32>, vector<16xf32>
  // CHECK: tile.scale {{.*}} min(
  %1 = tile.scale %0, %i, %d, %f min(%d : vector<16xf32>, %f) : vector<16xf32>, vector<16xi32>, vector<16xf32>
  return %1 : vector<16xf32>
}

// CHECK-LABEL: func @unpack_lane
func.func @unpack_lane(%m: memref<?xi32>, %o: index, %r: index, %p: index, %g: index) -> vector<4xi32> {
  // CHECK: "tile.unpack_lane"(%{{.*}}) <{resultSegmentSizes = array<i32: 1, 1, 1>, rows = 4 : i64, weight = tensor<16x64x!tz.block<q5_0>, #tz.layout<interleave = 16>>}>
  %0:3 = "tile.unpack_lane"(%m, %o, %o, %r, %p, %p, %g) <{weight = tensor<16x64x!tz.block<q5_0>, #tz.layout<interleave = 16>>, rows = 4 : i64, resultSegmentSizes = array<i32: 1, 1, 1>}>
      : (memref<?xi32>, index, index, index, index, index, index) -> (vector<4xi32>, vector<4xf32>, vector<4xf32>)
  return %0#0 : vector<4xi32>
}

// CHECK-LABEL: func @lanes
func.func @lanes(%m: memref<?xf16>, %words: memref<?xi32>, %to: memref<?xi32>, %at: index, %c: vector<4xf32>) -> vector<4xf32> {
  // CHECK: tile.load_fragment left #[[$MFMA]] %{{.*}}[%{{.*}}] {stride = 72 : i64} : memref<?xf16> -> vector<4xf16>
  %l = tile.load_fragment left #mfma %m[%at] {stride = 72 : i64} : memref<?xf16> -> vector<4xf16>
  // CHECK: tile.load_fragment right #[[$MFMA]] %{{.*}}[%{{.*}}] {stride = 72 : i64, transposed} : memref<?xf16> -> vector<4xf16>
  %r = tile.load_fragment right #mfma %m[%at] {stride = 72 : i64, transposed} : memref<?xf16> -> vector<4xf16>
  // CHECK: tile.copy %{{.*}}[%{{.*}}] to %{{.*}}[%{{.*}}] : memref<?xi32>, memref<?xi32>
  tile.copy %words[%at] to %to[%at] : memref<?xi32>, memref<?xi32>
  // CHECK: tile.commit_copies
  tile.commit_copies
  // CHECK: tile.wait_copies 0
  tile.wait_copies 0
  // CHECK: tile.contract #[[$MFMA]] %{{.*}}, %{{.*}}, %{{.*}} : vector<4xf32>, vector<4xf16>, vector<4xf16>
  %d = tile.contract #mfma %c, %l, %r : vector<4xf32>, vector<4xf16>, vector<4xf16>
  return %d : vector<4xf32>
}
