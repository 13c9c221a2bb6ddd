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
  /// Truths that are the same for all queries: their dimensions but for the
  /// leading ones and the last are 1.
  llvm::SmallVector<mlir::Value> keep;
  /// What is neither.
  llvm::SmallVector<mlir::Value> others;

  bool hasRange() const { return first || last; }
};

/// Adds what `mask`, truths whose last two dimensions are queries and keys,
/// says. Keys and queries are counted from 0.
void readMask(mlir::Value mask, const KnownSizes &sizes, SeenKeys &seen);

} // namespace terrazzo
