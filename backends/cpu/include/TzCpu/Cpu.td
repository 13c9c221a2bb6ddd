// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect of the cpu backend: one target attribute.

#ifndef TZCPU_CPU_TD
#define TZCPU_CPU_TD

include "mlir/IR/OpBase.td"
include "terrazzo/Target/TargetAttrs.td"

def TzCpu_Dialect : Dialect {
  let name = "tz_cpu";
  let cppNamespace = "::terrazzo::tz_cpu";
  let summary = "x86-64 processors";
  let useDefaultAttributePrinterParser = 1;
}

def TzCpu_TargetAttr : AttrDef<TzCpu_Dialect, "Target",
    [DeclareAttrInterfaceMethods<TargetAttrInterface, ["getTargetString"]>]> {
  let mnemonic = "target";
  let summary = "a processor: psABI level and features beyond it";
  let description = [{
    `#tz_cpu.target<"x86-64-v4", "vnni+bf16=fast">`: the level promises neither VNNI nor BF16, so each is named; `=fast`
    says that the instruction has twice the throughput of f32 or more.
  }];
  let parameters = (ins StringRefParameter<>:$level, StringRefParameter<>:$features);
  let assemblyFormat = "`<` $level `,` $features `>`";
  let extraClassDeclaration = [{
    /// Whether the features name `feature`, with a throughput class or without.
    bool hasFeature(llvm::StringRef feature) const;
    /// Whether the features say `feature=fast`.
    bool isFast(llvm::StringRef feature) const;
    bool hasAvx512() const { return getLevel() == "x86-64-v4"; }
  }];
}

#endif
