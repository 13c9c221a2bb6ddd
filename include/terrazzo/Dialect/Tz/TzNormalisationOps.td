// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Normalisation.

#ifndef TERRAZZO_DIALECT_TZ_TZNORMALISATIONOPS_TD
#define TERRAZZO_DIALECT_TZ_TZNORMALISATIONOPS_TD

include "mlir/Interfaces/SideEffectInterfaces.td"
include "terrazzo/Dialect/Tz/TzTypes.td"

/// Read as they stand in the file.
def Tz_NormWeights : 1DTensorOf<[F32, F16, BF16]>;

def Tz_RmsNormOp : Tz_Op<"rms_norm", [Pure]> {
  let summary = "root-mean-square normalisation over the last dimension";
  let description = [{
    `result = input / sqrt(mean(input^2) + epsilon) * weight` (Zhang and Sennrich, arXiv 1910.07467).

    ```mlir
    %y = tz.rms_norm %x, %w {epsilon = 1.0e-5 : f64} : (tensor<?x576xf32>, tensor<576xf32>) -> tensor<?x576xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, Tz_NormWeights:$weight, F64Attr:$epsilon);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `,` $weight attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}

def Tz_LayerNormOp : Tz_Op<"layer_norm", [Pure]> {
  let summary = "normalisation to mean 0 and variance 1 over the last dimension";
  let description = [{
    `result = (input - mean) / sqrt(mean((input - mean)^2) + epsilon) * weight + bias` (Ba et al., arXiv 1607.06450).
    Without `bias` nothing is added.

    ```mlir
    %y = tz.layer_norm %x, %w, %b {epsilon = 1.0e-12 : f64}
        : (tensor<?x384xf32>, tensor<384xf32>, tensor<384xf32>) -> tensor<?x384xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, Tz_NormWeights:$weight, Optional<Tz_NormWeights>:$bias,
                   F64Attr:$epsilon);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `,` $weight (`,` $bias^)? attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}

#endif
