// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights, constants, and changes of a weight's layout.

#ifndef TERRAZZO_DIALECT_TZ_TZWEIGHTOPS_TD
#define TERRAZZO_DIALECT_TZ_TZWEIGHTOPS_TD

include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "terrazzo/Dialect/Tz/TzLayouts.td"
include "terrazzo/Dialect/Tz/TzTypes.td"

def Tz_WeightOp : Tz_Op<"weight", [Symbol]> {
  let summary = "a weight in the user's file";
  let description = [{
    A module symbol shared by all functions. `file` is the file's base name, `tensor` the name inside it, `offset`
    and `bytes` where its data lies, `hash` the content's XXH3 hash (0 when it was not computed).

    ```mlir
    tz.weight @"blk.0.attn_q.weight" : tensor<576x576x!tz.block<q4_1>>
        {file = "model.gguf", tensor = "blk.0.attn_q.weight", offset = 4096 : i64, bytes = 207360 : i64, hash = 17 : i64}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<AnyRankedTensor>:$type, StrAttr:$file, StrAttr:$tensor,
                   I64Attr:$offset, I64Attr:$bytes, I64Attr:$hash);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
  let hasVerifier = 1;
}

def Tz_UseWeightOp : Tz_Op<"use_weight", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the value of a weight";
  let description = [{
    ```mlir
    %w = tz.use_weight @"output_norm.weight" : tensor<576xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$weight attr-dict `:` type($result)";
}

def Tz_ScalarOp : Tz_Op<"scalar", [Pure]> {
  let summary = "a scalar constant";
  let description = [{
    ```mlir
    %scale = tz.scalar 25.298221281347036 : tensor<f32>
    ```
  }];
  let arguments = (ins F64Attr:$value);
  let results = (outs 0DTensorOf<[AnyFloat, AnyInteger]>:$result);
  let assemblyFormat = "$value attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Tz_ConvertLayoutOp : Tz_Op<"convert_layout", [Pure]> {
  let summary = "the same weight in another physical layout";
  let description = [{
    The value is unchanged; only the encoding of the type differs. `@prepare` consists of these.

    ```mlir
    %p = tz.convert_layout %w : tensor<576x576x!tz.block<q4_1>>
        -> tensor<576x576x!tz.block<q4_1>, #tz.layout<interleave = 16>>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

#endif
