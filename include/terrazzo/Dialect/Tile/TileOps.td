// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tile dialect: fragments of a contraction inside a kernel, what `vector` and `memref` lack. It is born below the
// plan and gone before a chip's own IR: formats lower `unpack` and `scale`, a chip's patterns lower `dot`.

#ifndef TERRAZZO_DIALECT_TILE_TILEOPS_TD
#define TERRAZZO_DIALECT_TILE_TILEOPS_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "terrazzo/Dialect/Tz/TzTypes.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::terrazzo::tile";
  let summary = "fragments of a contraction inside a kernel";
  let dependentDialects = ["::terrazzo::tz::TzDialect", "::mlir::vector::VectorDialect"];
}

class Tile_Op<string mnemonic, list<Trait> traits = []> : Op<Tile_Dialect, mnemonic, traits>;

def Tile_UnpackOp : Tile_Op<"unpack", [AttrSizedResultSegments, MemoryEffects<[MemRead]>]> {
  let summary = "one part of sixteen interleaved blocks as small integers, scales and minimums";
  let description = [{
    `memory` at `offset` holds one block of each of sixteen rows, interleaved as `#tz.layout<interleave = 16>` says.
    `part` chooses 32 consecutive values of the block. Fragment g (0 <= g < 8) is a `vector<64xi8>` of unsigned
    integers q with byte 4r + o = value 4g + o of row r. There is one scale a row (`vector<16xf32>`) for all 32 values
    or two for 16 each, and as many minimums; the value is `scale * q + minimum`.

    ```mlir
    %q:8, %d, %m = tile.unpack q4_1 %w[%offset] part 0 : memref<?xi8>
        -> vector<64xi8>, ..., vector<16xf32>, vector<16xf32>
    ```
  }];
  let arguments = (ins Tz_BlockFormatAttr:$format, AnyMemRef:$memory, Index:$offset, I64Attr:$part);
  let results = (outs Variadic<AnyVectorOfAnyRank>:$fragments, Variadic<AnyVectorOfAnyRank>:$scales,
                 Variadic<AnyVectorOfAnyRank>:$minimums);
  let builders = [OpBuilder<(ins "::terrazzo::tz::BlockFormat":$format, "::mlir::Value":$memory,
                            "::mlir::Value":$offset, "int64_t":$part)>];
  let hasVerifier = 1;
}

def Tile_UnpackLaneOp : Tile_Op<"unpack_lane", [AttrSizedResultSegments, MemoryEffects<[MemRead]>]> {
  let summary = "what one lane of a subgroup takes from sixteen interleaved blocks";
  let description = [{
    As `tile.unpack`, but of `rows` rows (1 or 4) from `row` on (a multiple of `rows`), of the fragments `wanted` only,
    and with `part` known when the kernel runs. `memory` is words, `offset` counts them. A fragment is a word a row
    (`vector<4xi32>`), its byte o is value 4g + o.

    ```mlir
    %q:2, %d, %m = tile.unpack_lane q4_1 %w[%offset] row %r part %p [%g, %h] {rows = 4} : memref<?xi32>
        -> vector<4xi32>, vector<4xi32>, vector<4xf32>, vector<4xf32>
    ```
  }];
  let arguments = (ins Tz_BlockFormatAttr:$format, AnyMemRef:$memory, Index:$offset, Index:$row, Index:$part,
                   Variadic<Index>:$wanted, I64Attr:$rows);
  let results = (outs Variadic<AnyVectorOfAnyRank>:$fragments, Variadic<AnyVectorOfAnyRank>:$scales,
                 Variadic<AnyVectorOfAnyRank>:$minimums);
  let builders = [OpBuilder<(ins "::terrazzo::tz::BlockFormat":$format, "::mlir::Value":$memory,
                            "::mlir::Value":$offset, "::mlir::Value":$row, "::mlir::Value":$part,
                            "::mlir::ValueRange":$wanted, "int64_t":$rows)>];
  let hasVerifier = 1;
}

def Tile_DotOp : Tile_Op<"dot", [Pure, AllTypesMatch<["accumulator", "result"]>]> {
  let summary = "products of neighbouring values added to each lane of an accumulator";
  let description = [{
    Lane r of the accumulator gains the sum of `weights[n r + o] * values[n r + o]` over o < n, where n is the number
    of operand elements per lane: 4 for unsigned times signed 8-bit integers, 2 for bf16, 1 for f32. `bound` is the
    largest weight that can occur (0: no bound known); chips whose instructions saturate need it.

    ```mlir
    %c = tile.dot %a, %w, %x {bound = 15 : i64} : vector<16xi32>, vector<64xi8>
    ```
  }];
  let arguments = (ins AnyVectorOfAnyRank:$accumulator, AnyVectorOfAnyRank:$weights, AnyVectorOfAnyRank:$values,
                   DefaultValuedAttr<I64Attr, "0">:$bound);
  let results = (outs AnyVectorOfAnyRank:$result);
  let assemblyFormat = "$accumulator `,` $weights `,` $values attr-dict `:` type($accumulator) `,` type($weights) `,` type($values)";
  let hasVerifier = 1;
}

def Tile_ScaleOp : Tile_Op<"scale", [Pure, AttrSizedOperandSegments, AllTypesMatch<["accumulator", "result"]>]> {
  let summary = "integer products folded into a float accumulator with their scales";
  let description = [{
    `accumulator + float(products) * scale * factor + minimum * sum`, where `factor` is the scale of the other operand
    and `sum` its scaled sum over the same values; `minimum` and `sum` come together or not at all.

    ```mlir
    %f = tile.scale %acc, %i, %d, %xs min(%m, %sum) : vector<16xf32>, vector<16xi32>
    ```
  }];
  let arguments = (ins AnyVectorOfAnyRank:$accumulator, AnyVectorOfAnyRank:$products, AnyVectorOfAnyRank:$scale,
                   F32:$factor, Optional<AnyVectorOfAnyRank>:$minimum, Optional<F32>:$sum);
  let results = (outs AnyVectorOfAnyRank:$result);
  let assemblyFormat = [{
    $accumulator `,` $products `,` $scale `,` $factor (`min` `(` $minimum^ `:` type($minimum) `,` $sum `)`)? attr-dict
    `:` type($accumulator) `,` type($products) `,` type($scale)
  }];
  let hasVerifier = 1;
}

#endif
