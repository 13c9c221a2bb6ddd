// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect of the nvidia backend: one target attribute.

#ifndef TZNVIDIA_NVIDIA_TD
#define TZNVIDIA_NVIDIA_TD

include "mlir/IR/OpBase.td"
include "terrazzo/Target/TargetAttrs.td"

def TzNvidia_Dialect : Dialect {
  let name = "tz_nvidia";
  let cppNamespace = "::terrazzo::tz_nvidia";
  let summary = "NVIDIA's processors";
  // Kernels' configurations say which fragments they multiply.
  let dependentDialects = ["::terrazzo::tile::TileDialect"];
  let useDefaultAttributePrinterParser = 1;
}

def TzNvidia_TargetAttr : AttrDef<TzNvidia_Dialect, "Target",
    [DeclareAttrInterfaceMethods<TargetAttrInterface, ["getTargetString"]>]> {
  let mnemonic = "target";
  let summary = "an architecture and the type that matrices are multiplied in";
  let description = [{
    `#tz_nvidia.target<"sm_80", "f16">`: operands of matrix products are f16 or bf16, sums are f32.
  }];
  let parameters = (ins StringRefParameter<>:$arch, StringRefParameter<>:$operand);
  let assemblyFormat = "`<` $arch `,` $operand `>`";
  let genVerifyDecl = 1;
}

#endif
