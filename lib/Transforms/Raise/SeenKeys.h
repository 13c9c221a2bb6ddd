// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a mask says, read off what computes it: which keys a query sees, by
// their numbers, and which keys of a text anyone sees.
//
//   mask[..., t, s]  =  s <= t + last  and  s >= t + first  and  keep[..., s]
#pragma once

#include "SizedBuilder.h"

namespace terrazzo {

struct SeenKeys {
  /// Null where a side has no bound.
  mlir::AffineExpr first, last;
  /// Truths that are the same for all queries and heads of a text.
  llvm::SmallVector<mlir::Value> keep;
  /// What is neither.
  llvm::SmallVector<mlir::Value> others;

  bool hasRange() const { return first || last; }
};

/// Adds what `mask` says of scores of `rank` dimensions, the first `texts` of
/// which are texts and the last two queries and keys; it is aligned at the last.
/// Keys and queries are counted from 0.
void readMask(mlir::Value mask, size_t rank, size_t texts,
              const KnownSizes &sizes, SeenKeys &seen);

/// Whether an array that is aligned so differs from text to text and from key
/// to key alone.
bool isOfKeys(mlir::Value array, size_t rank, size_t texts);

} // namespace terrazzo
