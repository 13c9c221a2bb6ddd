// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-lower-kernel %s | FileCheck %s
// RUN: terrazzo-opt --tz-lower-kernel --tile-lower-fragments %s | FileCheck %s --check-prefix=UNPACKED

!w = tensor<32x64x!tz.block<q4_1>, #tz.layout<interleave = 16>>

// Bindings, sizes, the range of workgroups, scratch.
// CHECK: func.func @product(%{{.*}}: memref<?xf32>, %{{.*}}: memref<?xi8>, %{{.*}}: memref<?xf32>, %{{.*}}: memref<?xi64>, %{{.*}}: index, %{{.*}}: index, %{{.*}}: memref<?xi8>)
// CHECK: scf.for
// CHECK: "tile.unpack"
// CHECK: tile.contract #tile.fragment<rows = 16, columns = 1, depth = 4> {{.*}} {bound = 15 : i64} : vector<16xi32>, vector<64xi8>, vector<4xi8>
// CHECK: tile.scale
// UNPACKED-NOT: tile.unpack
// UNPACKED: vector.load
// UNPACKED: tile.contract
module attributes {plan.max_size = 1 : i64, plan.config = #plan.config<factor = 2, tiles = [0, 0], scratch = 1024,
    options = {block_rows = 1 : i64, dot = "int8", group_columns = 16 : i64, tile_columns = 16 : i64, tile_rows = 1 : i64}>} {
  tz.func @product(%x: tensor<?x64xf32>, %w: !w) -> tensor<?x32xf32> {
    %y = tz.matmul %x, %w : (tensor<?x64xf32>, !w) -> tensor<?x32xf32>
    tz.return %y : tensor<?x32xf32>
  }
}
