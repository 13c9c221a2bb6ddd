// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt %s | terrazzo-opt | FileCheck %s
// RUN: terrazzo-opt --mlir-print-op-generic %s | terrazzo-opt | FileCheck %s

// CHECK-LABEL: func @dot
func.func @dot(%acc: vector<16xi32>, %w: vector<64xi8>, %x: vector<64xi8>) -> vector<16xi32> {
  // CHECK: tile.dot %{{.*}}, %{{.*}}, %{{.*}} {bound = 15 : i64} : vector<16xi32>, vector<64xi8>, vector<64xi8>
  %0 = tile.dot %acc, %w, %x {bound = 15 : i64} : vector<16xi32>, vector<64xi8>, vector<64xi8>
  return %0 : vector<16xi32>
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
