// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect of the null backend: nothing but its target attribute.

#ifndef TZNULL_NULL_TD
#define TZNULL_NULL_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "terrazzo/Target/TargetAttrs.td"

def Null_Dialect : Dialect {
  let name = "tz_null";
  let cppNamespace = "::tz_null";
  let summary = "a backend that computes nothing and prints what it was asked to";
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::terrazzo::plan::PlanDialect"];
}

def Null_TargetAttr : AttrDef<Null_Dialect, "Target", [DeclareAttrInterfaceMethods<TargetAttrInterface>]> {
  let mnemonic = "target";
  let summary = "a chip that exists on paper";
  let description = [{
    ```mlir
    #tz_null.target<"paper">
    ```
  }];
  let parameters = (ins StringRefParameter<>:$arch);
  let assemblyFormat = "`<` $arch `>`";
}

#endif
