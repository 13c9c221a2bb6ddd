// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What kernels are made of, and the instructions that it becomes.
// REQUIRES: backend-nvidia
// RUN: terrazzo-opt --load-plugin=nvidia %s --convert-scf-to-cf --tz-nvidia-lower-to-llvm --reconcile-unrealized-casts --tz-nvidia-wrap-entry | FileCheck %s

// CHECK: module attributes {{.*}}tz_nvidia.bindings = 3 : i32, tz_nvidia.threads = 128 : i32
// CHECK: llvm.mlir.global external @__dynamic_shmem() {addr_space = 3 : i32, alignment = 128 : i64}
// CHECK: llvm.func @k(%{{.*}}: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>, %{{.*}}: i64, %{{.*}}: i64) attributes {nvvm.kernel, nvvm.minctasm = 1 : i32, nvvm.reqntid = array<i32: 128>}
// CHECK: llvm.addrspacecast %{{.*}} : !llvm.ptr<1> to !llvm.ptr
// CHECK: llvm.call @k.body
// CHECK: llvm.func internal @k.body({{.*}}always_inline
// CHECK: nvvm.read.ptx.sreg.tid.x
// CHECK: llvm.intr.exp2
// CHECK: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK: llvm.store %{{.*}} {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<3>
// CHECK: nvvm.barrier
// CHECK: nvvm.shfl.sync  bfly
// CHECK: nvvm.ldmatrix {{.*}} num = 4
// CHECK-NOT: __nv_
module attributes {plan.config = #plan.config<factor = 1, tiles = [], scratch = 2048, options = {matrix = true, threads = 128 : i64}>} {
  memref.global "private" constant @table0 : memref<2xf64> = dense<[1.0, 2.0]>
  func.func @k(%a: memref<?xf32>, %b: memref<?xf16>, %c: memref<?xi32>, %tokens: i64, %rows: i64) {
    %c0 = arith.constant 0 : index
    %c512 = arith.constant 512 : index
    %c1024 = arith.constant 1024 : index
    %thread = gpu.thread_id x
    %x = memref.load %a[%thread] : memref<?xf32>
    %e = math.exp2 %x : f32
    memref.store %e, %a[%thread] : memref<?xf32>
    %all = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
    %floats = memref.view %all[%c0][%c512] : memref<?xi8, #gpu.address_space<workgroup>> to memref<?xf32, #gpu.address_space<workgroup>>
    %v = vector.load %a[%c0] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
    vector.store %v, %floats[%c0] {alignment = 16 : i64} : memref<?xf32, #gpu.address_space<workgroup>>, vector<4xf32>
    gpu.barrier
    %one = arith.constant 1 : i32
    %lanes = arith.constant 32 : i32
    %s, %valid = gpu.shuffle xor %e, %one, %lanes : f32
    memref.store %s, %a[%thread] : memref<?xf32>
    %halves = memref.view %all[%c0][%c1024] : memref<?xi8, #gpu.address_space<workgroup>> to memref<?xf16, #gpu.address_space<workgroup>>
    %m = nvgpu.ldmatrix %halves[%c0] {numTiles = 4 : i32, transpose = false} : memref<?xf16, #gpu.address_space<workgroup>> -> vector<4x2xf16>
    %p = vector.extract %m[0] : vector<2xf16> from vector<4x2xf16>
    vector.store %p, %b[%c0] {alignment = 4 : i64} : memref<?xf16>, vector<2xf16>
    %table = memref.get_global @table0 : memref<2xf64>
    %d = memref.load %table[%c0] : memref<2xf64>
    %f = arith.truncf %d : f64 to f32
    memref.store %f, %a[%c0] : memref<?xf32>
    return
  }
}
