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
