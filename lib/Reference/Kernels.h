// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The arithmetic of each op, free of IR. Shapes have been checked.
#pragma once

#include "terrazzo/Dialect/Tz/Tz.h"
#include "terrazzo/Reference/Values.h"

/// Compiled once per level of vector instructions, chosen at load time.
#if defined(__x86_64__)
#define TERRAZZO_CLONES                                                        \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TERRAZZO_CLONES
#endif

namespace terrazzo::reference {

Tensor elementwise(tz::ElementwiseFunction function,
                   llvm::ArrayRef<const Tensor *> inputs);
Tensor rmsNorm(const Tensor &input, const Tensor &weight, double epsilon);
/// `bias` may be null.
Tensor layerNorm(const Tensor &input, const Tensor &weight, const Tensor *bias,
                 double epsilon);
/// input [T, K] times weight [N, K], giving [T, N].
Tensor matmul(const Tensor &input, const Weight &weight);
/// Rows of the weight; ids are in range.
Tensor gather(const Weight &weight, llvm::ArrayRef<int32_t> ids);
/// All numbers of a weight.
Tensor decode(const Weight &weight);

Tensor transpose(const Tensor &input, llvm::ArrayRef<int64_t> permutation);
/// `shape`: the result's.
Tensor slice(const Tensor &input, llvm::ArrayRef<int64_t> offsets,
             llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> shape);
/// Borders of `value` before each dimension, and up to `shape` behind it.
Tensor pad(const Tensor &input, llvm::ArrayRef<int64_t> low, double value,
           llvm::ArrayRef<int64_t> shape);
struct WindowSettings {
  llvm::ArrayRef<int64_t> strides, dilations, low;
};
/// `shape`: the result's, [places, channels, kernel].
Tensor windows(const Tensor &input, const WindowSettings &settings,
               llvm::ArrayRef<int64_t> shape);
/// Axes stay as dimensions of 1; `least` and `most` are the elements' limits,
/// maximum and minimum of none.
Tensor reduce(const Tensor &input, tz::Combiner combiner,
              llvm::ArrayRef<int64_t> axes, double least, double most);
/// `dims` as in tz.contract.
Tensor contract(llvm::StringRef dims, const Tensor &left, const Tensor &right);

/// Parts along `axis` as tz.gather has them; indices are kept within it.
Tensor gatherParts(const Tensor &input, const Tensor &indices, int64_t axis,
                   bool each);
Tensor concat(llvm::ArrayRef<const Tensor *> inputs, int64_t axis);
Tensor reverse(const Tensor &input, llvm::ArrayRef<int64_t> axes);
Tensor softmax(const Tensor &input, int64_t axis, bool logarithm);
Tensor cumsum(const Tensor &input, int64_t axis, bool exclusive,
              bool backwards);
/// As tz.scatter has it.
struct ScatterSettings {
  int64_t axis;
  bool each, add;
};
Tensor scatter(const Tensor &input, const Tensor &indices,
               const Tensor &updates, const ScatterSettings &settings);
/// Repeated along dimensions of 1, aligned at the last ones.
Tensor broadcast(const Tensor &input, llvm::ArrayRef<int64_t> shape);
Tensor iota(llvm::ArrayRef<int64_t> shape, int64_t axis);
/// Where the `count` largest of each row stand.
Tensor topK(const Tensor &input, int64_t count);

struct RopeSettings {
  tz::RopeMode mode;
  double base, scale;
  int64_t rotated;
  const Tensor *factors; ///< may be null
};
/// `positions`: of each row.
Tensor rope(const Tensor &input, llvm::ArrayRef<int64_t> positions,
            const RopeSettings &rope);

/// Writes rows [T, heads, dim] at `position`; what the cache has no rows for is
/// left out.
void append(Cache &cache, const Tensor &rows, int64_t position);

struct AttentionSettings {
  double scale, softCap;
  const Tensor *sinks; ///< one of each head; null: there are none
};
/// Key rows that a query row sees: from `first` to before `end`.
struct KeyRange {
  int64_t first, end;
};
/// Keys and values [rows, heads, dim] as a cache holds them; a range for each
/// query row, within their rows.
/// `bias`, [heads or 1, rows, key rows], may be null.
Tensor attention(const Tensor &query, const Cache &keys, const Cache &values,
                 llvm::ArrayRef<KeyRange> seen, const Tensor *bias,
                 const AttentionSettings &settings);

} // namespace terrazzo::reference
