// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rotary position, key-value caches and attention.

#ifndef TERRAZZO_DIALECT_TZ_TZATTENTIONOPS_TD
#define TERRAZZO_DIALECT_TZ_TZATTENTIONOPS_TD

include "mlir/Interfaces/SideEffectInterfaces.td"
include "terrazzo/Dialect/Tz/TzTypes.td"

def Tz_Positions : AnyTypeOf<[0DTensorOf<[I32]>, 1DTensorOf<[I32]>]>;
def Tz_KeysOrValues : AnyTypeOf<[Tz_CacheType, AnyRankedTensor]>;

def Tz_RopeOp : Tz_Op<"rope", [Pure]> {
  let summary = "rotary position embedding";
  let description = [{
    Row t of the input [tokens, heads, dim] stands at position `p = position + t`, or with a vector of positions at
    `p = position[t]`. Pair i (0 <= i < rotated/2) is
    rotated by the angle `p / scale / (base^(2i/rotated) * factors[i])`; `neox` pairs value i with i + rotated/2,
    `interleaved` 2i with 2i + 1; values from `rotated` on pass unchanged (Su et al., arXiv 2104.09864). `factors`
    is absent (all 1) or holds rotated/2 divisors, as Llama 3's files bring them.

    ```mlir
    %r = tz.rope %q, %position neox {base = 1.0e4 : f64, rotated = 64 : i64}
        : (tensor<?x9x64xf32>, tensor<i32>) -> tensor<?x9x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, Tz_Positions:$position, Optional<1DTensorOf<[F32]>>:$factors,
                   Tz_RopeModeAttr:$mode, F64Attr:$base, I64Attr:$rotated,
                   DefaultValuedAttr<F64Attr, "1.0">:$scale);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $position (`factors` `(` $factors^ `)`)? custom<Mode>($mode) attr-dict `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
}

def Tz_CacheAppendOp : Tz_Op<"cache_append", [Pure]> {
  let summary = "rows of keys or values written into a cache";
  let description = [{
    The cache's rows `position + t` become `rows[t]`, rounded to the cache's element type; destination-style: the
    result is the new version, and the old one may not be used afterwards. A position that a caller gives is checked by
    the runtime; of computed ones rows that lie outside of the cache are left out.

    ```mlir
    %k1 = tz.cache_append %k0, %rows, %position
        : (!tz.cache<3x64xf16, ?>, tensor<?x3x64xf32>, tensor<i32>) -> !tz.cache<3x64xf16, ?>
    ```
  }];
  let arguments = (ins Tz_CacheType:$cache, AnyRankedTensor:$rows, 0DTensorOf<[I32]>:$position);
  let results = (outs Tz_CacheType:$result);
  let assemblyFormat = "$cache `,` $rows `,` $position attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}

def Tz_AttentionOp : Tz_Op<"attention", [Pure, AttrSizedOperandSegments]> {
  let summary = "attention of query rows over keys and values";
  let description = [{
    Query row t of head h sees key rows of head `h / (heads / key heads)`: `softmax(scale * q.k) v` (Vaswani et al.,
    arXiv 1706.03762; grouped heads: Ainslie et al., arXiv 2305.13245). Keys and values are both caches, or both
    tensors [rows, heads, dim]. Keys are as wide as queries; values may have another width, and the result has it.

    Which rows j a query row t sees: all, unless
    - `position` is given: it stands at `p = position + t` and sees `j <= p`, with `window > 0` only those with
      `j > p - window`;
    - `from(first)` or `to(end)` is given: it sees `first[t] <= j` and `j < end[t]`, which is how texts of any lengths
      share one call.
    Rows that are not there are not seen, and where it sees none its result is zeros. `bias(b)` [heads or 1, rows or 1, key rows] is added to scores, after `soft_cap`:
    positions relative to each other, or a mask: a key row whose bias is -infinity is not seen. `sinks(s)` [heads] are scores of a row whose
    value is zeros, which every query row of the head sees besides (Xiao et al., arXiv 2309.17453). Of caches whose rows
    follow the context, `position` or `to` says which are there. With `soft_cap > 0` a score s becomes `soft_cap * tanh(s / soft_cap)` before the softmax.

    ```mlir
    %o = tz.attention %q, %k1, %v1, %position {scale = 0.125 : f64}
        : (tensor<?x9x64xf32>, !tz.cache<3x64xf16, ?>, !tz.cache<3x64xf16, ?>, tensor<i32>) -> tensor<?x9x64xf32>
    %p = tz.attention %q, %k, %v from(%first) to(%end) {scale = 0.125 : f64}
        : (tensor<?x9x64xf32>, tensor<?x3x64xf32>, tensor<?x3x64xf32>, tensor<?xi32>, tensor<?xi32>)
        -> tensor<?x9x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$query, Tz_KeysOrValues:$keys, Tz_KeysOrValues:$values,
                   Optional<0DTensorOf<[I32]>>:$position, Optional<1DTensorOf<[I32]>>:$first,
                   Optional<1DTensorOf<[I32]>>:$end, Optional<3DTensorOf<[F32]>>:$bias, Optional<1DTensorOf<[F32]>>:$sinks, F64Attr:$scale, DefaultValuedAttr<I64Attr, "0">:$window,
                   DefaultValuedAttr<F64Attr, "0.0">:$soft_cap);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $query `,` $keys `,` $values (`,` $position^)? (`from` `(` $first^ `)`)? (`to` `(` $end^ `)`)?
    (`bias` `(` $bias^ `)`)? (`sinks` `(` $sinks^ `)`)? attr-dict
    `:` functional-type(operands, $result)
  }];
  let extraClassDeclaration = [{
    /// Of keys that are a cache its type, else null.
    CacheType getKeyCache() { return ::llvm::dyn_cast<CacheType>(getKeys().getType()); }
    int64_t getKeyHeads();
    int64_t getKeyDim();
    int64_t getValueDim();
  }];
  // Releases before 0.2 wrote no segments.
  let useCustomPropertiesEncoding = 1;
  let hasVerifier = 1;
}

#endif
