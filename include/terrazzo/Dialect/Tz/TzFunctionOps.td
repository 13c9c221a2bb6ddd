// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of a model.

#ifndef TERRAZZO_DIALECT_TZ_TZFUNCTIONOPS_TD
#define TERRAZZO_DIALECT_TZ_TZFUNCTIONOPS_TD

include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/CallInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "terrazzo/Dialect/Tz/TzTypes.td"

def Tz_FuncOp : Tz_Op<"func", [FunctionOpInterface, IsolatedFromAbove, AffineScope]> {
  let summary = "a function of the model";
  let description = [{
    Callers know its arguments and results by `tz.name`, and the sizes that change from call to call by the names in
    `tz.dims`. `tz.sizes` says for which of their values code is made; calls of other values take the next larger one.
    An argument of type `!tz.cache` carries `tz.state = "name"`, and exactly one result carries the same name. The
    reference interpreter evaluates the body op by op.

    ```mlir
    tz.func @project(%x: tensor<?x576xf32> {tz.dims = ["T", 576], tz.name = "x"})
        -> (tensor<?x49152xf32> {tz.name = "y"}) attributes {tz.sizes = {T = [1, 8, 32]}} {
      %w = tz.use_weight @table : tensor<49152x576x!tz.block<q8_0>>
      %y = tz.matmul %x, %w : (tensor<?x576xf32>, tensor<49152x576x!tz.block<q8_0>>) -> tensor<?x49152xf32>
      tz.return %y : tensor<?x49152xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                   OptionalAttr<StrAttr>:$sym_visibility, OptionalAttr<DictArrayAttr>:$arg_attrs,
                   OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region MinSizedRegion<1>:$body);
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::FunctionType":$type)>];
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
  }];
}

def Tz_ReturnOp : Tz_Op<"return", [Pure, HasParent<"FuncOp">, ReturnLike, Terminator]> {
  let summary = "the results of a function";
  let description = [{
    ```mlir
    tz.return %y : tensor<?x576xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$operands);
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
  let hasVerifier = 1;
}

#endif
