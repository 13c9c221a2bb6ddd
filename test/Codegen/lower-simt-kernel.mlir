// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: terrazzo-opt --tz-lower-simt-kernel %s | FileCheck %s
// RUN: terrazzo-opt --tz-lower-simt-kernel --tile-lower-fragments %s | FileCheck %s --check-prefix=UNPACKED

!w = tensor<64x64x!tz.block<q4_1>, #tz.layout<interleave = 16>>

// Bindings, then the sizes; weights are words, scratch is the workgroup's memory.
// CHECK: func.func @product(%{{.*}}: memref<?xf32>, %{{.*}}: memref<?xi32>, %{{.*}}: memref<?xf32>, %{{.*}}: i64, %{{.*}}: i64)
// CHECK: gpu.thread_id x
// CHECK: gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
// CHECK: gpu.block_id x
// Four rows a lane, all eight fragments of a part that is known when the kernel runs.
// CHECK: %{{.*}}:8, %{{.*}}, %{{.*}} = "tile.unpack_lane"({{.*}}) <{{.*}}rows = 4
// The other lanes' parts are added, then the other subgroups'.
// CHECK: gpu.shuffle xor
// CHECK: gpu.barrier
// UNPACKED-NOT: tile.unpack_lane
// UNPACKED: vector.load {{.*}} {alignment = 16 : i64} : memref<?xi32>, vector<4xi32>
module attributes {plan.max_size = 1 : i64, plan.config = #plan.config<factor = 4, tiles = [1, 0], scratch = 4096,
    options = {group_columns = 16 : i64, group_rows = 1 : i64, lanes = 32 : i64, threads = 128 : i64}>} {
  tz.func @product(%x: tensor<?x64xf32>, %w: !w) -> tensor<?x64xf32> {
    %y = tz.matmul %x, %w : (tensor<?x64xf32>, !w) -> tensor<?x64xf32>
    tz.return %y : tensor<?x64xf32>
  }
}
