// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tile-lower-fragments %s | FileCheck %s

// CHECK-LABEL: func @scale
func.func @scale(%acc: vector<16xf32>, %i: vector<16xi32>, %d: vector<16xf32>, %f: f32) -> vector<16xf32> {
  // CHECK-DAG: %[[FACTOR:.*]] = vector.broadcast
  // CHECK-DAG: %[[SCALE:.*]] = arith.mulf %{{.*}}, %[[FACTOR]]
  // CHECK-DAG: %[[PRODUCTS:.*]] = arith.sitofp
  // CHECK: math.fma %[[PRODUCTS]], %[[SCALE]]
  // CHECK-NOT: tile.scale
  %0 = tile.scale %acc, %i, %d, %f : vector<16xf32>, vector<16xi32>, vector<16xf32>
  return %0 : vector<16xf32>
}

// Four rows of one lane: sixteen bytes of nibbles, the half that the fragment is in by a shift.
// CHECK-LABEL: func @lane
func.func @lane(%m: memref<?xi32>, %o: index, %r: index, %p: index, %g: index) -> (vector<4xi32>, vector<4xf32>) {
  // CHECK: vector.load %{{.*}} {alignment = 16 : i64} : memref<?xi32>, vector<4xi32>
  // CHECK: arith.shrui
  // CHECK: arith.constant dense<252645135> : vector<4xi32>
  // CHECK: vector.load %{{.*}} {alignment = 8 : i64} : memref<?xi32>, vector<2xi32>
  // CHECK: arith.extf %{{.*}} : vector<4xf16> to vector<4xf32>
  // CHECK-NOT: tile.unpack_lane
  %0:3 = "tile.unpack_lane"(%m, %o, %o, %r, %p, %p, %g) <{weight = tensor<16x64x!tz.block<q4_1>, #tz.layout<interleave = 16>>, rows = 4 : i64, resultSegmentSizes = array<i32: 1, 1, 1>}>
      : (memref<?xi32>, index, index, index, index, index, index) -> (vector<4xi32>, vector<4xf32>, vector<4xf32>)
  return %0#0, %0#1 : vector<4xi32>, vector<4xf32>
}
