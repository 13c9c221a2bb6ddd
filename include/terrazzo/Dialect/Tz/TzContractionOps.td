// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products with weights, and the gather that shares a weight with them.

#ifndef TERRAZZO_DIALECT_TZ_TZCONTRACTIONOPS_TD
#define TERRAZZO_DIALECT_TZ_TZCONTRACTIONOPS_TD

include "mlir/Interfaces/SideEffectInterfaces.td"
include "terrazzo/Dialect/Tz/TzTypes.td"

def Tz_MatmulOp : Tz_Op<"matmul", [Pure]> {
  let summary = "rows times a weight";
  let description = [{
    `result[t, n] = sum over k of input[t, k] * weight[n, k]`: the weight's rows are the outputs, as files store it.
    The weight is block-quantised or f32, f16, bf16.

    ```mlir
    %q = tz.matmul %x, %w : (tensor<?x576xf32>, tensor<576x576x!tz.block<q4_1>>) -> tensor<?x576xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `,` $weight attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}

def Tz_EmbeddingOp : Tz_Op<"embedding", [Pure]> {
  let summary = "rows of a weight chosen by token ids";
  let description = [{
    `result[t, k] = weight[ids[t], k]`. Ids that a caller gives are checked by the runtime, computed ones are kept within
    the weight.

    ```mlir
    %x = tz.embedding %w, %ids : (tensor<49152x576x!tz.block<q8_0>>, tensor<?xi32>) -> tensor<?x576xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$weight, 1DTensorOf<[I32, I64]>:$ids);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$weight `,` $ids attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}

#endif
