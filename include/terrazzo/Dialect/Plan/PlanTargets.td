// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A chip by levels of memory and units of computation.

#ifndef TERRAZZO_DIALECT_PLAN_PLANTARGETS_TD
#define TERRAZZO_DIALECT_PLAN_PLANTARGETS_TD

include "mlir/IR/AttrTypeBase.td"
include "terrazzo/Dialect/Plan/PlanDialect.td"

def Plan_LevelAttr : AttrDef<Plan_Dialect, "Level"> {
  let mnemonic = "level";
  let summary = "one level of memory";
  let description = [{
    `bytes` for each of the workers that share one instance, `bandwidth` in bytes per second for one worker,
    `shared` the number of workers that share it (0: all).
  }];
  let parameters = (ins StringRefParameter<>:$name, "int64_t":$bytes, "int64_t":$bandwidth, "int64_t":$shared);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Plan_UnitAttr : AttrDef<Plan_Dialect, "Unit"> {
  let mnemonic = "unit";
  let summary = "one kind of product that the chip computes";
  let description = [{
    `name` says operand and accumulator types ("u8s8_s32", "bf16_f32", "f32_f32"), `tile` the native fragment as
    [rows, columns, depth], `rate` in operations per second for one worker (two per multiply-add).
  }];
  let parameters = (ins StringRefParameter<>:$name, ArrayRefParameter<"int64_t">:$tile, "int64_t":$rate);
  let assemblyFormat = "`<` $name `,` `tile` `=` `[` $tile `]` `,` `rate` `=` $rate `>`";
}

def Plan_TargetSpecAttr : AttrDef<Plan_Dialect, "TargetSpec"> {
  let mnemonic = "target_spec";
  let summary = "levels of memory, nearest first, and units of computation, preferred first";
  let parameters = (ins ArrayRefParameter<"::terrazzo::plan::LevelAttr">:$levels,
                    ArrayRefParameter<"::terrazzo::plan::UnitAttr">:$units);
  let assemblyFormat = "`<` `levels` `=` `[` $levels `]` `,` `units` `=` `[` $units `]` `>`";
}

#endif
