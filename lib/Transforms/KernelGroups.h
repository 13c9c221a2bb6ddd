// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which operations of a function share a kernel. Decided by what operations
// are: contractions and attentions begin groups; row-wise operations join the
// one before (cut by column groups) or the one after (repeated by each worker
// when its rows stay in near memory), and otherwise form groups of rows.
// Operations on arrays that are no rows are loops, and take in those that they
// alone use. Weights, scalars and reshapes belong to no group: they follow
// their users.
#pragma once

#include "terrazzo/Dialect/Plan/Plan.h"
#include "terrazzo/Dialect/Tz/Sizes.h"

namespace terrazzo {

enum class GroupKind { Contraction, Attention, Rows, Loops };

struct KernelGroup {
  GroupKind kind;
  mlir::Attribute target;
  /// In program order.
  llvm::SmallVector<mlir::Operation *> operations;
};

/// What grouping needs to know of the function's surroundings.
struct GroupingLimits {
  mlir::Attribute target; ///< of operations that carry no `plan.target`
  const tz::Sizes &sizes; ///< of the function's values
  /// The largest value of each of the function's sizes.
  llvm::ArrayRef<int64_t> maxSizes;
  int64_t nearBytes = 0; ///< a prologue's rows may take this much
};

/// Whether `op` follows its users instead of belonging to a group.
bool isFreeOperation(mlir::Operation *op);

/// The groups of `func`, each after those that it depends on.
llvm::SmallVector<KernelGroup> formGroups(tz::FuncOp func,
                                          const GroupingLimits &limits);

} // namespace terrazzo
