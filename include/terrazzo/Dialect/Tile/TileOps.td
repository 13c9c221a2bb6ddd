// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tile dialect: fragments of a contraction inside a kernel, what `vector` and `memref` lack. It is born below the
// plan and gone before a chip's own IR: formats lower `unpack` and `scale`, a chip's patterns lower `contract`.

#ifndef TERRAZZO_DIALECT_TILE_TILEOPS_TD
#define TERRAZZO_DIALECT_TILE_TILEOPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "terrazzo/Dialect/Tz/TzTypes.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::terrazzo::tile";
  let summary = "fragments of a contraction inside a kernel";
  let dependentDialects = ["::terrazzo::tz::TzDialect", "::mlir::vector::VectorDialect"];
  let useDefaultAttributePrinterParser = 1;
}

class Tile_Op<string mnemonic, list<Trait> traits = []> : Op<Tile_Dialect, mnemonic, traits>;

def Tile_UnpackOp : Tile_Op<"unpack", [AttrSizedResultSegments, MemoryEffects<[MemRead]>]> {
  let summary = "one part of sixteen rows' blocks as small integers, scales and minimums";
  let description = [{
    `memory` from `origin` on holds a group of rows as the layout of `weight` says; the sixteen rows from `first` on of
    it (a multiple of sixteen) are meant, and their block number `block`. `part` chooses 32 consecutive values of the
    block. Fragment g (0 <= g < 8) is a `vector<64xi8>` of unsigned integers q with byte 4r + o = value 4g + o of row r.
    There is one scale a row (`vector<16xf32>`) for all 32 values or two for 16 each, and as many minimums; the value is
    `scale * q + minimum`.

    ```mlir
    %q:8, %d, %m = tile.unpack %w[%origin] first %first block %b part 0 : memref<?xi8>, tensor<64x64x!tz.block<q4_1>, #packed>
        -> vector<64xi8>, ..., vector<16xf32>, vector<16xf32>
    ```
  }];
  let arguments = (ins TypeAttrOf<AnyRankedTensor>:$weight, AnyMemRef:$memory, Index:$origin, Index:$first, Index:$block,
                   I64Attr:$part);
  let results = (outs Variadic<AnyVectorOfAnyRank>:$fragments, Variadic<AnyVectorOfAnyRank>:$scales,
                 Variadic<AnyVectorOfAnyRank>:$minimums);
  let builders = [OpBuilder<(ins "::mlir::RankedTensorType":$weight, "::mlir::Value":$memory, "::mlir::Value":$origin,
                            "::mlir::Value":$first, "::mlir::Value":$block, "int64_t":$part)>];
  let hasVerifier = 1;
}

def Tile_UnpackLaneOp : Tile_Op<"unpack_lane", [AttrSizedResultSegments, MemoryEffects<[MemRead]>]> {
  let summary = "what one lane of a subgroup takes from sixteen rows' blocks";
  let description = [{
    As `tile.unpack`, but of `rows` rows (1 or 4) from `row` of the sixteen on (a multiple of `rows`), of the fragments
    `wanted` only, and with `part` known when the kernel runs. `memory` is words, `origin` counts them. A fragment is a
    word a row (`vector<4xi32>`), its byte o is value 4g + o.

    ```mlir
    %q:2, %d, %m = tile.unpack_lane %w[%origin] first %first row %r block %b part %p [%g, %h] {rows = 4}
        : memref<?xi32>, tensor<64x64x!tz.block<q4_1>, #packed> -> vector<4xi32>, vector<4xi32>, vector<4xf32>, vector<4xf32>
    ```
  }];
  let arguments = (ins TypeAttrOf<AnyRankedTensor>:$weight, AnyMemRef:$memory, Index:$origin, Index:$first, Index:$row,
                   Index:$block, Index:$part, Variadic<Index>:$wanted, I64Attr:$rows);
  let results = (outs Variadic<AnyVectorOfAnyRank>:$fragments, Variadic<AnyVectorOfAnyRank>:$scales,
                 Variadic<AnyVectorOfAnyRank>:$minimums);
  let builders = [OpBuilder<(ins "::mlir::RankedTensorType":$weight, "::mlir::Value":$memory, "::mlir::Value":$origin,
                            "::mlir::Value":$first, "::mlir::Value":$row, "::mlir::Value":$block, "::mlir::Value":$part,
                            "::mlir::ValueRange":$wanted, "int64_t":$rows)>];
  let hasVerifier = 1;
}

def Tile_FragmentAttr : AttrDef<Tile_Dialect, "Fragment"> {
  let mnemonic = "fragment";
  let summary = "the sizes of a product of fragments, and who holds them";
  let description = [{
    Fragments of `rows` x `depth` and of `depth` x `columns` elements, and of `rows` x `columns` sums. `lanes` workers
    hold each together, as many elements each: 1 where a worker's vectors hold them, row by row, all columns of a depth
    behind each other. Of several, `left`, `right` and `sums` say where element d1 of lane d0 belongs: (row, depth),
    (depth, column), (row, column); and `elements` what is multiplied. Of each row that a lane has of the left it holds
    quads: its depths, in order, fall into as many parts of four as lanes share the row out in.

    ```mlir
    #tile.fragment<rows = 16, columns = 1, depth = 4>
    #tile.fragment<rows = 16, columns = 16, depth = 16, lanes = 64, elements = f16,
                   left = (d0, d1) -> (d0 mod 16, (d0 floordiv 16) * 4 + d1),
                   right = (d0, d1) -> ((d0 floordiv 16) * 4 + d1, d0 mod 16),
                   sums = (d0, d1) -> ((d0 floordiv 16) * 4 + d1, d0 mod 16)>
    ```
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$columns, "int64_t":$depth, DefaultValuedParameter<"int64_t", "1">:$lanes,
                    OptionalParameter<"::mlir::Type">:$elements, OptionalParameter<"::mlir::AffineMap">:$left,
                    OptionalParameter<"::mlir::AffineMap">:$right, OptionalParameter<"::mlir::AffineMap">:$sums);
  let builders = [AttrBuilder<(ins "int64_t":$rows, "int64_t":$columns, "int64_t":$depth), [{
    return $_get($_ctxt, rows, columns, depth, 1, ::mlir::Type(), ::mlir::AffineMap(), ::mlir::AffineMap(), ::mlir::AffineMap());
  }]>];
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Tile_LoadFragmentOp : Tile_Op<"load_fragment", [MemoryEffects<[MemRead]>]> {
  let summary = "a fragment of a product out of the workgroup's memory";
  let description = [{
    `at` is the index of its first element. A left fragment lies row by row, a right one column by column, or with
    `transposed` depth by depth; lines are `stride` elements apart, a multiple of 8. All lanes of a subgroup load
    together, each gets what the fragment says that it holds.

    ```mlir
    %l = tile.load_fragment left #mma %m[%at] {stride = 72 : i64} : memref<?xf16, #gpu.address_space<workgroup>> -> vector<8xf16>
    ```
  }];
  let arguments = (ins UnitAttr:$right, AnyMemRef:$memory, Index:$at, Tile_FragmentAttr:$fragment, I64Attr:$stride,
                   UnitAttr:$transposed);
  let results = (outs AnyVectorOfAnyRank:$result);
  let assemblyFormat = [{
    (`right` $right^):(`left`)? qualified($fragment) $memory `[` $at `]` attr-dict `:` type($memory) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tile_CopyOp : Tile_Op<"copy", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "sixteen bytes brought into the workgroup's memory beside computation";
  let description = [{
    Indices count elements. A chip without such copies copies at once.

    ```mlir
    tile.copy %source[%from] to %memory[%at] : memref<?xi32>, memref<?xi32, #gpu.address_space<workgroup>>
    ```
  }];
  let arguments = (ins AnyMemRef:$source, Index:$from, AnyMemRef:$memory, Index:$at);
  let assemblyFormat = "$source `[` $from `]` `to` $memory `[` $at `]` attr-dict `:` type($source) `,` type($memory)";
  let hasVerifier = 1;
}

def Tile_CommitCopiesOp : Tile_Op<"commit_copies", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "the end of a batch of copies";
  let description = [{
    Of all `tile.copy` of this thread since the last one.

    ```mlir
    tile.commit_copies
    ```
  }];
  let assemblyFormat = "attr-dict";
}

def Tile_WaitCopiesOp : Tile_Op<"wait_copies", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "until all but the last batches of copies are there";
  let description = [{
    For this thread: a barrier behind it makes them everybody's.

    ```mlir
    tile.wait_copies 0
    ```
  }];
  let arguments = (ins I64Attr:$pending);
  let assemblyFormat = "$pending attr-dict";
}

def Tile_ContractOp : Tile_Op<"contract", [Pure, AllTypesMatch<["accumulator", "result"]>]> {
  let summary = "a product of two fragments added to a third";
  let description = [{
    `result = accumulator + left * right`, as matrices. Elements are f32, f16, bf16, or integers of 8 bits, unsigned
    ones of the left times signed ones of the right; sums are f32 or i32. `bound` is the largest integer of the left
    that can occur (0: no bound known); chips whose instructions saturate need it. A chip lowers the sizes and elements
    that it has instructions for, a row of a table each.

    ```mlir
    %c = tile.contract #tile.fragment<rows = 16, columns = 1, depth = 4> %a, %w, %x {bound = 15 : i64}
        : vector<16xi32>, vector<64xi8>, vector<4xi8>
    ```
  }];
  let arguments = (ins AnyVectorOfAnyRank:$accumulator, AnyVectorOfAnyRank:$left, AnyVectorOfAnyRank:$right,
                   Tile_FragmentAttr:$fragment, DefaultValuedAttr<I64Attr, "0">:$bound);
  let results = (outs AnyVectorOfAnyRank:$result);
  let assemblyFormat = "qualified($fragment) $accumulator `,` $left `,` $right attr-dict `:` type($accumulator) `,` type($left) `,` type($right)";
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
