// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types and attributes of the tz dialect: block-quantised elements, key-value caches, and the enumerations that ops
// carry.

#ifndef TERRAZZO_DIALECT_TZ_TZTYPES_TD
#define TERRAZZO_DIALECT_TZ_TZTYPES_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "terrazzo/Dialect/Tz/TzDialect.td"

//===------------------------------------------------------------------------------------------------------------===//
// Block-quantised elements
//===------------------------------------------------------------------------------------------------------------===//

class Tz_Type<string name, string typeMnemonic> : TypeDef<Tz_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Tz_BlockType : Tz_Type<"Block", "block"> {
  let summary = "element of a block-quantised weight";
  let description = [{
    `tensor<576x1536x!tz.block<q4_1>>` keeps the logical shape, rows by columns; each row's bytes are the blocks as
    they stand in the file. The last dimension is a multiple of the block's number of values.
  }];
  let parameters = (ins "::terrazzo::tz::BlockFormat":$format);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    /// Number of values in one block.
    int64_t getValues() const;
    /// Number of bytes of one block.
    int64_t getBytes() const;
  }];
}

//===------------------------------------------------------------------------------------------------------------===//
// State
//===------------------------------------------------------------------------------------------------------------===//

def Tz_CacheType : Tz_Type<"Cache", "cache"> {
  let summary = "rows of keys or values kept from call to call";
  let description = [{
    `!tz.cache<3x64xf16, ?>`: 3 heads of 64 f16 values a row; `?` rows means as many as the session's context.
    In memory: heads, then rows, then values.
  }];
  let parameters = (ins "int64_t":$heads, "int64_t":$dim, "::mlir::Type":$elementType, "int64_t":$rows);
  let hasCustomAssemblyFormat = 1;
}

//===------------------------------------------------------------------------------------------------------------===//
// Enumerations
//===------------------------------------------------------------------------------------------------------------===//

class Tz_Enum<string name, string text, list<I32EnumAttrCase> cases> : I32EnumAttr<name, text, cases> {
  let cppNamespace = "::terrazzo::tz";
  let genSpecializedAttr = 0;
}

def Tz_ElementwiseFunctionAttr : AttrDef<Tz_Dialect, "ElementwiseFunction"> {
  let mnemonic = "function";
  let summary = "scalar function of an elementwise op, a row of ElementwiseFunctions.def";
  let parameters = (ins "::terrazzo::tz::ElementwiseFunction":$value);
  let hasCustomAssemblyFormat = 1;
}

def Tz_RopeMode : Tz_Enum<"RopeMode", "which values a rotation pairs", [
    I32EnumAttrCase<"Neox", 0, "neox">, I32EnumAttrCase<"Interleaved", 1, "interleaved">]>;
def Tz_Combiner : Tz_Enum<"Combiner", "how elements are combined into one", [
    I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Mean", 1, "mean">, I32EnumAttrCase<"Max", 2, "max">,
    I32EnumAttrCase<"Min", 3, "min">, I32EnumAttrCase<"Prod", 4, "prod">]>;
def Tz_CombinerAttr : EnumAttr<Tz_Dialect, Tz_Combiner, "combiner">;
def Tz_RopeModeAttr : EnumAttr<Tz_Dialect, Tz_RopeMode, "rope_mode">;

#endif
