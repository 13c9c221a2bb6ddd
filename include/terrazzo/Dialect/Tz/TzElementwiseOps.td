// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise functions and changes of shape.

#ifndef TERRAZZO_DIALECT_TZ_TZELEMENTWISEOPS_TD
#define TERRAZZO_DIALECT_TZ_TZELEMENTWISEOPS_TD

include "mlir/Interfaces/SideEffectInterfaces.td"
include "terrazzo/Dialect/Tz/LoopInterface.td"
include "terrazzo/Dialect/Tz/TzTypes.td"

def Tz_ElementwiseOp : Tz_Op<"elementwise", [Pure, DeclareOpInterfaceMethods<Tz_LoopInterface>]> {
  let summary = "a scalar function applied to each element, with broadcasting";
  let description = [{
    The functions, with their operands, meaning and error, are the rows of `ElementwiseFunctions.def`. Shapes are
    aligned at their last dimensions; a missing dimension or one of size 1 is repeated. `gelu` and `gelu_tanh` are the
    exact and the approximate one of Hendrycks and Gimpel (arXiv 1606.08415); `round` takes halves to even numbers;
    `max` and `min` give NaN where an operand is NaN.

    Operands are all floats or all integers, and the result is of the same elements, but for comparisons, which give 1
    or 0 of any elements, for the first operand of `select`, and for `cast`: floats become the nearest of the other
    elements, towards 0 where those are integers and the closest where they lack it; integers keep their low bits; as a
    truth (`i1`) all are 1 unless 0.

    ```mlir
    %y = tz.elementwise add(%a, %b) : (tensor<?x576xf32>, tensor<?x576xf32>) -> tensor<?x576xf32>
    %m = tz.elementwise less(%i, %j) : (tensor<?x1xi32>, tensor<?xi32>) -> tensor<?x?xi1>
    %h = tz.elementwise cast(%y) : (tensor<?x576xf32>) -> tensor<?x576xf16>
    ```
  }];
  let arguments = (ins Tz_ElementwiseFunctionAttr:$kind, Variadic<AnyRankedTensor>:$inputs);
  let results = (outs AnyRankedTensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::terrazzo::tz::ElementwiseFunction":$function,
                                 "::mlir::ValueRange":$inputs)>];
  let extraClassDeclaration = [{
    ElementwiseFunction getFunction() { return getKind().getValue(); }
  }];
  let assemblyFormat = "custom<Function>($kind) `(` $inputs `)` attr-dict `:` functional-type($inputs, $result)";
  let hasVerifier = 1;
}

def Tz_ReshapeOp : Tz_Op<"reshape", [Pure]> {
  let summary = "the same elements in another shape";
  let description = [{
    Row-major order is kept. One `?` of the result follows from the number of elements, as many as the input has are
    those of the input; others are named by `sizes`, one for each `?`.

    ```mlir
    %h = tz.reshape %q : tensor<?x576xf32> -> tensor<?x9x64xf32>
    %r = tz.reshape %x : tensor<?x?x576xf32> -> tensor<?x576xf32>
    %b = tz.reshape %r {sizes = ["B", "T"]} : tensor<?x576xf32> -> tensor<?x?x576xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, OptionalAttr<StrArrayAttr>:$sizes);
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$input),
                            [{ build($_builder, $_state, result, input, ::mlir::ArrayAttr()); }]>];
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

#endif
