// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations on arrays of any shape: what they compute is their loops.

#ifndef TERRAZZO_DIALECT_TZ_TZLOOPOPS_TD
#define TERRAZZO_DIALECT_TZ_TZLOOPOPS_TD

include "mlir/Interfaces/SideEffectInterfaces.td"
include "terrazzo/Dialect/Tz/LoopInterface.td"
include "terrazzo/Dialect/Tz/TzTypes.td"

class Tz_LoopOp<string mnemonic, list<Trait> traits = []>
    : Tz_Op<mnemonic, !listconcat([Pure, DeclareOpInterfaceMethods<Tz_LoopInterface>], traits)> {
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Tz_TransposeOp : Tz_LoopOp<"transpose"> {
  let summary = "the same elements with their dimensions in another order";
  let description = [{
    Dimension `i` of the result is dimension `permutation[i]` of the input.

    ```mlir
    %t = tz.transpose %x [1, 0, 2] : tensor<?x12x64xf32> -> tensor<12x?x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$permutation);
  let hasFolder = 1;
  let assemblyFormat = "$input $permutation attr-dict `:` type($input) `->` type($result)";
}

def Tz_SliceOp : Tz_LoopOp<"slice"> {
  let summary = "a part of an array";
  let description = [{
    Element `i` of each dimension of the result is element `offsets + i * strides` of the input; an offset below 0
    counts from the input's end. Where the result has a '?' it goes on to the input's end, less its last `cut` elements.

    ```mlir
    %k = tz.slice %qkv [0, 64] [1, 1] : tensor<?x192xf32> -> tensor<?x64xf32>
    %last = tz.slice %x [-1, 0] [1, 1] : tensor<?x64xf32> -> tensor<1x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$strides,
                   OptionalAttr<DenseI64ArrayAttr>:$cut);
  let assemblyFormat = "$input $offsets $strides attr-dict `:` type($input) `->` type($result)";
}

def Tz_PadOp : Tz_LoopOp<"pad"> {
  let summary = "an array with a border";
  let description = [{
    Before and behind each dimension of the input stand `low` and `high` elements that are all `value`.

    ```mlir
    %p = tz.pad %x [1, 0] [0, 2] {value = 0.0 : f64} : tensor<196x64xf32> -> tensor<197x66xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                   DefaultValuedAttr<F64Attr, "0.0">:$value);
  let assemblyFormat = "$input $low $high attr-dict `:` type($input) `->` type($result)";
}

def Tz_WindowsOp : Tz_LoopOp<"windows"> {
  let summary = "the windows that a convolution multiplies";
  let description = [{
    The input is [channels, s...]; the result [o..., channels, k...] has for each place o of the output the elements
    that lie under a kernel of k: `result[o, c, k] = input[c, o * strides + k * dilations - low]`, 0 outside of the
    input. The product of its rows with a weight [outputs, channels * k...] is the convolution. Where s is '?' there
    are as many places as fit into `low + s + high` elements, `high` being 0 where it is not said.

    ```mlir
    %w = tz.windows %x [2] [1] [1] : tensor<80x3000xf32> -> tensor<1500x80x3xf32>
    %r = tz.reshape %w : tensor<1500x80x3xf32> -> tensor<1500x240xf32>
    %y = tz.matmul %r, %k : (tensor<1500x240xf32>, tensor<384x240xf32>) -> tensor<1500x384xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                   DenseI64ArrayAttr:$low, OptionalAttr<DenseI64ArrayAttr>:$high);
  let assemblyFormat = "$input $strides $dilations $low attr-dict `:` type($input) `->` type($result)";
}

def Tz_ReduceOp : Tz_LoopOp<"reduce"> {
  let summary = "elements of some dimensions combined into one";
  let description = [{
    `sum`, `mean`, `max`, `min` or `prod` over `axes`, which stay in the result as dimensions of 1. Over no element
    they are 0, NaN, -infinity (of integers the least), infinity (the largest) and 1. `max` and `min` give NaN where an element is NaN; of truths they are
    "any" and "all".

    ```mlir
    %m = tz.reduce max %s [2] : tensor<12x?x?xf32> -> tensor<12x?x1xf32>
    ```
  }];
  let arguments = (ins Tz_CombinerAttr:$combiner, AnyRankedTensor:$input, DenseI64ArrayAttr:$axes);
  let assemblyFormat = "$combiner $input $axes attr-dict `:` type($input) `->` type($result)";
}

def Tz_ContractOp : Tz_LoopOp<"contract"> {
  let summary = "a product of two arrays, summed over the dimensions that the result lacks";
  let description = [{
    Each letter of `dims` names a dimension: those of the left side, of the right side, and of the result. A letter that
    the result lacks is summed over; one that all three have is a batch. Either side may be transposed.

    ```mlir
    %s = tz.contract "thd,shd->hts" %q, %k : (tensor<?x12x64xf32>, tensor<?x12x64xf32>) -> tensor<12x?x?xf32>
    ```
  }];
  let arguments = (ins StrAttr:$dims, AnyRankedTensor:$left, AnyRankedTensor:$right);
  let assemblyFormat = "$dims $left `,` $right attr-dict `:` functional-type(operands, $result)";
}

def Tz_GatherOp : Tz_LoopOp<"gather"> {
  let summary = "parts of an array along one dimension, by their numbers";
  let description = [{
    Dimension `axis` of the input gives way to the dimensions of `indices`: `result[a..., i..., b...] =
    input[a..., indices[i...], b...]`. With `each`, indices have as many dimensions as the input and the result is as
    large as they are: `result[a..., i, b...] = input[a..., indices[a..., i, b...], b...]`. An index is kept within the
    dimension.

    ```mlir
    %y = tz.gather %x, %i {axis = 0 : i64} : (tensor<?x64xf32>, tensor<3x?xi64>) -> tensor<3x?x64xf32>
    %z = tz.gather %x, %j {axis = 1 : i64, each} : (tensor<?x64xf32>, tensor<?x8xi32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, RankedTensorOf<[AnyInteger]>:$indices, I64Attr:$axis, UnitAttr:$each);
  let assemblyFormat = "$input `,` $indices attr-dict `:` functional-type(operands, $result)";
}

def Tz_ConcatOp : Tz_LoopOp<"concat"> {
  let summary = "arrays one behind the other along one dimension";
  let description = [{
    ```mlir
    %y = tz.concat(%a, %b) {axis = 1 : i64} : (tensor<?x3xf32>, tensor<?x5xf32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, I64Attr:$axis);
  let assemblyFormat = "`(` $inputs `)` attr-dict `:` functional-type($inputs, $result)";
}

def Tz_IotaOp : Tz_LoopOp<"iota"> {
  let summary = "0, 1, 2, ... along one dimension";
  let description = [{
    `sizes` names each '?' of the result.

    ```mlir
    %i = tz.iota {axis = 0 : i64, sizes = ["T"]} : tensor<?x1xi32>
    ```
  }];
  let arguments = (ins I64Attr:$axis, OptionalAttr<StrArrayAttr>:$sizes);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Tz_BroadcastOp : Tz_LoopOp<"broadcast"> {
  let summary = "an array repeated along dimensions of one";
  let description = [{
    Shapes are aligned at their last dimensions, as those of `elementwise`; a missing dimension or one of size 1 is repeated.
    `sizes` names each '?' of the result.

    ```mlir
    %k = tz.broadcast %x {sizes = ["T"]} : tensor<3x1x64xf32> -> tensor<?x3x4x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, OptionalAttr<StrArrayAttr>:$sizes);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
}

def Tz_ReverseOp : Tz_LoopOp<"reverse"> {
  let summary = "an array read from its end along some dimensions";
  let description = [{
    ```mlir
    %y = tz.reverse %x [1] : tensor<?x8xf32> -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$axes);
  let assemblyFormat = "$input $axes attr-dict `:` type($input) `->` type($result)";
}

def Tz_CumsumOp : Tz_LoopOp<"cumsum"> {
  let summary = "the sum of all elements up to each along one dimension";
  let description = [{
    With `exclusive` without the element itself, with `backwards` from the dimension's end on.

    ```mlir
    %y = tz.cumsum %x {axis = 1 : i64} : tensor<?x?xi32> -> tensor<?x?xi32>
    %z = tz.cumsum %x {axis = 0 : i64, exclusive, backwards} : tensor<?x?xf32> -> tensor<?x?xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis, UnitAttr:$exclusive, UnitAttr:$backwards);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
}

def Tz_SoftmaxOp : Tz_LoopOp<"softmax"> {
  let summary = "the elements along one dimension as shares of a whole";
  let description = [{
    `e^x / sum(e^x)`, computed from what elements are below the largest; with `logarithm` the logarithm of that.

    ```mlir
    %y = tz.softmax %x {axis = 2 : i64} : tensor<12x?x?xf32> -> tensor<12x?x?xf32>
    %z = tz.softmax %x {axis = 0 : i64, logarithm} : tensor<?x64xf16> -> tensor<?x64xf16>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis, UnitAttr:$logarithm);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
}

def Tz_ScatterOp : Tz_LoopOp<"scatter"> {
  let summary = "an array with some of its parts along one dimension replaced, or added to";
  let description = [{
    `indices` say of each part of `updates` along `axis` where it goes: `result[a..., indices[i], b...] =
    updates[a..., i, b...]`. With `each`, indices are as large as the updates and say it of each element. Of several for
    one place the last one counts; with `add` they are all added to what was there. An index beyond the dimension goes
    nowhere.

    ```mlir
    %y = tz.scatter %x, %i, %u {axis = 0 : i64} : (tensor<?x64xf32>, tensor<3xi64>, tensor<3x64xf32>) -> tensor<?x64xf32>
    %z = tz.scatter %x, %j, %v {axis = 1 : i64, each, add}
        : (tensor<?x64xf32>, tensor<?x8xi32>, tensor<?x8xf32>) -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, RankedTensorOf<[AnyInteger]>:$indices, AnyRankedTensor:$updates,
                   I64Attr:$axis, UnitAttr:$each, UnitAttr:$add);
  let assemblyFormat = "$input `,` $indices `,` $updates attr-dict `:` functional-type(operands, $result)";
}

def Tz_ConstantOp : Tz_LoopOp<"constant", [AllTypesMatch<["value", "result"]>]> {
  let summary = "a small array of known numbers";
  let description = [{
    At most 4096 elements, which become part of the code; more are a weight's business.

    ```mlir
    %c = tz.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let assemblyFormat = "attr-dict $value";
}

def Tz_TopKOp : Tz_LoopOp<"top_k"> {
  let summary = "where the largest elements of each row stand";
  let description = [{
    Of the last dimension, as many as the result's last has, the largest first; of equal elements the one that stands
    first. NaN is smaller than all. `tz.gather` with `each` gives the elements themselves.

    ```mlir
    %i = tz.top_k %x : tensor<?x128xf32> -> tensor<?x8xi32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[AnyFloat]>:$input);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
}

#endif
