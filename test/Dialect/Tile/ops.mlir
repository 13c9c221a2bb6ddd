// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt %s | terrazzo-opt | FileCheck %s
// RUN: terrazzo-opt --mlir-print-op-generic %s | terrazzo-opt | FileCheck %s

// CHECK-LABEL: func @contract
func.func @contract(%acc: vector<16xi32>, %w: vector<64xi8>, %x: vector<4xi8>, %c: vector<4xf32>, %l: vector<8xf16>, %r: vector<4xf16>)
    -> (vector<16xi32>, vector<4xf32>) {
  // CHECK: tile.contract %{{.*}}, %{{.*}}, %{{.*}} <rows = 16, columns = 1, depth = 4> {bound = 15 : i64} : vector<16xi32>, vector<64xi8>, vector<4xi8>
  %0 = tile.contract %acc, %w, %x <rows = 16, columns = 1, depth = 4> {bound = 15 : i64} : vector<16xi32>, vector<64xi8>, vector<4xi8>
  // CHECK: tile.contract %{{.*}} <rows = 16, columns = 8, depth = 16, lanes = 32> : vector<4xf32>, vector<8xf16>, vector<4xf16>
  %1 = tile.contract %c, %l, %r <rows = 16, columns = 8, depth = 16, lanes = 32> : vector<4xf32>, vector<8xf16>, vector<4xf16>
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
  // CHECK: "tile.unpack_lane"(%{{.*}}) <{format = #tz<block_format q5_0>, resultSegmentSizes = array<i32: 1, 1, 1>, rows = 4 : i64}>
  %0:3 = "tile.unpack_lane"(%m, %o, %r, %p, %g) <{format = #tz<block_format q5_0>, rows = 4 : i64, resultSegmentSizes = array<i32: 1, 1, 1>}>
      : (memref<?xi32>, index, index, index, index) -> (vector<4xi32>, vector<4xf32>, vector<4xf32>)
  return %0#0 : vector<4xi32>
}
