// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tz dialect: what a transformer model computes, on tensors with value semantics.

#ifndef TERRAZZO_DIALECT_TZ_TZDIALECT_TD
#define TERRAZZO_DIALECT_TZ_TZDIALECT_TD

include "mlir/IR/OpBase.td"

def Tz_Dialect : Dialect {
  let name = "tz";
  let cppNamespace = "::terrazzo::tz";
  let summary = "what a transformer model computes";
  let description = [{
    A model is `tz` ops and nothing else. Tensors have value semantics; sizes that change from call to call are
    `?`, and the argument attribute `tz.dims` names each or says which expression of others it is. Arguments and results
    have names for callers (`tz.name`). Weights stay in the user's file and are referred to
    by module symbols (`tz.weight`). What outlives a call is a value of type `!tz.cache`, tied from a function's
    argument to its result by the attribute `tz.state` on both, so that it may always be updated in place.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 0;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let extraClassDeclaration = [{
    /// Argument attribute: the tensor's dimensions, strings for those that change ("T", "2 * T + 1"), integers for
    /// fixed ones. In a kernel, results have it too.
    static constexpr llvm::StringLiteral kDimsAttr = "tz.dims";
    /// Attribute of a kernel's function: the names of its sizes in the order in which launches bring them.
    static constexpr llvm::StringLiteral kSymbolsAttr = "tz.symbols";
    /// Argument and result attribute: the name of the state that the argument brings and the result leaves.
    static constexpr llvm::StringLiteral kStateAttr = "tz.state";
    /// Argument and result attribute: what callers know it by.
    static constexpr llvm::StringLiteral kNameAttr = "tz.name";
    /// Function attribute: the values of each size that code is made for, {T = [1, 8, 512]}; the last is the bound.
    static constexpr llvm::StringLiteral kSizesAttr = "tz.sizes";
    /// Adds the types; they are defined in a file of their own.
    void registerTypes();
  }];
}

/// The release in which an op or attribute first appeared; bytecode of later releases stays readable.
class Tz_Since<int major, int minor> : ParamNativeOpTrait<"Since", major # ", " # minor> {
  let cppNamespace = "::terrazzo::tz";
}

class Tz_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tz_Dialect, mnemonic, !listconcat([Tz_Since<0, 1>], traits)>;

#endif
