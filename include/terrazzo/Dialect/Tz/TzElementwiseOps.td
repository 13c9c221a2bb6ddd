// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise functions and changes of shape.

#ifndef TERRAZZO_DIALECT_TZ_TZELEMENTWISEOPS_TD
#define TERRAZZO_DIALECT_TZ_TZELEMENTWISEOPS_TD

include "mlir/Interfaces/SideEffectInterfaces.td"
include "terrazzo/Dialect/Tz/TzTypes.td"

def Tz_ElementwiseOp : Tz_Op<"elementwise", [Pure]> {
  let summary = "a scalar function applied to each element, with broadcasting";
  let description = [{
    One operand for `silu`, `gelu_tanh`, `tanh`; two for `add`, `sub`, `mul`, `div`. Shapes are aligned at their last
    dimensions; a missing dimension or one of size 1 is repeated. `silu(x) = x / (1 + exp(-x))`;
    `gelu_tanh(x) = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))` (Hendrycks and Gimpel, arXiv 1606.08415).

    ```mlir
    %y = tz.elementwise add(%a, %b) : (tensor<?x576xf32>, tensor<?x576xf32>) -> tensor<?x576xf32>
    ```
  }];
  let arguments = (ins Tz_ElementwiseFunctionAttr:$function, Variadic<AnyRankedTensor>:$inputs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "custom<Function>($function) `(` $inputs `)` attr-dict `:` functional-type($inputs, $result)";
  let hasVerifier = 1;
}

def Tz_ReshapeOp : Tz_Op<"reshape", [Pure]> {
  let summary = "the same elements in another shape";
  let description = [{
    Row-major order is kept. At most one dimension is `?`, and it is the first on both sides or on neither.

    ```mlir
    %h = tz.reshape %q : tensor<?x576xf32> -> tensor<?x9x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

#endif
