// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plan dialect: kernels, launches and buffers; when and where a model runs.

#ifndef TERRAZZO_DIALECT_PLAN_PLANDIALECT_TD
#define TERRAZZO_DIALECT_PLAN_PLANDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"

def Plan_Dialect : Dialect {
  let name = "plan";
  let cppNamespace = "::terrazzo::plan";
  let summary = "when and where a model runs";
  let description = [{
    A program is a list of launches, copies, fills and barriers over buffers; a kernel is named once, however many
    launches share it. Everything specific to a chip is inside a kernel's module or its target attribute.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

class Plan_Op<string mnemonic, list<Trait> traits = []> : Op<Plan_Dialect, mnemonic, traits>;

def Plan_BufferType : TypeDef<Plan_Dialect, "Buffer"> {
  let mnemonic = "buffer";
  let summary = "memory that holds a tensor or a cache";
  let parameters = (ins "::mlir::Type":$content);
  let assemblyFormat = "`<` $content `>`";
}

def Plan_KernelConfigAttr : AttrDef<Plan_Dialect, "KernelConfig"> {
  let mnemonic = "config";
  let summary = "how a kernel's work is cut";
  let description = [{
    The number of workgroups is `factor` times the product of `ceil(size[i] / tiles[i])` over the kernel's sizes; of
    forms with rows the first size is those. A tile of 0, or one that is absent, leaves that size out. `scratch` is what each worker needs, in bytes.
    `tiles` and `scratch` are the backend's choice; `options` is anything else that it wants to find again when it
    lowers the kernel.
  }];
  let parameters = (ins "int64_t":$factor, OptionalArrayRefParameter<"int64_t">:$tiles, "int64_t":$scratch,
                    OptionalParameter<"::mlir::DictionaryAttr">:$options);
  let assemblyFormat = [{
    `<` `factor` `=` $factor `,` `tiles` `=` `[` (`]`) : ($tiles^ `]`)? `,` `scratch` `=` $scratch (`,` `options` `=` $options^)? `>`
  }];
}

#endif
