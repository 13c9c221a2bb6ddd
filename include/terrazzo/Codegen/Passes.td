// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Code generation passes that backends may compose their pipelines from.

#ifndef TERRAZZO_CODEGEN_PASSES_TD
#define TERRAZZO_CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

def TzLowerKernel : Pass<"tz-lower-kernel", "::mlir::ModuleOp"> {
  let summary = "turn a kernel's tz.func into loops on flat memory";
  let description = [{
    Takes the module of a configured kernel (attributes `plan.config` and `plan.max_size`) for a chip that runs a
    range of workgroups with private scratch. Bindings become one-dimensional memrefs in the plan's order, followed by
    the sizes, the range of workgroups and the scratch.

    ```mlir
    module attributes {plan.config = #plan.config<...>, plan.max_size = 1 : i64} {
      tz.func @k(%x: tensor<?x576xf32>, %w: tensor<576x576x!tz.block<q4_1>, #tz.layout<interleave = 16>>)
          -> tensor<?x576xf32> { ... }
    }
    ```
    becomes
    ```mlir
    func.func @k(%x: memref<?xf32>, %w: memref<?xi8>, %result: memref<?xf32>, %sizes: memref<?xi64>, %begin: index,
                 %end: index, %scratch: memref<?xi8>) { scf.for ... }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect", "::terrazzo::tile::TileDialect"];
}

def TzLowerSimtKernel : Pass<"tz-lower-simt-kernel", "::mlir::ModuleOp"> {
  let summary = "turn a kernel's tz.func into the code of one thread of many";
  let description = [{
    Takes the module of a configured kernel for a chip whose workgroups are threads with memory in common. Bindings
    become one-dimensional memrefs in the plan's order, interleaved weights memrefs of words, followed by the sizes;
    the workgroup is `gpu.block_id x`, its scratch `gpu.dynamic_shared_memory`. The fragments that products are made
    of stand in the config; `tile.contract`, `tile.load_fragment` and `tile.copy` are the chip's to lower.

    ```mlir
    module attributes {plan.config = #plan.config<...>, plan.max_size = 1 : i64} {
      tz.func @k(%x: tensor<?x576xf32>, %w: tensor<576x576x!tz.block<q4_1>, #tz.layout<interleave = 16>>)
          -> tensor<?x576xf32> { ... }
    }
    ```
    becomes
    ```mlir
    func.func @k(%x: memref<?xf32>, %w: memref<?xi32>, %result: memref<?xf32>, %tokens: i64, %cacheRows: i64) {
      %thread = gpu.thread_id x
      ...
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::gpu::GPUDialect",
                           "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect", "::terrazzo::tile::TileDialect"];
}

def TileLowerFragments : Pass<"tile-lower-fragments", "::mlir::ModuleOp"> {
  let summary = "turn tile.unpack, tile.unpack_lane and tile.scale into vector arithmetic";
  let description = [{
    `tile.unpack` and `tile.unpack_lane` are derived from the format's fields, `tile.scale` is two multiplications and one or two fused
    additions. `tile.contract` stays: it is the chip's.

    ```mlir
    %f = tile.scale %acc, %i, %d, %xs : vector<16xf32>, vector<16xi32>, vector<16xf32>
    ```
    becomes
    ```mlir
    %0 = arith.sitofp %i : vector<16xi32> to vector<16xf32>
    %1 = vector.broadcast %xs : f32 to vector<16xf32>
    %2 = arith.mulf %d, %1 : vector<16xf32>
    %f = math.fma %0, %2, %acc : vector<16xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif
