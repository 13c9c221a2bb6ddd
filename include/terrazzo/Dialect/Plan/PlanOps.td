// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of the plan dialect.

#ifndef TERRAZZO_DIALECT_PLAN_PLANOPS_TD
#define TERRAZZO_DIALECT_PLAN_PLANOPS_TD

include "mlir/IR/RegionKindInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/IR/AttrTypeBase.td"
include "terrazzo/Dialect/Plan/PlanDialect.td"
include "terrazzo/Dialect/Plan/PlanTargets.td"

//===------------------------------------------------------------------------------------------------------------===//
// Symbols of the module
//===------------------------------------------------------------------------------------------------------------===//

def Plan_KernelOp : Plan_Op<"kernel", [Symbol, SingleBlock, NoTerminator, IsolatedFromAbove, SymbolTable]> {
  let summary = "one body of code, for one target";
  let description = [{
    Holds one `builtin.module` with one function named as the kernel, so that upstream's module passes can run on it
    alone. While it is on tensors the function is a `tz.func`; its bindings are the arguments in order, then the
    results in order, without those results that are the new version of a state argument. `target` is a backend's
    target attribute, `config` appears when the backend has chosen tiles.

    ```mlir
    plan.kernel @norm_matmul attributes {target = #tz_chip.target<"x86-64-v4">} {
      builtin.module { tz.func @norm_matmul(...) { ... } }
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, AnyAttr:$target, OptionalAttr<Plan_KernelConfigAttr>:$config);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::Attribute":$target)>];
  let extraClassDeclaration = [{
    /// The module that holds the kernel's function.
    ::mlir::ModuleOp getModule();
    /// The kernel's function, of whatever dialect it has reached.
    ::mlir::FunctionOpInterface getFunction();
  }];
}

def Plan_ArenaOp : Plan_Op<"arena", [Symbol]> {
  let summary = "transient memory of a program";
  let description = [{
    ```mlir
    plan.arena @trunk_1_arena {bytes = 8192 : i64}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$bytes);
  let assemblyFormat = "$sym_name attr-dict";
}

def Plan_StateOp : Plan_Op<"state", [Symbol]> {
  let summary = "memory that outlives a call";
  let description = [{
    ```mlir
    plan.state @"blk.0.k" : !tz.cache<3x64xf16, ?>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
}

def Plan_ProgramOp : Plan_Op<"program", [Symbol, SingleBlock, NoTerminator, IsolatedFromAbove]> {
  let summary = "a command list";
  let description = [{
    Computes `function` for any values of its sizes up to `max_sizes`; without a function it packs weights. Launches
    between two barriers may run at the same time. Symbol i of an expression in it is size i of the function.

    ```mlir
    plan.program @project_1 attributes {function = "project", max_sizes = array<i64: 1>} {
      %x = plan.argument 0 "x" : !plan.buffer<tensor<?x576xf32>>
      %w = plan.weight @token_embd : !plan.buffer<tensor<49152x576x!tz.block<q8_0>>>
      %y = plan.result 0 "y" : !plan.buffer<tensor<?x49152xf32>>
      plan.launch @norm_matmul(%x, %w, %y) : ...
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, DenseI64ArrayAttr:$max_sizes, OptionalAttr<StrAttr>:$function);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::llvm::ArrayRef<int64_t>":$maxSizes)>];
}

//===------------------------------------------------------------------------------------------------------------===//
// Buffers of a program
//===------------------------------------------------------------------------------------------------------------===//

/// What each '?' of a buffer's type is, as an expression of the program's sizes; absent: all are the first size.
def Plan_Sizes : OptionalAttr<AffineMapAttr>;

class Plan_BufferOp<string mnemonic> : Plan_Op<mnemonic, [Pure]> {
  let results = (outs Plan_BufferType:$result);
}

def Plan_ArgumentOp : Plan_BufferOp<"argument"> {
  let summary = "a buffer that the caller fills";
  let description = [{
    `number` counts the function's arguments without its states.
  }];
  let arguments = (ins I64Attr:$number, StrAttr:$name, Plan_Sizes:$sizes);
  let assemblyFormat = "$number $name attr-dict `:` type($result)";
}

def Plan_ResultOp : Plan_BufferOp<"result"> {
  let summary = "a buffer of the caller that the program fills";
  let description = [{
    `number` counts the function's results without its states.
  }];
  let arguments = (ins I64Attr:$number, StrAttr:$name, Plan_Sizes:$sizes);
  let assemblyFormat = "$number $name attr-dict `:` type($result)";
}

def Plan_WeightBufferOp : Plan_BufferOp<"weight"> {
  let summary = "a weight as it lies in the user's file";
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let assemblyFormat = "$weight attr-dict `:` type($result)";
}

def Plan_PackedOp : Plan_BufferOp<"packed"> {
  let summary = "a weight in the layout of the result's type, from the side cache";
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let assemblyFormat = "$weight attr-dict `:` type($result)";
}

def Plan_StateBufferOp : Plan_BufferOp<"state_buffer"> {
  let summary = "the memory of a state";
  let arguments = (ins FlatSymbolRefAttr:$state);
  let assemblyFormat = "$state attr-dict `:` type($result)";
}

def Plan_TransientOp : Plan_Op<"transient", [MemoryEffects<[MemAlloc]>]> {
  let summary = "memory that lives within one run of the program; has no place yet";
  let description = [{
    `bytes` is its size at the program's `max_sizes`. `tz-plan-arena` replaces it by `plan.slice`. With `host` it is
    memory of the processor beside the device that the program is for.
  }];
  let arguments = (ins I64Attr:$bytes, UnitAttr:$host, Plan_Sizes:$sizes);
  let results = (outs Plan_BufferType:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Plan_SliceOp : Plan_BufferOp<"slice"> {
  let summary = "a part of an arena; with `host`, of the arena beside the device";
  let arguments = (ins FlatSymbolRefAttr:$arena, I64Attr:$offset, I64Attr:$bytes, UnitAttr:$host,
                   Plan_Sizes:$sizes);
  let assemblyFormat = "$arena attr-dict `:` type($result)";
}

//===------------------------------------------------------------------------------------------------------------===//
// Commands
//===------------------------------------------------------------------------------------------------------------===//

def Plan_LaunchOp : Plan_Op<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a kernel over its workgroups";
  let description = [{
    Operands are the kernel's bindings in order. `sizes` are the kernel's, as expressions of the program's; absent:
    they are the program's first ones. The location names the model's operations.

    ```mlir
    plan.launch @pad(%x, %y) {sizes = affine_map<()[s0, s1] -> (s0 * s1, s0 * s1 + 2)>} : ...
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<Plan_BufferType>:$bindings, OptionalAttr<AffineMapAttr>:$sizes);
  let assemblyFormat = "$kernel `(` $bindings `)` attr-dict (`:` type($bindings)^)?";
}

def Plan_CopyOp : Plan_Op<"copy", [SameTypeOperands]> {
  let summary = "brings a buffer from the device to the processor beside it, or back";
  let description = [{
    Exactly one of the two lies on the host: a transient, or a slice, with `host`. The other is a transient, a slice,
    or an argument or a result of the caller. Both hold the same type.

    ```mlir
    %0 = plan.transient {bytes = 128 : i64, host} : <tensor<?x32xf32>>
    plan.copy %x, %0 : <tensor<?x32xf32>>
    ```
  }];
  let arguments = (ins Plan_BufferType:$from, Plan_BufferType:$to);
  let assemblyFormat = "$from `,` $to attr-dict `:` type($from)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Whether it goes from the device to the host.
    bool isToHost();
  }];
}

def Plan_BarrierOp : Plan_Op<"barrier"> {
  let summary = "what stands before is finished before what stands after begins";
  let assemblyFormat = "attr-dict";
}

#endif
