// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes from the tz graph to the plan, in the order in which they run.

#ifndef TERRAZZO_TRANSFORMS_PASSES_TD
#define TERRAZZO_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def RaiseAttention : Pass<"tz-raise-attention", "::mlir::ModuleOp"> {
  let summary = "two products with a softmax between them as attention";
  let description = [{
    Products "bhtd,bhsd->bhts" and "bhts,bhsd->bhtd" with a softmax of the scores between them, which may be scaled, masked and have
    a bias added, are the attention of rows: all texts' queries behind each other, each seeing the keys of its own text. A mask is
    read off what computes it: numbers that are compared say which keys a query sees, truths that are the same for all queries
    hide keys. With several texts, what else differs from query to query keeps the products as they are.

    ```mlir
    %s = tz.contract "htd,hsd->hts" %q, %k : (tensor<4x?x16xf32>, tensor<4x?x16xf32>) -> tensor<4x?x?xf32>
    %p = tz.softmax %s {axis = 2 : i64} : tensor<4x?x?xf32> -> tensor<4x?x?xf32>
    %o = tz.contract "hts,hsd->htd" %p, %v : (tensor<4x?x?xf32>, tensor<4x?x16xf32>) -> tensor<4x?x16xf32>
    // becomes
    %0 = tz.transpose %q [1, 0, 2] : tensor<4x?x16xf32> -> tensor<?x4x16xf32>
    // the same of %k and %v
    %3 = tz.attention %0, %1, %2 {scale = 1.0 : f64}
        : (tensor<?x4x16xf32>, tensor<?x4x16xf32>, tensor<?x4x16xf32>) -> tensor<?x4x16xf32>
    %o = tz.transpose %3 [1, 0, 2] : tensor<?x4x16xf32> -> tensor<4x?x16xf32>
    ```
  }];
  let dependentDialects = ["::terrazzo::tz::TzDialect"];
}

def RaiseProducts : Pass<"tz-raise-products", "::mlir::ModuleOp"> {
  let summary = "products and look-ups that use a weight as products of rows";
  let description = [{
    A `tz.contract` of an array's last dimension with that of a weight is `tz.matmul` of its rows, and a `tz.gather` of a weight's
    rows is `tz.embedding`: those have weights packed and multiplied by the chip's matrix units. Sides that are transposed are read
    as they were.

    ```mlir
    %y = tz.contract "btk,nk->btn" %x, %w : (tensor<?x?x64xf32>, tensor<48x64xf32>) -> tensor<?x?x48xf32>
    // becomes
    %0 = tz.reshape %x {sizes = ["B * T"]} : tensor<?x?x64xf32> -> tensor<?x64xf32>
    %1 = tz.matmul %0, %w : (tensor<?x64xf32>, tensor<48x64xf32>) -> tensor<?x48xf32>
    %y = tz.reshape %1 {sizes = ["B", "T"]} : tensor<?x48xf32> -> tensor<?x?x48xf32>
    ```
  }];
  let dependentDialects = ["::terrazzo::tz::TzDialect"];
}

def GeneraliseProducts : Pass<"tz-generalise-products", "::mlir::ModuleOp"> {
  let summary = "products with what is no weight of the model as products of two arrays";
  let description = [{
    `tz.matmul` and `tz.embedding` read a weight in the format and layout it has. Where their weight is an argument of
    the function, a constant or computed, they become `tz.contract` and `tz.gather`, which take any array.

    ```mlir
    %y = tz.matmul %x, %w : (tensor<?x16xf32>, tensor<40x16xf32>) -> tensor<?x40xf32>
    // becomes
    %y = tz.contract "tk,nk->tn" %x, %w : (tensor<?x16xf32>, tensor<40x16xf32>) -> tensor<?x40xf32>
    ```
  }];
  let dependentDialects = ["::terrazzo::tz::TzDialect"];
}

def BringToRows : Pass<"tz-bring-to-rows", "::mlir::ModuleOp"> {
  let summary = "operations on rows of other shapes and floats as such on rows of f32";
  let description = [{
    A norm over the last dimension of an array is one of the rows that its other dimensions are; so are elementwise
    operations whose operands are as large as the result or the same for all rows. Norms, products, rotations,
    attention and gathers on other floats than f32 compute on f32, and are cast from and to them.

    ```mlir
    %y = tz.rms_norm %x, %w {epsilon = 1.0e-5 : f64}
        : (tensor<?x?x64xf32>, tensor<64xf32>) -> tensor<?x?x64xf32>
    // becomes
    %0 = tz.reshape %x : tensor<?x?x64xf32> -> tensor<?x64xf32>
    %1 = tz.rms_norm %0, %w {epsilon = 1.0e-5 : f64} : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
    %y = tz.reshape %1 {sizes = ["B", "T"]} : tensor<?x64xf32> -> tensor<?x?x64xf32>
    ```
  }];
  let dependentDialects = ["::terrazzo::tz::TzDialect"];
}

def SpecialiseSizes : Pass<"tz-specialise-sizes", "::mlir::ModuleOp"> {
  let summary = "clone each function for the values of its size that matter";
  let description = [{
    One row, a few, and a chunk want different code. Every function is replaced by one clone for each value that its
    `tz.sizes` gives, of several sizes for each combination, which carries the values as `tz.max_sizes` and the function's
    name as `tz.function`; the sizes in its types stay `?`. A size of which nothing is said gets one value: 512 where it is
    the only one, 128 of two, 32 of more. A function without sizes gets one clone.

    ```mlir
    tz.func @f(%x: tensor<?x576xf32>) -> tensor<?x64xf32> attributes {tz.sizes = {T = [1, 8]}} { ... }
    // becomes
    tz.func @f_1(%x: tensor<?x576xf32>) -> tensor<?x64xf32>
        attributes {tz.function = "f", tz.max_sizes = array<i64: 1>} { ... }
    tz.func @f_8(%x: tensor<?x576xf32>) -> tensor<?x64xf32>
        attributes {tz.function = "f", tz.max_sizes = array<i64: 8>} { ... }
    ```
  }];
  let dependentDialects = ["::terrazzo::tz::TzDialect"];
}

def PlaceOperations : Pass<"tz-place-operations", "::mlir::ModuleOp"> {
  let summary = "decide which target runs each operation";
  let description = [{
    Asks the backends of the module's `plan.targets`, in order, whether they run each operation. One that the first
    target cannot run goes to the next that can, and is marked with it; one that none can run is an error that names
    them all. Operations on one state run on one target: the others follow one that had to leave. A weight that
    operations of two targets use is named once for each. The module receives a line for each target:

    ```mlir
    module attributes {plan.targets = [#tz_chip.target<"default">]} { ... }
    // becomes
    module attributes {plan.targets = [#tz_chip.target<"default">],
                       plan.placement = ["null(default) 409/409 ops"]} { ... }
    ```
  }];
  let dependentDialects = ["::terrazzo::tz::TzDialect", "::terrazzo::plan::PlanDialect"];
  let options = [
    Option<"unsupportedIsError", "unsupported-is-error", "bool", "false",
           "refuse to place operations anywhere but on the first target">,
  ];
}

def ChooseLayouts : Pass<"tz-choose-layouts", "::mlir::ModuleOp"> {
  let summary = "choose each weight's physical layout, once for all its uses";
  let description = [{
    Shows the backend every use of a weight, in all functions, and gives all of them the layout that it chooses. A
    weight that two targets use has a layout for each.

    ```mlir
    %w = tz.use_weight @up : tensor<64x32x!tz.block<q8_0>>
    // becomes
    %w = tz.use_weight @up : tensor<64x32x!tz.block<q8_0>, #tz.layout<interleave = 16>>
    ```
  }];
  let dependentDialects = ["::terrazzo::tz::TzDialect"];
}

def FormKernels : Pass<"tz-form-kernels", "::mlir::ModuleOp"> {
  let summary = "fuse operations into kernels, and functions into programs of launches";
  let description = [{
    Operations are grouped by what they are, not by the model that they come from. Each attention and each set of
    products of one input begins a kernel. Row-wise operations on a product's results join it when they can be cut by
    groups of columns narrower than the row; row-wise operations before a product join it when their rows, at the
    function's `tz.max_sizes`, fit a quarter of the target's largest memory level that a worker has to itself,
    since each worker then repeats them; all others become kernels of their own, with their neighbours. Reshapes between kernels
    vanish: a buffer may be seen with another shape.

    Each group becomes a `plan.kernel` whose function has no weights of its own, each function a `plan.program`. A
    value that one kernel leaves for another becomes a transient; a barrier stands where a launch needs what a launch
    since the last barrier writes, or writes what it reads.

    ```mlir
    tz.func @f_1(%h: tensor<?x32xf32> {tz.name = "h"}) -> (tensor<?x64xf32> {tz.name = "y"})
        attributes {tz.function = "f", tz.max_sizes = array<i64: 1>} {
      %w = tz.use_weight @up : tensor<64x32xf32>
      %y = tz.matmul %h, %w : (tensor<?x32xf32>, tensor<64x32xf32>) -> tensor<?x64xf32>
      tz.return %y : tensor<?x64xf32>
    }
    // becomes
    plan.kernel @f_1_matmul attributes {plan.max_size = 1 : i64, target = #t} { module {
      tz.func @f_1_matmul(%h: tensor<?x32xf32>, %w: tensor<64x32xf32>) -> tensor<?x64xf32> { ... }
    } }
    plan.program @f_1 attributes {function = "f", max_sizes = array<i64: 1>} {
      %0 = plan.argument 0 "h" : <tensor<?x32xf32>>
      %1 = plan.weight @up : <tensor<64x32xf32>>
      %2 = plan.result 0 "y" : <tensor<?x64xf32>>
      plan.launch @f_1_matmul(%0, %1, %2) : ...
    }
    ```
  }];
  let dependentDialects = ["::terrazzo::tz::TzDialect", "::terrazzo::plan::PlanDialect"];
}

def PlaceCopies : Pass<"tz-place-copies", "::mlir::ModuleOp"> {
  let summary = "bring values from one target to the other where kernels need them";
  let description = [{
    Kernels of the first of `plan.targets` run on a device, all others on the processor beside it, the host, and none
    sees the other's memory. What a kernel of one side writes and one of the other reads is copied once, between
    barriers, before its first reader there; arguments and results of the caller lie on the device. Weights and
    arguments of integers, which come from the caller's own memory, are bound on each side that uses them. A state that both sides use is an error: `tz-place-operations`
    leaves none.

    ```mlir
    plan.launch @on_device(%a, %x) : ...
    plan.barrier
    plan.launch @on_host(%x, %y) : ...
    // becomes
    plan.launch @on_device(%a, %x) : ...
    %0 = plan.transient {bytes = 128 : i64, host} : <tensor<?x32xf32>>
    plan.barrier
    plan.copy %x, %0 : <tensor<?x32xf32>>
    plan.barrier
    plan.launch @on_host(%0, %y) : ...
    ```
  }];
  let dependentDialects = ["::terrazzo::plan::PlanDialect"];
}

def DedupeKernels : Pass<"tz-dedupe-kernels", "::mlir::ModuleOp"> {
  let summary = "keep one of the kernels that differ in nothing but names and locations";
  let description = [{
    Thirty identical layers launch one kernel. The first one stays, launches of the others are redirected; a launch
    keeps its own location.
  }];
  let dependentDialects = ["::terrazzo::plan::PlanDialect"];
}

def FormPrepare : Pass<"tz-form-prepare", "::mlir::ModuleOp"> {
  let summary = "add the program that brings weights into their layouts";
  let description = [{
    For every weight that a program uses in another layout than the file's, `@prepare` launches a kernel with one
    `tz.convert_layout`; one kernel serves all weights of the same type and layout. Weights that the host uses are
    brought by a program of their own, `@prepare_host`.

    ```mlir
    plan.program @prepare attributes {max_sizes = array<i64>} {
      %0 = plan.weight @up : <tensor<64x32x!tz.block<q8_0>>>
      %1 = plan.packed @up : <tensor<64x32x!tz.block<q8_0>, #tz.layout<interleave = 16>>>
      plan.launch @prepare_q8_0_64x32(%0, %1) : ...
    }
    ```
  }];
  let dependentDialects = ["::terrazzo::tz::TzDialect", "::terrazzo::plan::PlanDialect"];
}

def ConfigureKernels : Pass<"tz-configure-kernels", "::mlir::ModuleOp"> {
  let summary = "ask the backend how each kernel's work is cut";
  let description = [{
    ```mlir
    plan.kernel @k attributes {target = #t} { ... }
    // becomes
    plan.kernel @k attributes {config = #plan.config<factor = 4, tiles = [0, 0], scratch = 0>, target = #t} { ... }
    ```
  }];
  let dependentDialects = ["::terrazzo::plan::PlanDialect"];
}

def PlanArena : Pass<"tz-plan-arena", "::mlir::ModuleOp"> {
  let summary = "give every transient a place in its program's arena";
  let description = [{
    Transients whose lives, counted in stretches between barriers, do not meet may share memory. Each is placed, in
    order of decreasing size, into the smallest gap that holds it; offsets are multiples of 64 bytes. Transients of the
    host have an arena of their own, `@p_host_arena`.

    ```mlir
    plan.program @p attributes {max_sizes = array<i64: 1>} {
      %0 = plan.transient {bytes = 128 : i64} : <tensor<?x32xf32>>
      ...
    }
    // becomes
    plan.arena @p_arena {bytes = 128 : i64}
    plan.program @p attributes {max_sizes = array<i64: 1>} {
      %0 = plan.slice @p_arena {bytes = 128 : i64, offset = 0 : i64} : <tensor<?x32xf32>>
      ...
    }
    ```
  }];
  let dependentDialects = ["::terrazzo::plan::PlanDialect"];
}

#endif
